"""Blocks in Kubo, the IPFS daemon, through ipfshttpclient (kubo_client.py).

The daemon is not believed: every block is hashed here, every answer is bounded in bytes and in
wall-clock time (bounded_http.py).
"""

import json
import random
import re
import time
from functools import cached_property
from typing import Any

from compute.canonical import digest as sha256
from compute.storage.bounded_http import TooManyBytes, bounded
from compute.storage.cid import cid
from compute.storage.kubo_client import FAILURES, Declined, KuboClient, upload
from compute.storage.store import (
    MAX_BLOCK_BYTES,
    BlockCorrupt,
    BlockUnavailable,
    StoreUnreachable,
    Usage,
    check_size,
)

TIMEOUT_SECONDS = 60.0
_PAUSES = (0.0, 0.25, 0.5, 1.0, 2.0)  # seconds before each attempt: outlast a daemon's restart
_EMPTY = sha256(b"")
_SIGN_OF_LIFE_SECONDS = 2.0
_COLLECTION_SECONDS = 3600.0
_SILENTLY = {"silent": "true"}
_SMALL_ANSWER = 1 << 16
_PEERS_ANSWER = 1 << 20
_LONGEST_REASON = 200
_RAW_AND_PINNED = {"cid-codec": "raw", "mhtype": "sha2-256", "pin": "true"}
_PEER_ID = re.compile(r"[A-Za-z0-9]{1,100}", re.ASCII)
_SOUGHT_IN_VAIN = re.compile("not found|could not find|context deadline exceeded")


class KuboRefused(StoreUnreachable):
    """The daemon answered that it cannot do it, as things stand; `reason` is its own message."""

    def __init__(self, sentence: str, reason: str) -> None:
        super().__init__(sentence)
        self.reason = reason


class KuboHangs(StoreUnreachable):
    """The daemon took the request, or did not, and the time was over before it answered."""


class KuboStore:
    """Blocks behind the RPC API of a Kubo daemon at `api`, a multiaddr or an http:// URL.

    Every operation ends within `timeout` seconds, retries included; `get` searches the daemon's
    network for nine tenths of that, and takes up to 2 more to ask a daemon that hangs whether it
    hangs on that block alone. Blocks that are put are pinned: the daemon's garbage collection
    leaves them alone until `unpin`. One store may serve many threads.

    All operations raise StoreUnreachable if the daemon is not there and KuboRefused if it declines.
    """

    def __init__(self, api: str, *, timeout: float = TIMEOUT_SECONDS) -> None:
        """Raises StorageError if `api` is no address, StoreUnreachable if no daemon answers."""
        self.api = api
        self.timeout = timeout
        self._client = KuboClient(api)
        self.version = str(self._ask("telling its version", "Version", "/version"))

    def put(self, block: bytes) -> bytes:
        """Store and pin `block` and return its digest. Raises ValueError if it is too large."""
        check_size(block)
        digest = sha256(block)
        doing = f"storing {cid(digest)}"
        stored = self._ask(doing, "Key", "/block/put", opts=_RAW_AND_PINNED, **upload(block))
        if stored != cid(digest):
            raise StoreUnreachable(f"{self._daemon} says that it stored another block than it got.")
        return digest

    def get(self, digest: bytes) -> bytes:
        """The block, its hash verified, from the daemon or its peers.

        Raises BlockUnavailable if nobody sent it in time, BlockCorrupt if other bytes came. A
        daemon that hangs on the block, but answers otherwise, did not send it either: were that
        the daemon's fault, one block could keep a keeper from judging all others.
        """
        if digest == _EMPTY:  # the one block that daemons do not send each other
            return b""
        name = cid(digest)
        block: bytes | None = None
        try:
            block = self._call(f"fetching {name}", "/block/get", name, limit=MAX_BLOCK_BYTES)
        except KuboRefused as error:
            if not _SOUGHT_IN_VAIN.search(error.reason):
                raise
            raise BlockUnavailable(
                digest,
                f"{self._daemon} searched for up to {self.timeout:g} seconds and says: "
                f"{error.reason}. Connect it to a peer that has it (ipfs swarm connect), or import "
                "it (nrn store import).",
            ) from None
        except TooManyBytes:
            pass
        except KuboHangs as error:
            if not self._answers():
                raise
            why = str(error).removesuffix(" Restart it.")
            raise BlockUnavailable(digest, f"{why} It answers otherwise, though.") from None
        if block is None or len(block) > MAX_BLOCK_BYTES or sha256(block) != digest:
            raise BlockCorrupt(digest, f"{self._daemon} sent bytes that are not that block.")
        return block

    def has(self, digest: bytes) -> bool:
        """Return whether the daemon itself, not a peer, holds the block; `get` tells if it is
        sound."""
        name = cid(digest)
        try:
            self._ask(f"looking for {name}", "Size", "/block/stat", name, offline=True)
        except KuboRefused as error:
            if not _SOUGHT_IN_VAIN.search(error.reason):
                raise
            return False
        return True

    def pin(self, digest: bytes) -> None:
        """Keep a block that the daemon holds from its garbage collection, also if it was not put
        here. Raises KuboRefused if the daemon does not hold it."""
        name = cid(digest)
        self._ask(f"pinning {name}", "Pins", "/pin/add", name, offline=True)

    def unpin(self, digest: bytes) -> None:
        """Leave the block to the daemon's garbage collection; nothing if it is not pinned."""
        name = cid(digest)
        try:
            self._ask(f"unpinning {name}", "Pins", "/pin/rm", name)
        except KuboRefused as error:
            if "not pinned" not in error.reason:
                raise

    def peers(self) -> list[str]:
        """Multiaddrs, with /p2p/, of the peers that the daemon is connected to."""
        doing = "listing its peers"
        found = self._ask(doing, "Peers", "/swarm/peers", limit=_PEERS_ANSWER) or []
        try:
            return [f"{peer['Addr']}/p2p/{peer['Peer']}" for peer in found]
        except (KeyError, TypeError):
            raise self._nonsense(doing) from None

    def connect(self, address: str) -> None:
        """Connect the daemon to the peer at `address`, a multiaddr that ends in /p2p/<its id>."""
        self._ask(f"connecting to {address}", "Strings", "/swarm/connect", address)

    def collect(self) -> Usage:
        """Let the daemon delete everything that nobody has pinned, ours or not; what that freed.
        For this it has an hour; what was deleted until then stays deleted."""
        before = self.usage()
        self._call("collecting garbage", "/repo/gc", seconds=_COLLECTION_SECONDS, opts=_SILENTLY)
        after = self.usage()
        return Usage(max(0, before.blocks - after.blocks), max(0, before.bytes - after.bytes))

    def usage(self) -> Usage:
        """Measure what the daemon holds, ours or not."""
        doing = "counting its blocks"
        try:
            found = json.loads(self._call(doing, "/repo/stat"))
            return Usage(int(found["NumObjects"]), int(found["RepoSize"]))
        except (TooManyBytes, ValueError, KeyError, TypeError, RecursionError):
            raise self._nonsense(doing) from None

    @cached_property
    def peer_id(self) -> str:
        """The daemon's name in the network."""
        doing = "telling its name"
        name = self._ask(doing, "ID", "/id", limit=_PEERS_ANSWER)
        if not isinstance(name, str) or not _PEER_ID.fullmatch(name):
            raise self._nonsense(doing)
        return name

    def address(self) -> str:
        """A multiaddr, with /p2p/, at which another daemon may `connect` to this one."""
        doing = "telling its address"
        found = self._ask(doing, "Addresses", "/id", limit=_PEERS_ANSWER)
        if not isinstance(found, list) or not found or not isinstance(found[0], str):
            raise self._nonsense(doing)
        return found[0]

    def _answers(self) -> bool:
        """Return whether the daemon is there at all."""
        try:
            self._ask("telling its version", "Version", "/version", seconds=_SIGN_OF_LIFE_SECONDS)
        except StoreUnreachable:
            return False
        return True

    @property
    def _daemon(self) -> str:
        return f"The Kubo daemon at {self.api}"

    def _ask(self, doing: str, key: str, path: str, *args: str, **options: Any) -> Any:
        """The value under `key` of the JSON object that the daemon answers."""
        try:
            return json.loads(self._call(doing, path, *args, **options))[key]
        except (TooManyBytes, ValueError, KeyError, TypeError, RecursionError):
            raise self._nonsense(doing) from None

    def _call(
        self,
        doing: str,
        path: str,
        *args: str,
        limit: int = _SMALL_ANSWER,
        seconds: float | None = None,
        **options: Any,
    ) -> bytes:
        """The daemon's answer, retried while it is away for `seconds`, the store's timeout unless
        given. Raises TooManyBytes past `limit`."""
        deadline = time.monotonic() + (seconds or self.timeout)
        failure: Exception | None = None
        for pause in _PAUSES:
            pause *= random.uniform(0.8, 1.2)  # noqa: S311
            left = deadline - time.monotonic() - pause
            if left <= 0:
                break
            if pause:  # on a busy machine even a sleep of zero is one
                time.sleep(pause)
            try:
                with bounded(deadline, limit):
                    return self._client.ask(path, args, left, **options)
            except Declined as error:
                raise self._refused(doing, str(error)) from None
            except FAILURES as error:
                failure = error
        if time.monotonic() >= deadline:
            advice = f"did not end {doing} within {seconds or self.timeout:g} seconds. Restart it."
            raise KuboHangs(f"{self._daemon} {advice}") from failure
        advice = f"does not answer ({doing}). Start it with: ipfs daemon."
        raise StoreUnreachable(f"{self._daemon} {advice}") from failure

    def _refused(self, doing: str, message: str) -> KuboRefused:
        reason = "".join(char if char.isprintable() else " " for char in message[:_LONGEST_REASON])
        if "no space left" in reason or "quota exceeded" in reason:
            advice = "Its disk is full: free some space and run the command again"
        else:
            advice = "It is its own error; its log may say more"
        return KuboRefused(f"{self._daemon} failed {doing}: {reason}. {advice}.", reason)

    def _nonsense(self, doing: str) -> StoreUnreachable:
        return StoreUnreachable(f"{self._daemon} does not answer as Kubo does ({doing}).")
