"""Bits, comparisons, selections and conversions between element types."""

from __future__ import annotations

from compute.program.operation import Attribute, Kind, Operation, require
from compute.program.operations.rules import (
    MOVE,
    Attributes,
    Types,
    alike,
    count,
    elementwise,
    holds,
    is_bits,
    is_float,
    is_integer,
)
from compute.program.types import DType, Type


def _compare(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    count(operands, 2)
    alike(operands)
    return (Type(DType.BOOL, operands[0].shape),)


def _select(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    require(len(operands) >= 2, "it takes a selector and cases")
    which, cases = operands[0], operands[1:]
    alike(cases)
    require(which.dtype in (DType.BOOL, DType.I32), f"a selector is bool or i32, not {which}")
    require(
        which.shape in ((), cases[0].shape),
        f"a selector of {which} does not choose among {cases[0]}",
    )
    require(which.dtype is DType.I32 or len(cases) == 2, "a bool selects between two cases")
    return (cases[0],)


def _is_finite(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    count(operands, 1)
    holds(operands[0], is_float)
    return (Type(DType.BOOL, operands[0].shape),)


def _convert(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    count(operands, 1)
    require(attributes["dtype"] is not operands[0].dtype, f"{operands[0]} is that type already")
    return (Type(attributes["dtype"], operands[0].shape),)


def _bitcast(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    (result,) = _convert(attributes, operands)
    same = result.dtype.bits == operands[0].dtype.bits
    require(same, f"{operands[0]} has not as many bits as {result}")
    return (result,)


_BITWISE = elementwise(2, is_bits)
_SHIFT = elementwise(2, is_integer)
_COUNT = elementwise(1, is_integer)

OPERATIONS = (
    Operation("and", 0x60, {}, _BITWISE, MOVE),
    Operation("or", 0x61, {}, _BITWISE, MOVE),
    Operation("xor", 0x62, {}, _BITWISE, MOVE),
    Operation("not", 0x63, {}, elementwise(1, is_bits), MOVE),
    Operation("shift_left", 0x64, {}, _SHIFT, MOVE),
    Operation("shift_right_logical", 0x65, {}, _SHIFT, MOVE),
    Operation("shift_right_arithmetic", 0x66, {}, _SHIFT, MOVE),
    Operation("population_count", 0x67, {}, _COUNT, MOVE),
    Operation("count_leading_zeros", 0x68, {}, _COUNT, MOVE),
    *(
        Operation(name, 0x69 + i, {}, _compare, MOVE, decides=True)
        for i, name in enumerate(("eq", "ne", "lt", "le", "gt", "ge"))
    ),
    Operation("select", 0x6F, {}, _select, MOVE),
    Operation("is_finite", 0x70, {}, _is_finite, MOVE, decides=True),
    Operation("convert", 0x71, {"dtype": Attribute(Kind.DTYPE)}, _convert, MOVE, decides=True),
    Operation("bitcast", 0x72, {"dtype": Attribute(Kind.DTYPE)}, _bitcast, MOVE, decides=True),
)
