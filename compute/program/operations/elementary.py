"""Elementary functions of f24: fixed programs (docs/exact.md, Elementary functions)."""

from __future__ import annotations

from compute.program.operation import Attribute, Cost, Kind, Operation
from compute.program.operations.rules import (
    Attributes,
    Types,
    elementwise,
    is_float,
    per_element,
    work,
)

_FUNCTION = per_element(32, 48)  # a polynomial: about 32 operations, six float64 arrays
_LONG = per_element(128, 64)

_UNARY = (
    "rsqrt", "cbrt", "exp", "exp2", "expm1", "log", "log1p", "tanh", "logistic", "gelu", "erf",
    "erfc", "erf_inv", "lgamma", "digamma", "sin", "cos", "tan", "asin", "acos", "atan", "sinh",
    "cosh", "asinh", "acosh", "atanh",
)  # fmt: skip


def _integer_power(attributes: Attributes, operands: Types, results: Types) -> Cost:
    products = 2 * abs(attributes["exponent"]).bit_length() + 1
    elements = work(operands, results)
    return Cost(elementary=products * elements, scratch_bytes=24 * elements)


OPERATIONS = (
    *(
        Operation(
            name,
            0x40 + i,
            {},
            elementwise(1, is_float),
            _LONG if name in ("erfc", "erf_inv", "lgamma", "digamma") else _FUNCTION,
        )
        for i, name in enumerate(_UNARY)
    ),
    Operation(
        "integer_power",
        0x5A,
        {"exponent": Attribute(Kind.SIGNED)},
        elementwise(1, is_float),
        _integer_power,
    ),
    Operation("atan2", 0x5B, {}, elementwise(2, is_float), _FUNCTION),
    Operation("power", 0x5C, {}, elementwise(2, is_float), _LONG),
)
