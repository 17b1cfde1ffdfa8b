"""Hashes on the command line: whole, cut, ambiguous, none."""

from pathlib import Path

import pytest

from compute.cli.failure import Refused
from compute.cli.hashes import Hash, stored, whole
from compute.cli.values import Digest
from compute.storage import FolderStore, cid

ONE, TWO = bytes(4) + bytes([1] * 28), bytes(4) + bytes([2] * 28)


@pytest.mark.parametrize(
    "text",
    ["00000000", "0x00000000", "00000000…", "00000000...", str(Digest(ONE)), "0x000000000101…"],
)
def test_the_beginning_of_a_hash_as_people_copy_it(text: str) -> None:
    assert whole(Hash.parse(text), [ONE, bytes(31) + b"\1"][: 1 + text.count("01")]) == ONE


@pytest.mark.parametrize("text", [ONE.hex(), ONE.hex().upper(), "0x" + ONE.hex(), cid(ONE)])
def test_a_whole_hash_needs_nobody_who_knows_it(text: str) -> None:
    assert whole(Hash.parse(text), iter(())) == ONE


@pytest.mark.parametrize("text", ["0000000", "0x00", "…"])
def test_what_is_too_short_says_so(text: str) -> None:
    with pytest.raises(ValueError, match=r"too short: give 8 digits|is not a hash"):
        Hash.parse(text)


@pytest.mark.parametrize("text", ["", "xyz", "0" * 65, "-1", "baf" + "0" * 70])
def test_what_is_no_hash(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a|not the"):
        Hash.parse(text)


def test_two_that_begin_alike_are_both_named() -> None:
    with pytest.raises(Refused, match=f"2 hashes begin with 00000000: {ONE.hex()}, {TWO.hex()}"):
        whole(Hash.parse("00000000"), [TWO, ONE, ONE])
    assert whole(Hash.parse("0000000002"), [ONE, TWO]) == TWO


def test_nothing_that_begins_so() -> None:
    with pytest.raises(Refused, match="No hash that begins with 11111111"):
        whole(Hash.parse("11111111"), [ONE])


def test_a_folder_knows_its_blocks(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    digests = [store.put(bytes([n])) for n in range(40)]
    for digest in digests:
        given = Hash.parse(digest.hex()[:9])
        assert whole(given, stored(store, given)) == digest
