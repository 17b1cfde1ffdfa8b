"""Arithmetic of equal shapes: the exact result, rounded once; integers wrap."""

from __future__ import annotations

from compute.program.operation import Attribute, Kind, Operation
from compute.program.operations.rules import ARITHMETIC, elementwise, is_float, is_number

_BOTH = ("add", "sub", "mul", "div", "rem", "max", "min")
_ONE = ("neg", "abs", "sign")
_REAL = ("floor", "ceil")

OPERATIONS = (
    *(
        Operation(name, 0x20 + i, {}, elementwise(2, is_number), ARITHMETIC)
        for i, name in enumerate(_BOTH)
    ),
    *(
        Operation(name, 0x27 + i, {}, elementwise(1, is_number), ARITHMETIC)
        for i, name in enumerate(_ONE)
    ),
    *(
        Operation(name, 0x2A + i, {}, elementwise(1, is_float), ARITHMETIC)
        for i, name in enumerate(_REAL)
    ),
    Operation(
        "round",
        0x2C,
        {"mode": Attribute(Kind.CHOICE, ("even", "away"))},
        elementwise(1, is_float),
        ARITHMETIC,
    ),
    Operation("sqrt", 0x2D, {}, elementwise(1, is_float), ARITHMETIC),
)
