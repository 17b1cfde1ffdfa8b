"""Publish parameters as a manifest and blocks."""

import operator
from collections.abc import Mapping, Sequence

import numpy as np

from compute.checkpoint import bits
from compute.checkpoint.manifest import HeldOut, Manifest, Tensor
from compute.checkpoint.root import ParamsRoot
from compute.storage import Store
from compute.storage.arrays import put_array


def publish(
    params: Mapping[str, np.ndarray],
    *,
    model_hash: bytes,
    store: Store,
    nonce: int = 0,
    shard_sums: Sequence[int] | None = None,
    held_out: HeldOut | None = None,
) -> bytes:
    """Store float32 `params` and return the checkpoint hash: sha256 of the manifest's header.

    Equal parameters give equal bytes and an equal hash on every machine. Subnormals are stored as
    zeros, which is how the evaluator reads them. The manifest is stored last, so a store that has
    it has the whole checkpoint. Raises InvalidCheckpoint for a NaN or an infinity, TypeError for
    another dtype, StorageError if the store fails.
    """
    tensors, root = [], ParamsRoot()
    for name in sorted(params):
        given = np.asarray(params[name])
        if given.dtype.newbyteorder("=") != np.float32:
            raise TypeError(f"{name} is {given.dtype}: a checkpoint holds float32")
        array = bits.flush_subnormals(given.astype(np.float32, copy=False))
        bits.check(name, array.view(np.uint32).reshape(-1), magnitude_log2=128)
        root.add(array)
        tensors.append(Tensor(name, array.shape, tuple(put_array(store, array))))
    sums = None if shard_sums is None else tuple(map(operator.index, shard_sums))
    manifest = Manifest(root.digest(), model_hash, tuple(tensors), nonce, sums, held_out)
    return manifest.put(store)
