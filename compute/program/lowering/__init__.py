"""Steps as forms: each operation's index arithmetic, for contracts that know nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from compute.program.form import Form, Lowered, Read
from compute.program.lowering import folds, moves, order
from compute.program.lowering.common import Attributes, NotLowered, Types, plain
from compute.program.operations import OPERATIONS
from compute.program.program import Step

__all__ = ["NAMES", "NotLowered", "lower"]

_PARAMETERS: Mapping[str, Callable[[Attributes], int]] = {
    "round": lambda attributes: ("even", "away").index(attributes["mode"]),
    "integer_power": lambda attributes: int(attributes["exponent"]),
}
_ELEMENTWISE = frozenset(
    name for name, operation in OPERATIONS.items() if 0x20 <= operation.code < 0x80
)


def _elementwise(step: Step, operands: Types) -> Form:
    result = step.results[0]
    parameter = _PARAMETERS.get(step.operation.name, lambda attributes: 0)(step.attributes)
    reads = [
        plain(number, kind) if kind.rank == result.rank else Read(number, (0,) * result.rank)
        for number, kind in enumerate(operands)
    ]
    code = step.operation.code
    return Form(code, result, result.shape, (), tuple(reads), len(reads), 0, parameter)


_ONE = {**moves.RULES, **folds.RULES}

# The operations that have forms; a scatter or a sort with attributes that are out of reach may not.
NAMES = _ELEMENTWISE | _ONE.keys() | order.RULES.keys()


def lower(step: Step, operands: Types) -> Lowered:
    """The forms of a valid step.  Raises NotLowered for control, constants, and what aliases."""
    name, attributes = step.operation.name, step.attributes
    if name in order.RULES:
        return order.RULES[name](attributes, operands, step.results)
    if name in _ONE:
        return Lowered((_ONE[name](attributes, operands, step.results[0]),), (0,))
    if name in _ELEMENTWISE:
        return Lowered((_elementwise(step, operands),), (0,))
    raise NotLowered(f"{name} has no form")
