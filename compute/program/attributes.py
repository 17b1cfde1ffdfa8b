"""Checks that the attributes of a step are what the record of its operation says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from compute.program import limits
from compute.program.operation import Attribute, Kind, Operation, require
from compute.program.program import Block, Constant
from compute.program.types import DType


def _integer(value: Any, attribute: Attribute) -> bool:
    return type(value) is int and 0 <= value < 1 << 32


def _signed(value: Any, attribute: Attribute) -> bool:
    return type(value) is int and -(1 << 31) <= value < 1 << 31


def _integers(value: Any, attribute: Attribute) -> bool:
    """Every list has an entry for each of some axes."""
    return (
        isinstance(value, tuple)
        and len(value) <= limits.RANK
        and all(_integer(v, attribute) for v in value)
    )


def _signed_tuples(value: Any, attribute: Attribute) -> bool:
    rows = isinstance(value, tuple) and all(isinstance(row, tuple) for row in value)
    return (
        rows
        and len(value) <= limits.RANK
        and len({len(row) for row in value}) <= 1
        and all(len(row) <= 3 for row in value)
        and all(_signed(v, attribute) for row in value for v in row)
    )


_IS: Mapping[Kind, Callable[[Any, Attribute], bool]] = {
    Kind.INTEGER: _integer,
    Kind.SIGNED: _signed,
    Kind.BOOLEAN: lambda value, _: isinstance(value, bool),
    Kind.INTEGERS: _integers,
    Kind.SIGNED_TUPLES: _signed_tuples,
    Kind.CHOICE: lambda value, attribute: value in attribute.choices,
    Kind.DTYPE: lambda value, _: isinstance(value, DType),
    Kind.BLOCK: lambda value, _: isinstance(value, Block),
    Kind.BLOCKS: lambda value, _: (
        isinstance(value, tuple) and all(isinstance(v, Block) for v in value)
    ),
    Kind.CONSTANT: lambda value, _: isinstance(value, Constant),
}


def check_attributes(operation: Operation, attributes: Mapping[str, Any]) -> None:
    """Raises ProgramError unless there is one value of the right kind for each attribute."""
    given, wanted = list(attributes), list(operation.attributes)
    require(given == wanted, f"it has attributes {given} and not {wanted}")
    for name, attribute in operation.attributes.items():
        require(
            _IS[attribute.kind](attributes[name], attribute),
            f"attribute {name} is not {attribute.kind.name.lower()} within its range",
        )
