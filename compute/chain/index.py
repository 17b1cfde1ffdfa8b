"""Logs that were read before, kept on disk, so that a start asks only for what is new.

What is kept was final and complete when it was read: whoever reads compares it with the state of
the contracts. So the index may be deleted at any time, and an endpoint that left something out, or
a chain that begins anew, costs one reading from the beginning.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compute import canonical
from compute.chain.contract import BlockTag, Contract
from compute.chain.errors import MalformedAnswer
from compute.chain.events import Event, HeadReader, Log, decode_log, read_logs
from compute.chain.records import Head
from compute.durable import replace_file

FORMAT = "index/1"
STRIDE = 5_000  # blocks of the chain that are new before the file is written again
MAX_BYTES = 1 << 25  # more is read anew at each start
_OF_LOG = ("address", "blockHash", "blockNumber", "data", "logIndex", "topics")

Told = tuple[Log, Event]


@dataclass(frozen=True)
class Kept:
    """Entries up to the block `through`, in the order of the chain."""

    through: int
    told: Sequence[Told] = ()


@dataclass(frozen=True)
class Index:
    """The logs of one chain. Without a `folder` nothing is kept; `final` names the newest block
    that will not be taken back."""

    heads: HeadReader
    final: Callable[[], BlockTag]
    folder: Path | None = None

    def events(
        self,
        contract: Contract,
        names: Sequence[str],
        first: Callable[[], int],
        last: int,
        check: Callable[[Sequence[Event]], None],
    ) -> list[Event]:
        """Events of blocks `first()` to `last`, in chain order, that `check` finds complete.

        `check` raises MalformedAnswer for events that leave out what the state tells. Then what was
        kept is read again, too. Raises what `check` and `read_events` raise.
        """
        kept = self._load(contract, names)
        before = kept or Kept(first() - 1)
        told = self._read(before, contract, names, last)
        try:
            check(_events(told))
        except MalformedAnswer:
            if kept is None:
                raise
            before = Kept(first() - 1)
            told = self._read(before, contract, names, last)
            check(_events(told))
        self._keep(before, contract, names, last, told)
        return _events(told)

    def _read(self, kept: Kept, contract: Contract, names: Sequence[str], last: int) -> list[Told]:
        new = read_logs(self.heads.rpc, contract, names, kept.through + 1, last)
        return [*(one for one in kept.told if one[1].block_number <= last), *new]

    def _keep(
        self, kept: Kept, contract: Contract, names: Sequence[str], last: int, told: Iterable[Told]
    ) -> None:
        if self.folder is None or last < kept.through + STRIDE:
            return
        final = self.heads.head(self.final())
        anchor = final if final.number <= last else self.heads.head(last)
        if anchor.number < kept.through + STRIDE:
            return
        logs = [log for log, event in told if event.block_number <= anchor.number]
        document = {
            "format": FORMAT,
            "through": anchor.number,
            "hash": anchor.hash.hex(),
            "logs": [{name: log[name] for name in _OF_LOG} for log in logs],
        }
        with suppress(OSError):  # a full disk costs the next start some requests
            self.folder.mkdir(parents=True, exist_ok=True)
            replace_file(self._path(self.folder, contract, names), canonical.encode(document))

    def _load(self, contract: Contract, names: Sequence[str]) -> Kept | None:
        """What is kept, if it is of the chain that the endpoints serve."""
        if self.folder is None:
            return None
        try:
            path = self._path(self.folder, contract, names)
            if path.stat().st_size > MAX_BYTES:
                return None
            document = canonical.decode(path.read_bytes(), max_bytes=MAX_BYTES)
            return self._parse(contract, document)
        except (OSError, ValueError, KeyError, TypeError, MalformedAnswer):
            return None

    def _parse(self, contract: Contract, document: dict[str, Any]) -> Kept | None:
        anchor = Head(document["through"], bytes.fromhex(document["hash"]), 0)
        if document["format"] != FORMAT or not self.heads.is_canonical(anchor):
            return None
        told = ((log, decode_log(contract, log)) for log in document["logs"])
        return Kept(anchor.number, [(log, event) for log, event in told if event is not None])

    def _path(self, folder: Path, contract: Contract, names: Sequence[str]) -> Path:
        return folder / f"{contract.address}-{'-'.join(names)}.json"


def _events(told: Sequence[Told]) -> list[Event]:
    return [event for _, event in told]
