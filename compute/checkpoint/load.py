"""Load parameters from a manifest and blocks, trusting neither."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from compute.checkpoint import bits, manifest
from compute.checkpoint.errors import InvalidCheckpoint, Reason
from compute.checkpoint.root import ParamsRoot
from compute.storage import Store
from compute.storage.arrays import WrongLength, block_count, get_arrays, nbytes

_WORD = np.dtype(np.uint32)


@dataclass(frozen=True)
class Checkpoint:
    """Valid float32 parameters by flat name, and what else their manifest says."""

    params: dict[str, np.ndarray]
    nonce: int
    shard_sums: tuple[int, ...] | None
    params_root: bytes


def load(
    store: Store,
    digest: bytes,
    *,
    model_hash: bytes,
    shapes: Mapping[str, tuple[int, ...]],
    magnitude_log2: int,
) -> Checkpoint:
    """The checkpoint named `digest`, checked against the model it must belong to.

    All sizes are compared with `shapes` before a block is fetched, and every value is checked as
    bits before it is a float. Raises InvalidCheckpoint with a Reason that does not depend on the
    store or the machine, or BlockUnavailable if a block cannot be had.
    """
    found = announced(store, digest, model_hash, shapes)
    params, root = {}, ParamsRoot()
    runs = [(tensor.blocks, _WORD, tensor.shape) for tensor in found.tensors]
    with closing(get_arrays(store, runs)) as arrays:
        for tensor in found.tensors:
            try:
                words = next(arrays)
            except WrongLength as error:
                raise InvalidCheckpoint(Reason.LENGTH, f"{tensor.name}: {error}") from None
            bits.check(tensor.name, words.reshape(-1), magnitude_log2)
            root.add(words)
            params[tensor.name] = words.view(np.float32)
    if root.digest() != found.params_root:
        raise InvalidCheckpoint(Reason.ROOT, found.params_root.hex())
    return Checkpoint(params, found.nonce, found.shard_sums, found.params_root)


def announced(
    store: Store, digest: bytes, model_hash: bytes, shapes: Mapping[str, tuple[int, ...]]
) -> manifest.Manifest:
    """The manifest of a checkpoint whose sizes are those of the model. Raises InvalidCheckpoint or
    BlockUnavailable."""
    found = manifest.get(store, digest)
    manifest.check_against(found, model_hash, dict(shapes))
    for tensor in found.tensors:
        if len(tensor.blocks) != block_count(nbytes(_WORD, tensor.shape)):
            raise InvalidCheckpoint(Reason.BLOCKS, f"{tensor.name} has {len(tensor.blocks)}")
    return found


def model_of(store: Store, digest: bytes) -> bytes:
    """The hash of the model that the manifest says the checkpoint belongs to.

    A fork's first checkpoint belongs to its parent's model. Raises InvalidCheckpoint or
    BlockUnavailable.
    """
    return manifest.get(store, digest).model_hash


def params_root_of(store: Store, digest: bytes) -> bytes:
    """The root over the parameters that the checkpoint's header states. Raises InvalidCheckpoint
    or BlockUnavailable.
    """
    return manifest.get(store, digest).params_root


def held_out_of(store: Store, digest: bytes) -> manifest.HeldOut | None:
    """Return the trainer's statement on held-out examples. Raises InvalidCheckpoint or
    BlockUnavailable.
    """
    return manifest.get(store, digest).held_out


def blocks_of(store: Store, digest: bytes) -> list[bytes]:
    """Digests of every distinct block of the checkpoint, the manifest's last, its header the very
    last."""
    tensors = manifest.get(store, digest).tensors
    blocks = dict.fromkeys(block for tensor in tensors for block in tensor.blocks)
    own = manifest.own_blocks(store, digest)
    return [*(block for block in blocks if block not in own), *own]
