"""Rules for arithmetic, logic, comparisons, selections and conversions, element by element."""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from compute.exact import conversion, number
from compute.exact.number import SATURATED, is_saturated
from compute.exact.values import (
    Attributes,
    Context,
    Rule,
    Value,
    arithmetic,
    by_type,
    each,
    elementwise,
)
from compute.program.program import Step
from compute.program.types import DType


def larger(a: Array, b: Array) -> Array:
    """SATURATED if one is."""
    return jnp.where(a > b, a, jnp.where(b >= a, b, SATURATED))


def smaller(a: Array, b: Array) -> Array:
    return jnp.where(a < b, a, jnp.where(b <= a, b, SATURATED))


def integer_divide(a: Array, b: Array) -> Array:
    """Towards zero; x / 0 is all ones; the least / -1 wraps."""
    ones = jnp.array(-1).astype(a.dtype)
    by_minus_one = (b == ones) if jnp.issubdtype(a.dtype, jnp.signedinteger) else False
    safe = jnp.where((b == 0) | by_minus_one, 1, b).astype(a.dtype)
    quotient = jnp.where(by_minus_one, (jnp.zeros_like(a) - a), lax.div(a, safe))
    return jnp.where(b == 0, ones, quotient)


def integer_remainder(a: Array, b: Array) -> Array:
    """With the sign of a; x rem 0 is x."""
    ones = jnp.array(-1).astype(a.dtype)
    by_minus_one = (b == ones) if jnp.issubdtype(a.dtype, jnp.signedinteger) else False
    safe = jnp.where((b == 0) | by_minus_one, 1, b).astype(a.dtype)
    return jnp.where(b == 0, a, jnp.where(by_minus_one, 0, lax.rem(a, safe)).astype(a.dtype))


def float_sign(a: Array) -> Array:
    one = jnp.where(a > 0, np.float32(1), jnp.where(a < 0, np.float32(-1), np.float32(0)))
    return jnp.where(is_saturated(a), SATURATED, one)


def _whole(context: Context, step: Step, values: Sequence[Value]) -> list[Value]:
    mode, whole = step.attributes.get("mode", step.operation.name), context.carrier.arithmetic.whole
    return elementwise(lambda a: whole(a, mode))(context, step, values)


def _amount(b: Array) -> tuple[Array, Array]:
    """(an amount that is defined, is it below the width), read as unsigned."""
    bits = b.dtype.itemsize * 8
    inside = (b >= 0) & (b < bits)
    return jnp.where(inside, b, 0).astype(b.dtype), inside


def shift_left(a: Array, b: Array) -> Array:
    by, inside = _amount(b)
    return jnp.where(inside, a << by, 0).astype(a.dtype)


def shift_right_logical(a: Array, b: Array) -> Array:
    by, inside = _amount(b)
    return jnp.where(inside, lax.shift_right_logical(a, by), 0).astype(a.dtype)


def shift_right_arithmetic(a: Array, b: Array) -> Array:
    """Also of unsigned integers the highest bit is repeated."""
    by, inside = _amount(b)
    last = a.dtype.itemsize * 8 - 1
    return lax.shift_right_arithmetic(a, jnp.where(inside, by, last).astype(a.dtype))


def count_leading_zeros(a: Array) -> Array:
    """In 32 bits: XLA's for CPUs is wrong in eight."""
    bits = a.dtype.itemsize * 8
    wide = lax.bitcast_convert_type(a, f"uint{bits}").astype(jnp.uint32)
    return (lax.clz(wide).astype(jnp.int32) - (32 - bits)).astype(a.dtype)


def _select(attributes: Attributes, which: Array, *cases: Array) -> Array:
    if which.dtype == jnp.bool_:
        return jnp.where(which, cases[1], cases[0])
    found = cases[0]
    for i, case in enumerate(cases[1:], 1):
        found = jnp.where(which >= i, case, found)
    return found


def _convert(attributes: Attributes, a: Array) -> Array:
    target: DType = attributes["dtype"]
    if target is DType.BOOL:
        return a != 0
    if target is DType.F24:
        return conversion.from_integer(a)
    if jnp.issubdtype(a.dtype, jnp.floating):
        return conversion.to_integer(a, target.numpy)
    return a.astype(target.numpy)


def _bitcast(attributes: Attributes, a: Array) -> Array:
    target = jnp.dtype(attributes["dtype"].numpy)
    if jnp.issubdtype(a.dtype, jnp.floating):
        a = jnp.where(a == 0, np.float32(0), a)
    found = lax.bitcast_convert_type(a, target)
    return number.canonical(found) if target == jnp.float32 else found


RULES: dict[str, Rule] = {
    "add": by_type("add", lax.add),
    "sub": by_type("subtract", lax.sub),
    "mul": by_type("multiply", lax.mul),
    "div": by_type("divide", integer_divide),
    "rem": by_type("remainder", integer_remainder),
    "max": by_type(larger, lax.max),
    "min": by_type(smaller, lax.min),
    "neg": by_type(lax.neg, lambda a: jnp.zeros_like(a) - a),
    "abs": by_type(lax.abs, lambda a: jnp.where(a < 0, jnp.zeros_like(a) - a, a)),
    "sign": by_type(float_sign, lax.sign),
    "floor": _whole,
    "ceil": _whole,
    "round": _whole,
    "sqrt": arithmetic("square_root"),
    "and": elementwise(lax.bitwise_and),
    "or": elementwise(lax.bitwise_or),
    "xor": elementwise(lax.bitwise_xor),
    "not": elementwise(lax.bitwise_not),
    "shift_left": elementwise(shift_left),
    "shift_right_logical": elementwise(shift_right_logical),
    "shift_right_arithmetic": elementwise(shift_right_arithmetic),
    "population_count": elementwise(lax.population_count),
    "count_leading_zeros": elementwise(count_leading_zeros),
    "eq": elementwise(lax.eq),
    "ne": elementwise(lax.ne),
    "lt": elementwise(lax.lt),
    "le": elementwise(lax.le),
    "gt": elementwise(lax.gt),
    "ge": elementwise(lax.ge),
    "select": each(_select),
    "is_finite": elementwise(lambda a: ~is_saturated(a)),
    "convert": each(_convert),
    "bitcast": each(_bitcast),
}
