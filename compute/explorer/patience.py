"""A daemon's blocks for pages, which wait for no daemon: what comes late is there the next time.

Pages that are written once wait for a block, but not for each in turn.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import cached_property, partial
from typing import Any

from compute.storage import BlockUnavailable, FolderStore, StoreUnreachable
from compute.storage.kubo import KuboRefused, KuboStore

PATIENCE = 0.5  # seconds for one answer; none while another is overdue
AT_ONCE = 8  # questions
MAX_KEPT = 64  # answers that nobody has come back for, of up to a block each
IN_VAIN = 60.0  # seconds of searches, and nobody is asked for blocks any more but the daemon


def patient(store: FolderStore | KuboStore | None) -> FolderStore | KuboStore | None:
    """A view of the same store for pages; a folder answers at once."""
    return PatientStore(store.api) if isinstance(store, KuboStore) else store


class PatientStore(KuboStore):
    """Asks a daemon besides, and raises StoreUnreachable as long as the answer has not come."""

    def __init__(self, api: str) -> None:
        super().__init__(api)
        self._asked: dict[Any, Future[Any]] = {}
        self._late: set[Any] = set()
        self._turn = threading.Lock()

    def get(self, digest: bytes) -> bytes:
        """As any store's."""
        return bytes(self._soon(("get", digest), partial(super().get, digest)))

    def has(self, digest: bytes) -> bool:
        """As any store's."""
        return bool(self._soon(("has", digest), partial(super().has, digest)))

    @cached_property
    def peer_id(self) -> str:
        """The daemon's name in the network."""
        return str(self._soon("peer", self._name))

    def _name(self) -> str:
        return super().peer_id

    def _soon(self, key: Any, ask: Callable[[], Any]) -> Any:
        with self._turn:
            asked = self._asked.get(key) or self._begun(key, ask)
            self._late &= {one for one, answer in self._asked.items() if not answer.done()}
            patience = 0 if self._late else PATIENCE
        try:
            return asked.result(patience)
        except TimeoutError:
            self._late.add(key)
            raise StoreUnreachable("The store has not answered yet.") from None
        finally:
            if asked.done():
                self._asked.pop(key, None)

    def _begun(self, key: Any, ask: Callable[[], Any]) -> "Future[Any]":
        running = {one: answer for one, answer in self._asked.items() if not answer.done()}
        if len(running) >= AT_ONCE:
            raise StoreUnreachable("The store has not answered earlier questions yet.")
        if len(self._asked) >= MAX_KEPT:
            self._asked = running
        asked = self._asked[key] = Future()
        threading.Thread(target=_answer, args=(asked, ask), daemon=True).start()
        return asked


def sparing(store: FolderStore | KuboStore | None) -> FolderStore | KuboStore | None:
    """A view of the same store for an export; a folder answers at once."""
    return SparingStore(store.api) if isinstance(store, KuboStore) else store


class SparingStore(KuboStore):
    """Gives a daemon up that has hung once, and its network after `IN_VAIN` seconds of searches."""

    def __init__(self, api: str) -> None:
        super().__init__(api)
        self._given_up = False
        self._in_vain = 0.0

    def get(self, digest: bytes) -> bytes:
        """As any store's."""
        if self._in_vain > IN_VAIN and not self.has(digest):
            raise BlockUnavailable(digest, "The daemon lacks it, and others were sought in vain.")
        return bytes(self._unless_given_up(partial(super().get, digest)))

    def has(self, digest: bytes) -> bool:
        """As any store's."""
        return bool(self._unless_given_up(partial(super().has, digest)))

    @cached_property
    def peer_id(self) -> str:
        """The daemon's name in the network."""
        return str(self._unless_given_up(self._name))

    def _name(self) -> str:
        return super().peer_id

    def _unless_given_up(self, ask: Callable[[], Any]) -> Any:
        if self._given_up:
            raise StoreUnreachable("The store hung before, and is not asked again.")
        began = time.monotonic()
        try:
            return ask()
        except KuboRefused:
            raise
        except StoreUnreachable:
            self._given_up = True
            raise
        except BlockUnavailable:
            self._in_vain += time.monotonic() - began
            raise


def _answer(asked: "Future[Any]", ask: Callable[[], Any]) -> None:
    try:
        asked.set_result(ask())
    except Exception as error:
        asked.set_exception(error)
