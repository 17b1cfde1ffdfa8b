"""Constants, counters, and the identity."""

from __future__ import annotations

import re

from compute.program import limits
from compute.program.operation import Attribute, Kind, Operation, require
from compute.program.operations.rules import (
    MOVE,
    Attributes,
    Types,
    an_axis,
    count,
    elementwise,
    is_any,
    is_number,
)
from compute.program.program import Constant
from compute.program.types import DType, Type

# Little-endian float32 patterns of +0 and of exponents 31 ... 254, that is 2**-96 <= |x| < 2**128.
_NUMBERS = re.compile(
    rb"(?:\x00{4}|..(?:[\x80-\xff][\x0f\x8f]|.[\x10-\x7e\x90-\xfe]|[\x00-\x7f][\x7f\xff]))*+",
    re.DOTALL,
)
_BOOLEANS = re.compile(rb"[\x00\x01]*+")


def check_constant(constant: Constant) -> None:
    """Its bytes are those of its type, in the one form that each array has."""
    kind, width, size = constant.type, constant.type.dtype.bytes, constant.type.size
    given = len(constant.data)
    require(given <= limits.CONSTANT_BYTES, f"a constant of {given} bytes is too large")
    require(
        given == size * width or (size > 0 and given == width),
        f"{given} bytes are not the elements of {kind}",
    )
    if size > 1 and given == size * width:
        one = constant.data[:width]
        require(constant.data != one * size, "a constant of equal elements names them once")
    if kind.dtype.is_float:
        require(_NUMBERS.fullmatch(constant.data) is not None, "a constant that is not a number")
    if kind.dtype is DType.BOOL:
        require(_BOOLEANS.fullmatch(constant.data) is not None, "a bool is 0 or 1")


def _constant(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    count(operands, 0)
    check_constant(attributes["value"])
    return (attributes["value"].type,)


def _iota(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    count(operands, 0)
    require(is_number(attributes["dtype"]), "it counts in numbers, not in bool")
    an_axis(attributes["axis"], len(attributes["shape"]))
    return (Type(attributes["dtype"], attributes["shape"]),)


OPERATIONS = (
    Operation("constant", 0x01, {"value": Attribute(Kind.CONSTANT)}, _constant, MOVE),
    Operation(
        "iota",
        0x02,
        {
            "dtype": Attribute(Kind.DTYPE),
            "shape": Attribute(Kind.INTEGERS),
            "axis": Attribute(Kind.INTEGER),
        },
        _iota,
        MOVE,
    ),
    # the identity; a derivative takes its operand for a constant
    Operation("stop_gradient", 0x03, {}, elementwise(1, is_any), MOVE),
)
