"""Show what `nrn group create` and `fork` would found, before it is final."""

import math
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from compute.cli.failure import Refused
from compute.cli.output import Output
from compute.cli.saying import shown
from compute.cli.values import Size

if TYPE_CHECKING:
    import numpy as np

    from compute.models import ModelSpecification

# multiply-adds that one core of a laptop does in a second exactly, to the order of magnitude
SPEED = 2 * 10**9


def confirm(
    out: Output,
    model: "ModelSpecification",
    columns: "Mapping[str, np.ndarray]",
    labels: Mapping[str, tuple[str, ...]],
    yes: bool,
) -> None:
    """Show on standard error what would be founded, and ask where a person can answer. Raises
    Refused if the answer is no."""
    from compute.roles.founder import check_columns

    check_columns(model, columns)
    with out.progress("reading the program"):
        told = facts(model, columns, labels)
    out.aside("This would be founded, for ever:", told)
    if yes or not sys.stdin.isatty():
        return
    if not typer.confirm("Found it?", err=True):
        raise Refused("Nothing was founded.")


def facts(
    model: "ModelSpecification",
    columns: "Mapping[str, np.ndarray]",
    labels: Mapping[str, tuple[str, ...]],
) -> dict[str, Any]:
    """Data and model in a few lines."""
    from compute.oracle.advice import sights

    examples = len(columns[model.target])
    parameters = sum(math.prod(shape) for shape in model.parameter_shapes().values())
    work = examples * model.cost.multiply_adds
    return {
        **{key: text for key, text in shown(model.about).items() if text is not None},
        "examples": examples,
        **{f"column {name}": _column(array) for name, array in sorted(columns.items())},
        "predicts": _predicts(model, labels),
        "model": f"{model.architecture.name}, {parameters:,} parameters ({Size(4 * parameters)})",
        **{f"sight of {name}": seen for name, seen in sights(model.program).items()},
        "an evaluation": f"{work:,} multiply-adds: about {max(1, work // SPEED)} s on one core",
    }


def _column(array: "np.ndarray") -> str:
    shape = "×".join(map(str, array.shape[1:])) or "one number"
    low, high = (array.min(), array.max()) if array.size else (0, 0)
    return f"{array.dtype}, {shape}, {low} to {high}"


def _predicts(model: "ModelSpecification", labels: Mapping[str, tuple[str, ...]]) -> str:
    outputs = model.output_shape[-1]
    if model.loss == "squared_error":
        numbers = "one number" if outputs == 1 else f"{outputs} numbers"
        return f"{model.target}: {numbers}, by squared error"
    names = labels.get(model.target)
    named = f" ({', '.join(names[:8])}{', …' if len(names) > 8 else ''})" if names else ""
    several = " of which several may hold" if model.loss == "binary_cross_entropy" else ""
    return f"{model.target}: one of {outputs} classes{several}{named}, in nats"
