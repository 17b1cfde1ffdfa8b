"""CAR archives: what is written comes back, Kubo agrees, and hostile files stay harmless."""

import contextlib
import hashlib
import io
import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute.storage import (
    MAX_BLOCK_BYTES,
    BlockUnavailable,
    FolderStore,
    InvalidArchive,
    cid,
    export_car,
    import_car,
)
from tests.support.kubo_daemon import Daemon

# From the specification's own words, by hand: one root, one block "hello".
HELLO = hashlib.sha256(b"hello").digest()
HELLO_CAR = bytes.fromhex(
    "3a"  # the header has 58 bytes
    "a2" "65" "726f6f7473" "81" "d82a" "5825" "00" "01551220" + HELLO.hex() +
    "67" "76657273696f6e" "01"
    "29"  # the section has 41
    "01551220" + HELLO.hex() + "68656c6c6f"
)  # fmt: skip


class Memory(dict[bytes, bytes]):
    """A store for tests that write many small ones."""

    def put(self, block: bytes) -> bytes:
        digest = hashlib.sha256(block).digest()
        self[digest] = block
        return digest

    def get(self, digest: bytes) -> bytes:
        if digest not in self:
            raise BlockUnavailable(digest, "not here.")
        return self[digest]

    def has(self, digest: bytes) -> bool:
        return digest in self


def archive(store: Memory, roots: list[bytes]) -> bytes:
    file = io.BytesIO()
    export_car(store, roots, store, file)
    return file.getvalue()


def test_the_bytes_are_those_of_the_specification() -> None:
    store = Memory()
    store.put(b"hello")

    assert archive(store, [HELLO]) == HELLO_CAR
    imported = Memory()
    assert import_car(imported, io.BytesIO(HELLO_CAR)) == [HELLO]
    assert imported == store


@given(
    st.lists(st.binary(max_size=300), max_size=30, unique=True),
    st.lists(st.binary(min_size=32, max_size=32), max_size=40),
)
def test_what_was_exported_can_be_imported(blocks: list[bytes], roots: list[bytes]) -> None:
    store = Memory()
    for block in blocks:
        store.put(block)

    imported = Memory()

    assert import_car(imported, io.BytesIO(archive(store, roots))) == roots
    assert imported == store


@pytest.mark.parametrize("count", [0, 1, 23, 24, 255])
def test_any_number_of_roots_up_to_the_limit(count: int) -> None:
    roots = [os.urandom(32) for _ in range(count)]

    assert import_car(Memory(), io.BytesIO(archive(Memory(), roots))) == roots


def test_more_roots_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 255 roots"):
        archive(Memory(), [bytes(32)] * 256)


def test_full_blocks_travel_between_folders(tmp_path: Path) -> None:
    source, target = FolderStore(tmp_path / "source"), FolderStore(tmp_path / "target")
    digests = [source.put(os.urandom(MAX_BLOCK_BYTES)) for _ in range(12)]
    path = tmp_path / "content.car"

    with path.open("wb") as file:
        export_car(source, digests[-1:], iter(digests), file)
    with path.open("rb") as file:
        assert import_car(target, file) == digests[-1:]

    assert all(target.get(digest) == source.get(digest) for digest in digests)


def test_a_missing_block_is_named_on_export() -> None:
    with pytest.raises(BlockUnavailable, match=cid(HELLO)):
        export_car(Memory(), [], [HELLO], io.BytesIO())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a CAR archive"),
        (b"\x0a\xa1\x67version\x02" + bytes(40), "not a CAR archive"),  # version 2 begins so
        (b"PK\x03\x04" + bytes(100), "not a CAR archive"),
        (b"\xff\xff\xff\x7f", "a part that is not 1 to"),
        (b"\xff" * 20, "a part that is not 1 to"),
        (b"\xba\x00" + HELLO_CAR[1:], "a part that is not 1 to"),  # not the shortest varint
        (b"\x00", "a part that is not 1 to"),
        (HELLO_CAR[:20], "in the middle"),
        (HELLO_CAR[:-1], "in the middle"),
        (HELLO_CAR + b"\x29", "in the middle"),
        (HELLO_CAR + b"\x80", "in the middle"),
        (HELLO_CAR[:-1] + b"O", f"other bytes under {cid(HELLO)}"),
        (HELLO_CAR.replace(b"\x29\x01\x55", b"\x29\x01\x70"), "something else than raw"),
        (HELLO_CAR.replace(b"\x00\x01\x55", b"\x00\x01\x70"), "not a CAR archive"),
        (HELLO_CAR + b"\x01\x01", "something else than raw"),
        (HELLO_CAR + b"\xa5\x80\x40" + bytes(1 << 21), "a part that is not 1 to 1048612"),
    ],
    ids=lambda value: value if isinstance(value, str) else len(value),
)
def test_what_is_no_archive_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(InvalidArchive, match=words):
        import_car(Memory(), io.BytesIO(data))


def test_a_block_one_byte_too_large_is_refused() -> None:
    block = bytes(MAX_BLOCK_BYTES + 1)
    section = b"\x01\x55\x12\x20" + hashlib.sha256(block).digest() + block
    length = bytes([len(section) & 0x7F | 0x80, len(section) >> 7 & 0x7F | 0x80, 64])

    with pytest.raises(InvalidArchive, match="a part that is not 1 to 1048612"):
        import_car(Memory(), io.BytesIO(HELLO_CAR + length + section))


@given(st.binary(max_size=200), st.integers(0, len(HELLO_CAR)), st.integers(0, 8))
@settings(max_examples=300)
def test_no_bytes_do_anything_but_import_or_refuse(noise: bytes, place: int, drop: int) -> None:
    data = HELLO_CAR[:place] + noise + HELLO_CAR[place + drop :]
    store = Memory()
    with contextlib.suppress(InvalidArchive):
        import_car(store, io.BytesIO(data))
    assert all(hashlib.sha256(block).digest() == digest for digest, block in store.items())


def test_import_keeps_a_few_blocks_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.car"
    source = FolderStore(tmp_path / "source")
    with path.open("wb") as file:
        export_car(source, [], (source.put(os.urandom(MAX_BLOCK_BYTES)) for _ in range(64)), file)
    target = FolderStore(tmp_path / "target")

    tracemalloc.start()
    try:
        with path.open("rb") as file:
            import_car(target, file)
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


def test_kubo_imports_what_was_exported(daemon: Daemon, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    blocks = [os.urandom(size) for size in (1, 5000, MAX_BLOCK_BYTES)]
    digests = [store.put(block) for block in blocks]
    path = tmp_path / "content.car"
    with path.open("wb") as file:
        export_car(store, digests, digests, file)

    report = daemon.ipfs("dag", "import", path).decode()

    assert report.count("success") == 3  # every root is pinned
    for digest, block in zip(digests, blocks, strict=True):
        assert daemon.ipfs("block", "get", cid(digest)) == block


def test_what_kubo_exports_can_be_imported(daemon: Daemon) -> None:
    block = os.urandom(MAX_BLOCK_BYTES)
    name = daemon.ipfs("block", "put", stdin=block).decode().strip()
    store = Memory()

    [root] = import_car(store, io.BytesIO(daemon.ipfs("dag", "export", "-p=false", name)))

    assert cid(root) == name
    assert store == {root: block}
