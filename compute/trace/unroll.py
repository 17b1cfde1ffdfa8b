"""From a program and its loss to rows, in the order of execution: parameters, inputs, the target,
the steps of main, the loss."""

from __future__ import annotations

from dataclasses import dataclass

from compute.program.program import Program
from compute.program.types import Type
from compute.trace import losses
from compute.trace.rows import MOST_EXAMPLE_BYTES, NotRefereed, Rows
from compute.trace.unroller import Unroller, check_steps, executed, require

TARGET_WIDTH = 8  # no integer of a column has more bytes


@dataclass(frozen=True)
class Target:
    """The column that the loss compares with: how `rows.Column` reads it."""

    name: str
    mode: int


def unroll(program: Program, loss: str, target: Target) -> Rows:
    """The rows of a valid program.  Raises NotRefereed, after bounded work."""
    check_steps(executed(program.main))  # at least so many: long loops are not begun
    unroller = Unroller()
    values = unroller.sources(program)
    results = unroller.block(program.main, values)
    y = results[0]
    column = unroller.column(target.name, losses.target_kind(loss, y.kind), target.mode)
    _check_example(program, column.kind)
    losses.rows_of(unroller, loss, y, column)
    return Rows(tuple(unroller.rows), tuple(results))


def refereed(program: Program, loss: str, target: Target) -> str | None:
    """Why no contract can judge losses of this program, or None if one can."""
    try:
        unroll(program, loss, target)
    except NotRefereed as error:
        return str(error)
    return None


def _check_example(program: Program, target: Type) -> None:
    size = sum(kind.bytes for _, kind in program.inputs) + target.size * TARGET_WIDTH
    require(size <= MOST_EXAMPLE_BYTES, f"an example of {size} bytes is too large to be shown")
