"""The delta manifest: the root and size of the resulting set, what to remove and what to add."""

import re
from dataclasses import dataclass
from typing import Any

from compute import canonical
from compute.about import UNSAID, About, TooMuchSaid
from compute.storage import MAX_BLOCK_BYTES, Store
from compute.storage.arrays import block_count
from compute.storage.header import (
    WORD,
    Headed,
    MalformedHeader,
    get_headed,
    header_blocks,
    put_headed,
)
from compute.training_set.schema import Column, Schema, SchemaError

FORMAT = "decentralizedai/delta/2"
MAX_DELTA_BYTES = 1 << 32
MAX_COUNT = 1 << 24
_WORDS = 2  # before the document: the root over the resulting set, and its size
_COLUMN_KEYS = "name dtype shape bounds labels scale_log2 blocks"
_HASH = re.compile(r"[0-9a-f]{64}")
_ADDRESS = re.compile(r"0x[0-9a-f]{40}")


class Malformed(ValueError):
    """The bytes are not a delta manifest, or its blocks are not what it says."""


@dataclass(frozen=True)
class Manifest:
    """`parent_tip` and `proposer` bind the patch, so that nobody can propose another's; `data_root`
    and `count` state the set that it makes."""

    parent_tip: bytes
    proposer: str  # 0x and 40 lower-case hexadecimal digits
    schema: Schema
    add_count: int
    add_blocks: tuple[tuple[bytes, ...], ...]  # of each column, in the schema's order
    remove_count: int
    remove_blocks: tuple[bytes, ...]  # of the ids to remove, ascending, 32 bytes each
    data_root: bytes  # of `root.DataRoot`
    count: int  # examples in the resulting set
    about: About = UNSAID  # as the proposer says

    def encode(self) -> Headed:
        """The header, whose sha256 is the delta hash, and the canonical document. Raises Malformed
        if they break a limit."""
        data = canonical.encode(
            {
                "format": FORMAT,
                "parent_tip": self.parent_tip.hex(),
                "proposer": self.proposer,
                "add": {
                    "count": self.add_count,
                    "columns": [
                        {
                            "name": column.name,
                            "dtype": column.dtype,
                            "shape": list(column.shape),
                            "bounds": column.bounds and list(column.bounds),
                            "labels": column.labels and list(column.labels),
                            "scale_log2": column.scale_log2,
                            "blocks": [block.hex() for block in blocks],
                        }
                        for column, blocks in zip(self.schema.columns, self.add_blocks, strict=True)
                    ],
                },
                "remove": {
                    "count": self.remove_count,
                    "blocks": [block.hex() for block in self.remove_blocks],
                },
                "about": self.about.document(),
            }
        )
        headed = Headed((self.data_root, self.count.to_bytes(WORD, "big")), data)
        decode(headed)
        return headed

    def put(self, store: Store) -> bytes:
        """Store document and header, the header last; returns the delta hash."""
        return put_headed(store, self.encode())


def get(store: Store, digest: bytes) -> Manifest:
    """The manifest of the delta named `digest`. Raises Malformed or BlockUnavailable."""
    try:
        return decode(get_headed(store, digest, _WORDS))
    except MalformedHeader as error:
        raise Malformed(str(error)) from None


def own_blocks(store: Store, digest: bytes) -> list[bytes]:
    """The digests of the manifest's own blocks, the header last. Raises as `get`."""
    try:
        return header_blocks(store, digest, _WORDS)
    except MalformedHeader as error:
        raise Malformed(str(error)) from None


def decode(headed: Headed) -> Manifest:
    """The manifest in a header and its document, its limits checked. Raises Malformed."""
    data_root, count = headed.words
    try:
        document = canonical.decode(headed.document, max_bytes=MAX_BLOCK_BYTES)
        _keys(document, "format parent_tip proposer add remove about")
        _require(document["format"] == FORMAT, f"the format is not {FORMAT}")
        add = _keys(document["add"], "count columns")
        columns = [_keys(c, _COLUMN_KEYS) for c in _list(add["columns"])]
        manifest = Manifest(
            parent_tip=_hash(document["parent_tip"]),
            proposer=_matching(_ADDRESS, document["proposer"]),
            schema=Schema(
                tuple(
                    Column(
                        _text(c["name"]),
                        _text(c["dtype"]),
                        _sizes(c["shape"]),
                        _bounds(c["bounds"]),
                        _labels(c["labels"]),
                        _scale(c["scale_log2"]),
                    )
                    for c in columns
                )
            ),
            add_count=_count(add["count"]),
            add_blocks=tuple(_hashes(c["blocks"]) for c in columns),
            remove_count=_count(_keys(document["remove"], "count blocks")["count"]),
            remove_blocks=_hashes(document["remove"]["blocks"]),
            data_root=data_root,
            count=int.from_bytes(count, "big"),
            about=About.read(document["about"]),
        )
    except (canonical.CanonicalError, SchemaError, TooMuchSaid) as error:
        raise Malformed(str(error)) from None
    _check_sizes(manifest)
    return manifest


def _check_sizes(manifest: Manifest) -> None:
    sizes = [manifest.add_count * column.example_bytes for column in manifest.schema.columns]
    _require(
        sum(sizes) + 32 * manifest.remove_count <= MAX_DELTA_BYTES,
        f"the delta has more than {MAX_DELTA_BYTES} bytes",
    )
    runs = [*manifest.add_blocks, manifest.remove_blocks]
    for size, blocks in zip([*sizes, 32 * manifest.remove_count], runs, strict=True):
        _require(len(blocks) == block_count(size), "the number of blocks does not fit the count")


def _keys(value: Any, keys: str) -> dict[str, Any]:
    _require(isinstance(value, dict) and value.keys() == set(keys.split()), f"keys are not {keys}")
    return value


def _list(value: Any) -> list[Any]:
    _require(isinstance(value, list), "a list is missing")
    return value


def _text(value: Any) -> str:
    _require(isinstance(value, str), "a text is missing")
    return value


def _matching(pattern: re.Pattern[str], value: Any) -> str:
    _require(isinstance(value, str) and pattern.fullmatch(value) is not None, pattern.pattern)
    return value


def _hash(value: Any) -> bytes:
    return bytes.fromhex(_matching(_HASH, value))


def _hashes(value: Any) -> tuple[bytes, ...]:
    return tuple(_hash(item) for item in _list(value))


def _integer(value: Any, limit: int) -> int:
    _require(type(value) is int and 0 <= value <= limit, "a number is out of range")
    return value


def _bounds(value: Any) -> tuple[int, int] | None:
    if value is None:
        return None
    _require(
        isinstance(value, list) and len(value) == 2 and all(type(x) is int for x in value),
        "bounds are not two integers",
    )
    return value[0], value[1]


def _labels(value: Any) -> tuple[str, ...] | None:
    return None if value is None else tuple(_text(label) for label in _list(value))


def _scale(value: Any) -> int | None:
    _require(value is None or type(value) is int, "a scale is no integer")
    return value


def _count(value: Any) -> int:
    return _integer(value, MAX_COUNT)


def _sizes(value: Any) -> tuple[int, ...]:
    return tuple(_integer(item, MAX_DELTA_BYTES) for item in _list(value))


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise Malformed(what)
