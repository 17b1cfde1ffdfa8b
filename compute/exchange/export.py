"""A model as a folder of files that other programs read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from compute.exchange import card
from compute.exchange.errors import Unexportable
from compute.exchange.tensors import write_tensors
from compute.inference import Model

__all__ = ["FORMATS", "Unexportable", "export"]

SAMPLES = 2  # examples whose outputs come along
SAMPLES_FILE = "examples.safetensors"

# what writes the files of a format; a module is imported when it is asked for
_WRITERS = {
    "safetensors": "tensors:write_plain",
    "orbax": "orbax:write",
    "stablehlo": "stablehlo:write",
    "onnx": "onnx:write",
    "transformers": "llama:write",
}
FORMATS = tuple(_WRITERS)


def export(model: Model, kind: str, folder: Path) -> list[Path]:
    """Write `model` to the new `folder`: its files, examples with their outputs, the provenance and
    a card. Raises Unexportable, OSError; nothing is left behind then."""
    module, name = _WRITERS[kind].split(":")
    write: Callable[[Model, Path], None] = getattr(_imported(module), name)
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise Unexportable(f"{folder} is there already: name a new folder.") from None
    try:
        write(model, folder)
        examples = _examples(model)
        write_tensors(folder / SAMPLES_FILE, examples, card.provenance(model))
        facts = json.dumps(card.provenance(model), indent=2)
        (folder / "provenance.json").write_text(facts + "\n", encoding="utf-8")
        (folder / "README.md").write_text(card.text(model, kind), encoding="utf-8")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _imported(module: str) -> Any:
    try:
        return import_module(f"compute.exchange.{module}")
    except ImportError as error:
        raise Unexportable(
            f"This needs {error.name}: pip install '.[export]' in the clone, and for ONNX "
            "'.[onnx]'."
        ) from None


def _examples(model: Model) -> dict[str, np.ndarray]:
    """Made-up inputs and what the program answers, in float32."""
    columns = {c.name: c.made_up(SAMPLES) for c in model.specification.columns}
    inputs = {f"inputs.{name}": values for name, values in columns.items()}
    return {**inputs, "outputs": model.outputs(columns)}
