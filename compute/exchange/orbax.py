"""Orbax: the parameters as the tree of the Flax module."""

from pathlib import Path

import jax
import orbax.checkpoint as ocp
from flax.traverse_util import unflatten_dict

from compute.inference import Model

FOLDER = "parameters"


def write(model: Model, folder: Path) -> None:
    """The folder that `orbax.checkpoint.StandardCheckpointer().restore` reads."""
    tree = unflatten_dict({n: jax.numpy.asarray(v) for n, v in model.parameters.items()}, sep="/")
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save((folder / FOLDER).absolute(), tree)
