"""A trainer's private state on its own disk, through Orbax: the last complete save survives."""

import hashlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp

from compute.storage import StorageError

_KEPT = 2  # the newest save, and the one to fall back on
_ITEMS = ("about", "leaves")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Saved:
    """What `save` was given."""

    step: int
    pytree: Any
    metadata: dict[str, Any]


def save(folder: str | os.PathLike[str], step: int, pytree: Any, metadata: dict[str, Any]) -> None:
    """Write `pytree` (arrays) and `metadata` (JSON) so that a kill at any moment leaves the save
    before it or this one. Returns after it is complete; keeps the last two saves.

    Saves are ordered by when they were made, not by `step`: training may start over at 0.
    Raises StorageError if the disk is full or fails; the saves before it are kept.
    """
    leaves = _leaves(pytree)
    about = {
        "step": step,
        "metadata": metadata,
        "layout": _layout(leaves),
        "sha256": _digest(leaves),
    }
    items = ocp.args.Composite(about=ocp.args.JsonSave(about), leaves=ocp.args.StandardSave(leaves))
    try:
        with _manager(folder) as manager:
            number = max(manager.all_steps(), default=0) + 1
            manager.save(number, args=items, force=True)
            manager.wait_until_finished()
    # A full disk is an OSError of Python's or a ValueError of TensorStore's.
    except (OSError, ValueError) as error:
        cause = str(error).partition("\n")[0][:200]
        raise StorageError(
            f"The training state cannot be saved in {folder}: {cause}. "
            "The save before it is kept. Free some space or choose another folder."
        ) from error


def restore(folder: str | os.PathLike[str], *, like: Any) -> Saved | None:
    """The latest complete, undamaged save whose pytree has the structure, shapes and dtypes of
    `like`, or None. A damaged save is passed over with a warning for the one before it."""
    if not Path(folder).is_dir():
        return None
    wanted = _leaves(like)
    with _manager(folder) as manager:
        for number in sorted(manager.all_steps(), reverse=True):
            try:
                return _restore(manager, number, like, wanted)
            # Damage shows as any exception of Orbax, TensorStore or the JSON decoder.
            except Exception as error:
                logger.warning("the save %s/%d cannot be used: %s", folder, number, error)
    return None


def _restore(
    manager: ocp.CheckpointManager, number: int, like: Any, wanted: dict[str, np.ndarray]
) -> Saved:
    about = manager.restore(number, args=ocp.args.Composite(about=ocp.args.JsonRestore()))["about"]
    if about["layout"] != _layout(wanted):  # Orbax itself would not mind another shape
        raise ValueError("it is the state of another model or optimizer")
    leaves = manager.restore(
        number, args=ocp.args.Composite(leaves=ocp.args.StandardRestore(wanted))
    )["leaves"]
    if _digest(leaves) != about["sha256"]:
        raise ValueError("its arrays are damaged")
    pytree = jax.tree.unflatten(jax.tree.structure(like), [leaves[name] for name in wanted])
    return Saved(about["step"], pytree, about["metadata"])


def _manager(folder: str | os.PathLike[str]) -> ocp.CheckpointManager:
    options = ocp.CheckpointManagerOptions(
        max_to_keep=_KEPT, enable_async_checkpointing=False, cleanup_tmp_directories=True
    )
    return ocp.CheckpointManager(Path(folder).absolute(), options=options, item_names=_ITEMS)


def _leaves(pytree: Any) -> dict[str, np.ndarray]:
    """Arrays by their path in the tree, in the tree's order."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(pytree)
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves}


def _layout(leaves: dict[str, np.ndarray]) -> dict[str, list[Any]]:
    return {name: [leaf.dtype.name, list(leaf.shape)] for name, leaf in leaves.items()}


def _digest(leaves: dict[str, np.ndarray]) -> str:
    """Orbax does not notice every flipped bit in an array; sha256 does."""
    hasher = hashlib.sha256()
    for _, leaf in sorted(leaves.items()):
        hasher.update(np.ascontiguousarray(leaf).reshape(-1).view(np.uint8).data)
    return hasher.hexdigest()
