"""Pending transactions of an account: on disk, shared by all its processes.

A transaction is written down before it leaves. So whoever acts for the account next, after a crash
or beside us, knows of it: takes no nonce twice, can raise its fee, and does not send it again.
"""

import fcntl
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from compute.chain.errors import AccountError
from compute.durable import replace_file

FORMAT = "flights/1"
REMEMBERED_SECONDS = 3_600  # that an outcome nobody was told waits for the same wish


@dataclass(frozen=True)
class Wish:
    """A transaction to be sent: its target, calldata and value.

    `before`: chain time in seconds from which on the contract refuses it; 0: never.
    `yields`: anybody's housekeeping, whose place a transaction with a `before` may take.
    """

    to: str
    data: str
    value: int
    name: str
    before: int = 0
    yields: bool = False

    def message(self, sender: str) -> dict[str, str]:
        """The call that it is, for `eth_call` and `eth_estimateGas`."""
        return {"from": sender, "to": self.to, "data": self.data, "value": hex(self.value)}


@dataclass(frozen=True)
class Flight:
    """A wish on its way: its nonce, gas, latest price, and the hash of each of its versions.

    `owner`: the process that waits for it. `since`: unix seconds of the first sending.
    `sent_in`, `sent_at`: the chain's head and the unix seconds when it was last sent.
    """

    wish: Wish
    owner: str
    nonce: int
    gas: int
    max_fee: int
    tip: int | None
    hashes: tuple[str, ...]
    since: int
    sent_in: int
    sent_at: int

    def transaction(self, chain_id: int) -> dict[str, Any]:
        """Its latest version, to be signed."""
        price = {"maxFeePerGas": self.max_fee, "maxPriorityFeePerGas": self.tip}
        return {
            "chainId": chain_id,
            "nonce": self.nonce,
            "to": self.wish.to,
            "value": self.wish.value,
            "data": self.wish.data,
            "gas": self.gas,
            **({"gasPrice": self.max_fee} if self.tip is None else price),
        }


@dataclass
class Page:
    """The flights while the book is open, oldest first; changes are on disk at once."""

    flights: list[Flight]
    _save: Callable[[list[Flight]], None] = field(repr=False)

    def ahead(self, mined: int) -> list[Flight]:
        """Those not in a block, `mined` being the account's next nonce on chain."""
        return [flight for flight in self.flights if flight.nonce >= mined]

    def put(self, flight: Flight) -> None:
        """Add the flight, in the place of any with its nonce."""
        others = [other for other in self.flights if other.nonce != flight.nonce]
        self._change([*others, flight])

    def drop(self, flight: Flight) -> None:
        """Forget the flight: its outcome is known."""
        self._change([other for other in self.flights if other.nonce != flight.nonce])

    def forget_old(self, mined: int) -> None:
        """Forget what has landed long ago, `mined` being the account's next nonce on chain."""
        oldest = time.time() - REMEMBERED_SECONDS
        kept = [one for one in self.flights if one.nonce >= mined or one.since > oldest]
        if kept != self.flights:
            self._change(kept)

    def _change(self, flights: list[Flight]) -> None:
        flights.sort(key=lambda flight: flight.nonce)
        self._save(flights)
        self.flights = flights


class Book:
    """The flights of one account on one chain, which `genesis`, its first block's hash, names."""

    def __init__(self, folder: Path, genesis: str) -> None:
        self._folder = folder
        self._genesis = genesis
        self._file = folder / "flights.json"
        self.owner = secrets.token_hex(8)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._alive = self._lock(self._sign_of_life(self.owner))
        except OSError as error:
            raise self._unusable(error) from None

    def close(self) -> None:
        """Let other processes take over what we have sent."""
        self._sign_of_life(self.owner).unlink(missing_ok=True)
        os.close(self._alive)

    @contextmanager
    def opened(self, pause: Callable[[float], None]) -> Iterator[Page]:
        """The flights, while no other process can open them. `pause` sleeps until it is our turn.

        Raises AccountError if they cannot be read or written: nothing may be sent then.
        """
        lock = self._turn(pause)
        try:
            yield Page(self._read(), self._write)
        finally:
            os.close(lock)

    def is_orphan(self, flight: Flight) -> bool:
        """Return whether nobody else waits for the flight."""
        if flight.owner == self.owner:
            return True
        sign = self._sign_of_life(flight.owner)
        try:
            os.close(self._lock(sign))
        except FileNotFoundError:
            return True
        except BlockingIOError:
            return False
        sign.unlink(missing_ok=True)
        return True

    def _sign_of_life(self, owner: str) -> Path:
        return self._folder / f"{owner}.alive"

    def _turn(self, pause: Callable[[float], None]) -> int:
        while True:
            try:
                return self._lock(self._folder / "flights.lock")
            except BlockingIOError:
                pause(0.05)
            except OSError as error:
                raise self._unusable(error) from None

    def _lock(self, path: Path) -> int:
        ours = path.name == "flights.lock" or path == self._sign_of_life(self.owner)
        create = os.O_CREAT if ours else 0
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | create, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _read(self) -> list[Flight]:
        try:
            document = json.loads(self._file.read_bytes())
            if document["format"] != FORMAT:
                raise ValueError(f"its format is not {FORMAT}")
            if document["genesis"] != self._genesis:  # a development chain begun anew
                return []
            return [_flight(row) for row in document["flights"]]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._unusable(error) from None
        except (ValueError, TypeError, KeyError) as error:
            raise AccountError(
                f"{self._file} is damaged ({error}). See that the account has no transaction "
                "under way, then move the file away."
            ) from None

    def _write(self, flights: list[Flight]) -> None:
        rows = [asdict(flight) for flight in flights]
        document = {"format": FORMAT, "genesis": self._genesis, "flights": rows}
        try:
            replace_file(self._file, json.dumps(document).encode(), private=True)
        except OSError as error:
            raise self._unusable(error) from None

    def _unusable(self, error: OSError) -> AccountError:
        return AccountError(
            f"{self._folder} cannot be used ({error.strerror}). What is sent is written down there "
            "first, so nothing was sent. Make room or mend its rights."
        )

    def __del__(self) -> None:
        with suppress(OSError, AttributeError):
            self.close()


def _flight(row: dict[str, Any]) -> Flight:
    fields = {**row, "wish": Wish(**row["wish"]), "hashes": tuple(row["hashes"])}
    return Flight(**fields)
