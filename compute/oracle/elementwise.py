"""Rules that take equal shapes element by element: arithmetic, functions, bits, conversions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from compute.oracle import circular, elementary, number, special
from compute.oracle.array import Array, Attributes, Data, wrap
from compute.oracle.number import ONE, POINT, Number, from_pattern, nearest, to_pattern
from compute.program.types import DType

Scalar = Callable[..., Any]


def sign(a: int) -> int:
    return (a > 0) - (a < 0)


def propagating(function: Scalar) -> Callable[..., Number]:
    return number.strict(function)


def away(a: int) -> int:
    """The nearest integer, ties away from zero."""
    n = (abs(a) + ONE // 2) >> POINT
    return n if a >= 0 else -n


def quotient(a: int, b: int) -> int:
    """Truncated; of a division by zero all ones."""
    if b == 0:
        return -1
    q = abs(a) // abs(b)
    return q if (a < 0) == (b < 0) else -q


def modulo(a: int, b: int) -> int:
    """With the sign of a; modulo zero it is a."""
    return a - quotient(a, b) * b if b else a


_FLOATS: dict[str, Scalar] = {
    "add": number.add,
    "sub": number.subtract,
    "mul": number.multiply,
    "div": number.divide,
    "rem": number.remainder,
    "max": propagating(max),
    "min": propagating(min),
    "neg": propagating(lambda a: -a),
    "abs": propagating(abs),
    "sign": propagating(lambda a: sign(a) * ONE),
    "floor": propagating(lambda a: a >> POINT << POINT),
    "ceil": propagating(lambda a: -(-a >> POINT << POINT)),
    "sqrt": number.square_root,
    "rsqrt": elementary.rsqrt,
    "cbrt": elementary.cube_root,
    "exp": elementary.exp,
    "exp2": elementary.exp2,
    "expm1": elementary.expm1,
    "log": elementary.log,
    "log1p": elementary.log1p,
    "tanh": elementary.tanh,
    "logistic": elementary.logistic,
    "gelu": elementary.gelu,
    "erf": elementary.erf,
    "erfc": special.erfc,
    "erf_inv": special.erf_inv,
    "lgamma": special.lgamma,
    "digamma": special.digamma,
    "sin": circular.sin,
    "cos": circular.cos,
    "tan": circular.tan,
    "asin": circular.asin,
    "acos": circular.acos,
    "atan": circular.atan,
    "sinh": elementary.sinh,
    "cosh": elementary.cosh,
    "asinh": elementary.asinh,
    "acosh": elementary.acosh,
    "atanh": elementary.atanh,
    "atan2": circular.atan2,
    "power": elementary.power,
}
_INTEGERS: dict[str, Scalar] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": quotient,
    "rem": modulo,
    "max": max,
    "min": min,
    "neg": lambda a: -a,
    "abs": abs,
    "sign": sign,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "not": lambda a: ~a,
}
_COMPARE: dict[str, Scalar] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}


def bits(n: int, dtype: DType) -> int:
    """The pattern of an integer, unsigned."""
    return n & ((1 << dtype.bits) - 1)


def shift(name: str, a: int, by: int, dtype: DType) -> int:
    """The amount is read as unsigned."""
    amount = min(bits(by, dtype), dtype.bits)
    if name == "shift_left":
        return wrap(a << amount, dtype)
    if name == "shift_right_logical":
        return wrap(bits(a, dtype) >> amount, dtype)
    return wrap(bits(a, dtype) - (bits(a, dtype) >> dtype.bits - 1 << dtype.bits) >> amount, dtype)


def elementwise(name: str) -> Callable[[Attributes, Sequence[Array]], Data]:
    """add, and, exp, ...: floats by F24, everything else wraps."""

    def rule(attributes: Attributes, operands: Sequence[Array]) -> Data:
        dtype = operands[0].type.dtype
        columns = [operand.data for operand in operands]
        if dtype.is_float:
            return list(map(_FLOATS[name], *columns))
        function = _INTEGERS[name]
        return [wrap(function(*elements), dtype) for elements in zip(*columns, strict=True)]

    return rule


def compare(name: str) -> Callable[[Attributes, Sequence[Array]], Data]:
    def rule(attributes: Attributes, operands: Sequence[Array]) -> Data:
        a, b = operands
        return [int(_COMPARE[name](x, y)) for x, y in zip(a.data, b.data, strict=True)]

    return rule


def shifted(name: str) -> Callable[[Attributes, Sequence[Array]], Data]:
    def rule(attributes: Attributes, operands: Sequence[Array]) -> Data:
        a, b = operands
        return [shift(name, x, y, a.type.dtype) for x, y in zip(a.data, b.data, strict=True)]

    return rule


def rounding(attributes: Attributes, operands: Sequence[Array]) -> Data:
    to = partial(nearest, shift=POINT) if attributes["mode"] == "even" else away
    return [None if x is None else to(x) << POINT for x in operands[0].data]


def integer_power(attributes: Attributes, operands: Sequence[Array]) -> Data:
    return [elementary.integer_power(x, attributes["exponent"]) for x in operands[0].data]


def population_count(attributes: Attributes, operands: Sequence[Array]) -> Data:
    (a,) = operands
    return [bits(x, a.type.dtype).bit_count() for x in a.data]


def count_leading_zeros(attributes: Attributes, operands: Sequence[Array]) -> Data:
    dtype = operands[0].type.dtype
    return [dtype.bits - bits(x, dtype).bit_length() for x in operands[0].data]


def select(attributes: Attributes, operands: Sequence[Array]) -> Data:
    which, *cases = operands
    last = len(cases) - 1
    chosen = [cases[max(0, min(last, w))].data for w in which.data]
    if which.shape == ():
        return list(chosen[0]) if cases[0].shape else [chosen[0][0]]
    return [case[i] for i, case in enumerate(chosen)]


def is_finite(attributes: Attributes, operands: Sequence[Array]) -> Data:
    """It is asked only where nothing is SATURATED."""
    return [1] * len(operands[0].data)


def convert(attributes: Attributes, operands: Sequence[Array]) -> Data:
    source, to = operands[0].type.dtype, attributes["dtype"]
    data = operands[0].data
    if to is DType.BOOL:
        return [int(x != 0) for x in data]
    if to.is_float:
        return [number.value(x << POINT) for x in data]
    if source.is_float:
        whole = [abs(x) >> POINT if x >= 0 else -(-x >> POINT) for x in data]
        return [max(to.least, min(to.greatest, x)) for x in whole]
    return [wrap(x, to) for x in data]


def bitcast(attributes: Attributes, operands: Sequence[Array]) -> Data:
    source, to = operands[0].type.dtype, attributes["dtype"]
    data = operands[0].data
    if to.is_float:
        return [from_pattern(bits(x, source)) for x in data]
    return [wrap(to_pattern(x) if source.is_float else x, to) for x in data]


RULES: dict[str, Callable[[Attributes, Sequence[Array]], Data]] = {
    **{name: elementwise(name) for name in {**_FLOATS, **_INTEGERS}},
    **{name: compare(name) for name in _COMPARE},
    **{
        name: shifted(name)
        for name in ("shift_left", "shift_right_logical", "shift_right_arithmetic")
    },
    "round": rounding,
    "integer_power": integer_power,
    "population_count": population_count,
    "count_leading_zeros": count_leading_zeros,
    "select": select,
    "is_finite": is_finite,
    "convert": convert,
    "bitcast": bitcast,
}
