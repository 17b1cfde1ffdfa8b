"""CAR v1 archives: content in one file, so that it moves without a daemon.

An archive is a header, then any number of sections, each behind its length as a varint. The header
is the DAG-CBOR of {"roots": [CID, …], "version": 1}; a section is a CID and its block. Every CID
here is CIDv1, raw, sha2-256: what a store holds. https://ipld.io/specs/transport/car/carv1/
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import tee
from typing import BinaryIO

from compute.canonical import digest as sha256
from compute.storage.cid import PREFIX, cid
from compute.storage.parallel import get_many, in_order
from compute.storage.store import MAX_BLOCK_BYTES, StorageError, Store

MAX_ROOTS = 255
_CID_BYTES = len(PREFIX) + 32
_LINK = b"\xd8\x2a\x58\x25\x00" + PREFIX  # tag 42, byte string of 37: zero, then the CID
_LINK_BYTES = len(_LINK) + 32
_ROOTS = b"\xa2\x65roots"  # map of two, text of five
_VERSION = b"\x67version\x01"  # text of seven, the integer
_LONGEST_HEADER = len(_ROOTS) + 2 + MAX_ROOTS * _LINK_BYTES + len(_VERSION)


class InvalidArchive(StorageError):
    """The file is not a CAR v1 of raw sha2-256 blocks. Blocks before the fault were stored."""


def export_car(
    store: Store, roots: Sequence[bytes], digests: Iterable[bytes], file: BinaryIO
) -> None:
    """Write the blocks `digests` of `store` to `file`, as a CAR with `roots` (at most 255 digests).

    Raises what `store.get` raises; `file` then holds a part.
    """
    header = _header(roots)
    file.write(_varint(len(header)) + header)
    names, wanted = tee(digests)
    for digest, block in zip(names, get_many(store, wanted), strict=True):
        file.write(_varint(_CID_BYTES + len(block)) + PREFIX + digest + block)


def import_car(
    store: Store, file: BinaryIO, progress: Callable[[int], None] | None = None
) -> list[bytes]:
    """Put every block of the CAR in `file` into `store` and return the digests of its roots;
    `progress` is told how many bytes have been read.

    Every block is verified and memory is bounded, whatever the file says. Whether blocks that the
    roots speak of are missing, their readers find out. Raises InvalidArchive, or what `store.put`
    raises.
    """
    roots = _parse_header(_read(file, _read_varint(file, _LONGEST_HEADER) or 0))
    for _ in in_order(store.put, _blocks(file)):
        if progress is not None:
            progress(file.tell())
    return roots


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while (length := _read_varint(file, _CID_BYTES + MAX_BLOCK_BYTES)) is not None:
        section = _read(file, length)
        digest, block = section[len(PREFIX) : _CID_BYTES], section[_CID_BYTES:]
        if length < _CID_BYTES or not section.startswith(PREFIX):
            raise InvalidArchive("The archive holds something else than raw sha2-256 blocks.")
        if sha256(block) != digest:
            raise InvalidArchive(f"The archive holds other bytes under {cid(digest)}.")
        yield block


def _header(roots: Sequence[bytes]) -> bytes:
    count = len(roots)
    if count > MAX_ROOTS or any(len(root) != 32 for root in roots):
        raise ValueError(f"an archive has at most {MAX_ROOTS} roots of 32 bytes")
    head = bytes([0x80 + count]) if count < 24 else bytes([0x98, count])
    return _ROOTS + head + b"".join(_LINK + root for root in roots) + _VERSION


def _parse_header(header: bytes) -> list[bytes]:
    """The roots; only the one header that `_header` writes for them is one."""
    count = (len(header) - len(_ROOTS) - 1 - len(_VERSION)) // _LINK_BYTES
    first = len(_ROOTS) + (1 if count < 24 else 2) + len(_LINK)
    starts = range(first, first + max(0, count) * _LINK_BYTES, _LINK_BYTES)
    roots = [header[start : start + 32] for start in starts]
    if any(len(root) != 32 for root in roots) or _header(roots) != header:
        raise InvalidArchive("The file is not a CAR archive of version 1 with raw sha2-256 roots.")
    return roots


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _read_varint(file: BinaryIO, limit: int) -> int | None:
    """A minimal unsigned varint of 1 to `limit`, or None at the end of the file."""
    encoded = bytearray(file.read(1))
    if not encoded:
        return None
    while encoded[-1] > 0x7F and len(encoded) < 4:
        encoded += _read(file, 1)
    number = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(encoded))
    if not 0 < number <= limit or _varint(number) != encoded:
        raise InvalidArchive(f"The archive announces a part that is not 1 to {limit} bytes long.")
    return number


def _read(file: BinaryIO, length: int) -> bytes:
    data = file.read(length)
    if len(data) != length:
        raise InvalidArchive("The archive ends in the middle of a part. Fetch it again.")
    return data
