"""safetensors: parameters by their flat names, the provenance in the metadata."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from compute.durable import replace_file
from compute.exchange import card
from compute.exchange.errors import Unexportable
from compute.inference import Model

FILE = "model.safetensors"
MAX_BYTES = 1 << 35
_DTYPES = ("F16", "F32", "F64")


def write_plain(model: Model, folder: Path) -> None:
    """The parameters as they are in the checkpoint."""
    write_tensors(folder / FILE, model.parameters, card.provenance(model))


def write_tensors(path: Path, tensors: Mapping[str, np.ndarray], metadata: dict[str, str]) -> None:
    """Write a file whole or not at all. Raises OSError."""
    whole = {name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}
    replace_file(path, save(whole, metadata=metadata))


def shapes_in(path: Path) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor of a file; none is read. Raises Unexportable."""
    with _opened(path) as file:
        return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """float32 tensors of a file of real numbers. Raises Unexportable."""
    found = {}
    with _opened(path) as file:
        for name in file.keys():  # noqa: SIM118 - it is no mapping
            kind = file.get_slice(name).get_dtype()
            if kind not in _DTYPES:
                raise Unexportable(
                    f"{path}: {name} is {kind}; real numbers are {', '.join(_DTYPES)}."
                )
            found[name] = file.get_tensor(name).astype(np.float32)
    return found


def _opened(path: Path) -> Any:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Unexportable(f"{path} has more than {MAX_BYTES} bytes.")
        return safe_open(path, framework="np")
    except (OSError, SafetensorError) as error:
        raise Unexportable(f"{path} is no safetensors file that can be read: {error}.") from None
