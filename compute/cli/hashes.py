"""Hashes as people give them: whole, as a CID, or the beginning of one that was shown."""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from compute.cli.failure import Refused
from compute.cli.values import Digest

if TYPE_CHECKING:
    from compute.chain import Group
    from compute.storage import Store

LEAST = 8  # digits: fewer are a number, or say nothing
WHOLE = 64
SHOWN = 3  # of several that begin alike


class Hash(str):
    """The first digits of a hash in lower-case hexadecimal, or all of them."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> "Hash":
        """Digits as a table shows them, with 0x and the dots behind them or without, or what
        `Digest.parse` takes. Raises ValueError."""
        digits = text.removeprefix("0x").rstrip(".…").lower()
        if re.fullmatch("[0-9a-f]+", digits) and len(digits) < WHOLE:
            if len(digits) < LEAST:
                raise ValueError(f"'{text}' is too short: give {LEAST} digits of the hash or more.")
            return cls(digits)
        return cls(Digest.parse(text).hex())


def whole(given: Hash, known: Iterable[bytes]) -> Digest:
    """The one hash of `known` that begins so; they are not looked at if it is whole. Raises
    Refused if there is none or several."""
    if len(given) == WHOLE:
        return Digest(bytes.fromhex(given))
    found = sorted({digest for digest in known if digest.hex().startswith(given)})
    if not found:
        raise Refused(f"No hash that begins with {given} is known here; --json shows whole ones.")
    if len(found) > 1:
        some = ", ".join(digest.hex() for digest in found[:SHOWN])
        more = ", …" if len(found) > SHOWN else ""
        raise Refused(f"{len(found)} hashes begin with {given}: {some}{more}. Give more of it.")
    return Digest(found[0])


def stored(store: "Store", given: Hash) -> Iterator[bytes]:
    """What a folder holds, or what is pinned in another store, that may begin so."""
    from compute.storage import FolderStore, pinned, pins_of

    yield from store.digests(given) if isinstance(store, FolderStore) else pinned(pins_of(store))


def claimed(group: "Group") -> Iterator[bytes]:
    """Every checkpoint that the group's contracts tell of."""
    from compute.chain.events import read_events

    yield group.voting.incumbent().checkpoint_hash
    head = group.head().number
    contract, first = group.voting.contract, group.first_block
    for event in read_events(group.chain.rpc, contract, ["Revealed"], first, head):
        yield event["checkpoint_hash"]
