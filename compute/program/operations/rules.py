"""Shared type rules: sentences about operands, axes and sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from compute.program import limits
from compute.program.operation import Cost, CostRule, TypeRule, require
from compute.program.types import DType, Type

Attributes = Mapping[str, Any]
Types = Sequence[Type]
Allowed = Callable[[DType], bool]


def is_number(dtype: DType) -> bool:
    return dtype is not DType.BOOL


def is_float(dtype: DType) -> bool:
    return dtype.is_float


def is_integer(dtype: DType) -> bool:
    return dtype.is_integer


def is_bits(dtype: DType) -> bool:
    return not dtype.is_float


def is_any(dtype: DType) -> bool:
    return True


MEANING: dict[Allowed, str] = {
    is_number: "numbers",
    is_float: "f24",
    is_integer: "integers",
    is_bits: "bool or integers",
    is_any: "anything",
}


def count(operands: Types, expected: int) -> None:
    require(
        len(operands) == expected, f"it takes {expected} operand(s) and is given {len(operands)}"
    )


def holds(operand: Type, allowed: Allowed) -> None:
    require(allowed(operand.dtype), f"it takes {MEANING[allowed]}, not {operand}")


def alike(operands: Types) -> None:
    """All operands have one type."""
    for other in operands[1:]:
        require(other == operands[0], f"its operands differ: {operands[0]} and {other}")


def scalar_integers(operands: Types) -> None:
    for operand in operands:
        require(
            operand.dtype.is_integer and not operand.shape,
            f"a position is one integer, not {operand}",
        )


def an_axis(axis: int, rank: int) -> int:
    require(axis < rank, f"axis {axis} does not exist in {rank} axes")
    return axis


def distinct_axes(axes: Sequence[int], rank: int, what: str = "axes") -> None:
    for axis in axes:
        an_axis(axis, rank)
    require(len(set(axes)) == len(axes), f"{what} {list(axes)} name one axis twice")


def ascending_axes(axes: Sequence[int], rank: int, what: str = "axes") -> None:
    """Sets of axes are written in one order."""
    distinct_axes(axes, rank, what)
    require(list(axes) == sorted(axes), f"{what} {list(axes)} are not in ascending order")


def per_axis(values: Sequence[Any], rank: int, what: str) -> None:
    require(len(values) == rank, f"{what} has {len(values)} entries for {rank} axes")


def at_least_one(values: Iterable[int], what: str) -> None:
    require(all(v >= 1 for v in values), f"{what} must be at least 1")


def terms(number: int) -> None:
    require(number <= limits.SUM_TERMS, f"{number} terms of a sum are more than 2^30")


def elementwise(operands: int, allowed: Allowed) -> TypeRule:
    """Operands of one type, a result of the same."""

    def infer(attributes: Attributes, types: Types) -> tuple[Type, ...]:
        count(types, operands)
        holds(types[0], allowed)
        alike(types)
        return (types[0],)

    return infer


def work(operands: Types, results: Types) -> int:
    """Elements touched; at least 1, so that no step is free."""
    return max([1, *(t.size for t in (*operands, *results))])


def per_element(operations: int, scratch_bytes: int = 0) -> CostRule:
    """So many elementary operations and bytes of work arrays for each element touched."""

    def cost(attributes: Attributes, operands: Types, results: Types) -> Cost:
        elements = work(operands, results)
        return Cost(elementary=operations * elements, scratch_bytes=scratch_bytes * elements)

    return cost


MOVE = per_element(1)
ARITHMETIC = per_element(1, 16)  # two float64 arrays
ALL_SUMS = per_element(4, 208)  # all in integers, as soon as one cannot be decided
