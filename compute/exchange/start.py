"""Import parameters as a trainer's start: safetensors of the same architecture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from compute.exchange import llama, tensors
from compute.exchange.errors import Unexportable
from compute.models import ModelSpecification, Transformer


def import_parameters(path: Path, specification: ModelSpecification) -> dict[str, np.ndarray]:
    """The parameters of `specification` in a safetensors file, or in a folder of such files, by the
    names of the Flax module or, for a transformer, those of a Llama model. Shapes are compared
    before anything is read. Raises Unexportable."""
    files = _files(path)
    found = {name: shape for file in files for name, shape in tensors.shapes_in(file).items()}
    wanted, architecture = specification.parameter_shapes(), specification.architecture
    foreign = isinstance(architecture, Transformer) and llama.EMBEDDING in found
    if isinstance(architecture, Transformer) and foreign:
        wanted = llama.shapes(architecture)
    _check(path, wanted, found)
    read = {name: a for file in files for name, a in tensors.read_tensors(file).items()}
    read = {name: read[name] for name in wanted}
    if isinstance(architecture, Transformer) and foreign:
        return llama.from_llama(architecture, read)
    return read


def _files(path: Path) -> list[Path]:
    files = sorted(path.glob("model*.safetensors")) if path.is_dir() else [path]
    if not files:
        raise Unexportable(f"{path} holds no model.safetensors.")
    return files


def _check(
    path: Path, wanted: Mapping[str, tuple[int, ...]], found: Mapping[str, tuple[int, ...]]
) -> None:
    """What is there besides is not read; buffers of other programs are among it."""
    for name, shape in wanted.items():
        if name not in found:
            raise Unexportable(f"{path} has no {name}: it is of another architecture.")
        if found[name] != tuple(shape):
            raise Unexportable(
                f"{path}: {name} is {list(found[name])}, the group's model has {list(shape)}."
            )
