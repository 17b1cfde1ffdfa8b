"""Patches as content: build one, read one, list its blocks."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np

from compute.about import UNSAID, About
from compute.storage import MAX_BLOCK_BYTES, Store
from compute.storage.arrays import WrongLength, block_count, get_array, put_array
from compute.training_set import manifest as manifests
from compute.training_set.examples import TrainingSet
from compute.training_set.manifest import Malformed, Manifest
from compute.training_set.schema import Schema, SchemaError

_ID_WORD = np.dtype(np.uint8)


def build_delta(
    parent: TrainingSet | None,
    *,
    add: Mapping[str, np.ndarray] | None = None,
    remove: Sequence[bytes] = (),
    bounds: Mapping[str, tuple[int, int]] | None = None,
    labels: Mapping[str, tuple[str, ...]] | None = None,
    scale_log2: Mapping[str, int] | None = None,
    parent_tip: bytes,
    proposer: str,
    store: Store,
    about: About = UNSAID,
) -> bytes:
    """Store the patch that turns `parent` into the wanted set; returns the delta hash. `about` is
    what the proposer says of it.

    `parent` None makes a genesis delta, whose columns fix the schema for ever, with `bounds`,
    `labels` and `scale_log2` (see Schema.of), which only a genesis takes. The patch is
    applied before it is stored: raises Inapplicable or SchemaError if it does not fit, Malformed
    if it breaks a limit. The manifest is stored last.
    """
    columns = None if add is None else {name: np.asarray(array) for name, array in add.items()}
    if parent is None:
        if columns is None:
            raise SchemaError("a genesis delta needs examples: they fix the columns")
        parent = TrainingSet(Schema.of(columns, bounds, labels, scale_log2))
    elif bounds or labels or scale_log2:
        raise SchemaError("the genesis delta has fixed bounds, labels and scales of the columns")
    schema = parent.schema
    columns = schema.empty() if columns is None else columns
    result = parent.patched(columns, remove)
    count = schema.check(columns)
    gone = np.frombuffer(b"".join(sorted(remove)), np.uint8)
    manifest = Manifest(
        parent_tip=parent_tip,
        proposer=proposer.lower(),
        schema=schema,
        add_count=count,
        add_blocks=tuple(tuple(put_array(store, columns[c.name])) for c in schema.columns),
        remove_count=len(remove),
        remove_blocks=tuple(put_array(store, gone)),
        data_root=result.root.digest(),
        count=len(result),
        about=about,
    )
    return manifest.put(store)


def read_patch(store: Store, manifest: Manifest) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The columns to add and the ids to remove, uint8 [m, 32].

    Raises Malformed if a block's length or the order of the ids is not as promised,
    BlockUnavailable if a block cannot be had.
    """
    gone = read_removals(store, manifest)
    with malformed_lengths():
        add = {
            column.name: get_array(
                store, blocks, np.dtype(column.dtype), (manifest.add_count, *column.shape)
            )
            for column, blocks in zip(manifest.schema.columns, manifest.add_blocks, strict=True)
        }
    return add, gone


def read_first(store: Store, manifest: Manifest, rows: int) -> dict[str, np.ndarray]:
    """The columns of the first `rows` examples to add; no block beyond them is read. Raises as
    `read_patch`."""
    columns = {}
    for column, blocks in zip(manifest.schema.columns, manifest.add_blocks, strict=True):
        total, wanted = (n * column.example_bytes for n in (manifest.add_count, rows))
        with malformed_lengths():
            size = min(total, block_count(wanted) * MAX_BLOCK_BYTES)
            data = get_array(store, blocks[: block_count(size)], _ID_WORD, (size,))
        kind = np.dtype(column.dtype)
        words = data[:wanted].view(kind.newbyteorder("<")).astype(kind)
        columns[column.name] = words.reshape(rows, *column.shape)
    return columns


def read_removals(store: Store, manifest: Manifest) -> np.ndarray:
    """The ids to remove alone."""
    with malformed_lengths():
        gone = get_array(store, manifest.remove_blocks, _ID_WORD, (manifest.remove_count, 32))
    ids = [row.tobytes() for row in gone]
    if ids != sorted(set(ids)):
        raise Malformed("the ids to remove are not ascending")
    return gone


@contextmanager
def malformed_lengths() -> Iterator[None]:
    """A block that is not as long as the manifest promises makes the delta Malformed."""
    try:
        yield
    except WrongLength as error:
        raise Malformed(str(error)) from None


def blocks_of(store: Store, digest: bytes) -> list[bytes]:
    """Digests of every distinct block of the delta, the manifest's last, its header the very last.
    Raises Malformed."""
    manifest = manifests.get(store, digest)
    runs = [*manifest.add_blocks, manifest.remove_blocks]
    blocks = dict.fromkeys(block for run in runs for block in run)
    own = manifests.own_blocks(store, digest)
    return [*(block for block in blocks if block not in own), *own]
