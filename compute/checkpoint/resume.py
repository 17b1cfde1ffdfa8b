"""A trainer's private state on its own disk, through Orbax: the last complete save survives.

Arrays are written by the processes and devices that hold them, while training goes on; no process
ever holds a whole sharded array. They may be read back onto another mesh.
"""

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp

from compute.storage import StorageError

_KEPT = 2  # the newest save, and the one to fall back on
_ITEMS = ("about", "leaves")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Saved:
    """The state that `save` was given."""

    step: int
    pytree: Any
    metadata: dict[str, Any]


class Saves:
    """The saves in one folder; in a run of several processes, a folder that all of them see."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder).absolute()
        self._manager: ocp.CheckpointManager | None = None

    def save(self, step: int, pytree: Any, metadata: dict[str, Any]) -> None:
        """Begin to write `pytree` (JAX arrays) and `metadata` (JSON); return when the arrays are
        copied, so that they may be given away. A kill at any moment leaves the save before it or
        this one; the last two are kept.

        Waits for the save before it (see `busy`). Saves are ordered by when they were made, not by
        `step`: training may start over at 0. Raises StorageError if this save, or the one before
        it, failed; complete saves are kept.
        """
        leaves = _leaves(pytree)
        about = {
            "step": step,
            "metadata": metadata,
            "layout": _layout(leaves),
            "sums": _sums(leaves),
        }
        items = ocp.args.Composite(
            about=ocp.args.JsonSave(about), leaves=ocp.args.StandardSave(leaves)
        )
        try:
            manager = self._open()
            manager.wait_until_finished()
            manager.save(max(manager.all_steps(), default=0) + 1, args=items, force=True)
        # A full disk is an OSError of Python's or a ValueError of TensorStore's.
        except (OSError, ValueError) as error:
            raise self._failure(error) from error

    def busy(self) -> bool:
        """Return whether a save is still being written."""
        return self._manager is not None and self._manager.is_saving_in_progress()

    def wait(self) -> None:
        """Return once everything is on disk. Raises StorageError if it cannot be."""
        if self._manager is not None:
            try:
                self._manager.wait_until_finished()
            except (OSError, ValueError) as error:
                raise self._failure(error) from error

    def restore(self, like: Any) -> Saved | None:
        """The latest complete, undamaged save whose pytree has the structure, shapes and dtypes of
        `like`, or None. A damaged save is passed over with a warning for the one before it.

        The leaves of `like` are arrays or jax.ShapeDtypeStruct; theirs are the shardings that the
        restored arrays get.
        """
        if not self._folder.is_dir():
            return None
        self.wait()
        for number in sorted(self._open().all_steps(), reverse=True):
            try:
                return self._restore(number, like)
            # Damage shows as any exception of Orbax, TensorStore or the JSON decoder.
            except Exception as error:
                cause = str(error).partition("\n")[0][:200]
                logger.warning("the save %s/%d cannot be used: %s", self._folder, number, cause)
        return None

    def close(self) -> None:
        """Wait for what is being written, and let go. Raises StorageError."""
        try:
            self.wait()
        finally:
            if self._manager is not None:
                self._manager.close()
                self._manager = None

    def _restore(self, number: int, like: Any) -> Saved:
        manager, wanted = self._open(), _leaves(like)
        read = ocp.args.Composite(about=ocp.args.JsonRestore())
        about = manager.restore(number, args=read)["about"]
        if about["layout"] != _layout(wanted):  # Orbax itself would not mind another shape
            raise ValueError("it is the state of another model or optimizer")
        abstract = jax.tree.map(ocp.utils.to_shape_dtype_struct, wanted)
        read = ocp.args.Composite(leaves=ocp.args.StandardRestore(abstract))
        leaves = manager.restore(number, args=read)["leaves"]
        if _sums(leaves) != about["sums"]:
            raise ValueError("its arrays are damaged")
        pytree = jax.tree.unflatten(jax.tree.structure(like), [leaves[name] for name in wanted])
        return Saved(about["step"], pytree, about["metadata"])

    def _open(self) -> ocp.CheckpointManager:
        if self._manager is None:
            options = ocp.CheckpointManagerOptions(max_to_keep=_KEPT, cleanup_tmp_directories=True)
            self._manager = ocp.CheckpointManager(self._folder, options=options, item_names=_ITEMS)
        return self._manager

    def _failure(self, error: Exception) -> StorageError:
        cause = str(error).partition("\n")[0][:200]
        return StorageError(
            f"The training state cannot be saved in {self._folder}: {cause}. "
            "The save before it is kept. Free some space or choose another folder."
        )


def _leaves(pytree: Any) -> dict[str, Any]:
    """Arrays by their path in the tree, in the tree's order."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(pytree)
    return {jax.tree_util.keystr(path): leaf for path, leaf in leaves}


def _layout(leaves: dict[str, Any]) -> dict[str, list[Any]]:
    return {name: [np.dtype(leaf.dtype).name, list(leaf.shape)] for name, leaf in leaves.items()}


def _sums(leaves: dict[str, jax.Array]) -> dict[str, int]:
    """A sum of the bits of each array, modulo 2**32, weighed by place: Orbax does not notice every
    flipped bit. Integer sums have no order: every mesh finds the same, each device by itself."""
    return {name: int(total) for name, total in jax.device_get(_weighed(leaves)).items()}


@jax.jit
def _weighed(leaves: dict[str, jax.Array]) -> dict[str, jax.Array]:
    return {name: _weighed_sum(leaf) for name, leaf in leaves.items()}


def _weighed_sum(leaf: jax.Array) -> jax.Array:
    unsigned = jnp.dtype(f"uint{8 * leaf.dtype.itemsize}")
    words = jax.lax.bitcast_convert_type(leaf, unsigned).astype(jnp.uint32)
    place = jnp.zeros(leaf.shape, jnp.uint32)
    for axis, size in enumerate(leaf.shape):
        place = place * jnp.uint32(size) + jax.lax.broadcasted_iota(jnp.uint32, leaf.shape, axis)
    place = place * jnp.uint32(0x9E3779B1)
    weight = (place ^ place >> 15) | 1  # odd: no single bit can vanish
    return jnp.sum(words * weight, dtype=jnp.uint32)
