"""Functions of complex numbers, written out in real arithmetic.

A complex number is the tuple of its real and its imaginary part; a real one is no tuple.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import lax

Complex = tuple[Any, Any]
Parameters = dict[str, Any]


def _multiply(a: Complex, b: Complex) -> Complex:
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def _divide(a: Complex, b: Complex) -> Complex:
    size = b[0] * b[0] + b[1] * b[1]
    real, imaginary = _multiply(a, (b[0], -b[1]))
    return real / size, imaginary / size


def _exponential(a: Complex) -> Complex:
    size = jnp.exp(a[0])
    return size * jnp.cos(a[1]), size * jnp.sin(a[1])


def _absolute(a: Complex) -> Any:
    """Scaled, so that the squares of large and small numbers are numbers."""
    largest = jnp.maximum(jnp.abs(a[0]), jnp.abs(a[1]))
    scale = jnp.where(largest == 0, 1.0, largest)
    x, y = a[0] / scale, a[1] / scale
    return largest * jnp.sqrt(x * x + y * y)


def _square_root(a: Complex) -> Complex:
    size = _absolute(a)
    real = jnp.sqrt((size + jnp.maximum(a[0], -a[0])) / 2)
    other = jnp.where(real == 0, 0.0, jnp.abs(a[1]) / (2 * jnp.where(real == 0, 1.0, real)))
    left = a[0] < 0
    sign = jnp.where(a[1] < 0, -1.0, 1.0)
    return jnp.where(left, other, real), sign * jnp.where(left, real, other)


def _dot(a: Complex | Any, b: Complex | Any, dimension_numbers: Any) -> Complex:
    """The one primitive whose operands need not both be complex."""
    dot = functools.partial(lax.dot_general, dimension_numbers=dimension_numbers)
    if not isinstance(a, tuple):
        return dot(a, b[0]), dot(a, b[1])
    if not isinstance(b, tuple):
        return dot(a[0], b), dot(a[1], b)
    return dot(a[0], b[0]) - dot(a[1], b[1]), dot(a[0], b[1]) + dot(a[1], b[0])


def _convolution(a: Complex, b: Complex, parameters: Parameters) -> Complex:
    names = (
        "window_strides padding lhs_dilation rhs_dilation dimension_numbers "
        "feature_group_count batch_group_count"
    )
    geometry = {name: parameters[name] for name in names.split()}
    convolve: Any = functools.partial(lax.conv_general_dilated, **geometry)
    real = convolve(a[0], b[0]) - convolve(a[1], b[1])
    return real, convolve(a[0], b[1]) + convolve(a[1], b[0])


def _one(like: Complex) -> Complex:
    return jnp.ones_like(like[0]), jnp.zeros_like(like[0])


def _inverse(a: Complex) -> Complex:
    return _divide(_one(a), a)


def _integer_power(a: Complex, exponent: int) -> Complex:
    result = _one(a)
    for _ in range(abs(exponent)):
        result = _multiply(result, a)
    return result if exponent >= 0 else _inverse(result)


def _logarithm(a: Complex) -> Complex:
    return jnp.log(_absolute(a)), jnp.arctan2(a[1], a[0])


def _power(a: Complex, b: Complex | Any) -> Complex:
    """exp(b log a); 0 ** 0 is 1.  Integers may be exponents as they are."""
    if not isinstance(b, tuple):
        b = (b.astype(jnp.float32), jnp.zeros(b.shape, jnp.float32))
    no_base = (a[0] == 0) & (a[1] == 0)
    no_exponent = (b[0] == 0) & (b[1] == 0)
    base = jnp.where(no_base, 1.0, a[0]), a[1]
    real, imaginary = _exponential(_multiply(b, _logarithm(base)))
    of_zero = jnp.where(no_exponent, 1.0, 0.0)
    return jnp.where(no_base, of_zero, real), jnp.where(no_base, 0.0, imaginary)


def _hyperbolic_tangent(a: Complex) -> Complex:
    """Beyond 16 it is 1 to 24 bits."""
    x, y = 2 * jnp.clip(a[0], -16.0, 16.0), 2 * a[1]
    size = jnp.cosh(x) + jnp.cos(y)
    return jnp.sinh(x) / size, jnp.sin(y) / size


def _tangent(a: Complex) -> Complex:
    """-i tanh(i a)"""
    x, y = _hyperbolic_tangent((-a[1], a[0]))
    return y, -x


def _exponential_less_one(a: Complex) -> Complex:
    """exp(x) cos(y) - 1 without the difference: cos(y) is 1 - 2 sin(y / 2)**2."""
    half = jnp.sin(a[1] / 2)
    return jnp.expm1(a[0]) * jnp.cos(a[1]) - 2 * half * half, jnp.exp(a[0]) * jnp.sin(a[1])


def _logarithm_of_more(a: Complex) -> Complex:
    """log(1 + a), by |1 + a|**2 - 1."""
    x, y = a
    return jnp.log1p(x * (2 + x) + y * y) / 2, jnp.arctan2(y, 1 + x)


def _sign(a: Complex) -> Complex:
    size = _absolute(a)
    divisor = jnp.where(size == 0, 1.0, size)
    return a[0] / divisor, a[1] / divisor


def _logistic(a: Complex) -> Complex:
    x, y = _exponential((-a[0], -a[1]))
    return _inverse((1 + x, y))


def _running_product(a: Complex, axis: int, reverse: bool) -> Complex:
    """First to last, each rounded."""

    def step(before: Complex, element: Complex) -> tuple[Complex, Complex]:
        product = _multiply(before, element)
        return product, product

    first = jnp.moveaxis(a[0], axis, 0), jnp.moveaxis(a[1], axis, 0)
    _, (x, y) = lax.scan(step, _one((first[0][0], None)), first, reverse=reverse)
    return jnp.moveaxis(x, 0, axis), jnp.moveaxis(y, 0, axis)


def _product(a: Complex, axes: tuple[int, ...]) -> Complex:
    for axis in sorted(axes, reverse=True):
        x, y = _running_product(a, axis, False)
        a = lax.index_in_dim(x, -1, axis, False), lax.index_in_dim(y, -1, axis, False)
    return a


def _count(shape: tuple[int, ...], dimension: int) -> Complex:
    count = lax.broadcasted_iota(jnp.float32, shape, dimension)
    return count, jnp.zeros_like(count)


ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "mul": _multiply,
    "div": _divide,
    "pow": _power,
    "exp": _exponential,
    "expm1": _exponential_less_one,
    "log": _logarithm,
    "log1p": _logarithm_of_more,
    "sqrt": _square_root,
    "rsqrt": lambda a: _inverse(_square_root(a)),
    "logistic": _logistic,
    "sin": lambda a: (jnp.sin(a[0]) * jnp.cosh(a[1]), jnp.cos(a[0]) * jnp.sinh(a[1])),
    "cos": lambda a: (jnp.cos(a[0]) * jnp.cosh(a[1]), -jnp.sin(a[0]) * jnp.sinh(a[1])),
    "tan": _tangent,
    "sinh": lambda a: (jnp.sinh(a[0]) * jnp.cos(a[1]), jnp.cosh(a[0]) * jnp.sin(a[1])),
    "cosh": lambda a: (jnp.cosh(a[0]) * jnp.cos(a[1]), jnp.sinh(a[0]) * jnp.sin(a[1])),
    "tanh": _hyperbolic_tangent,
    "abs": _absolute,
    "sign": _sign,
    "conj": lambda a: (a[0], -a[1]) if isinstance(a, tuple) else (a, jnp.zeros_like(a)),
    "real": lambda a: a[0],
    "imag": lambda a: a[1],
    "complex": lambda a, b: (a, b),
    "square": lambda a: _multiply(a, a),
    "eq": lambda a, b: (a[0] == b[0]) & (a[1] == b[1]),
    "ne": lambda a, b: (a[0] != b[0]) | (a[1] != b[1]),
    "is_finite": lambda a: jnp.isfinite(a[0]) & jnp.isfinite(a[1]),
}
# (operands as tuples, the primitive's parameters) -> tuple
WITH_PARAMETERS: dict[str, Callable[..., Any]] = {
    "dot_general": lambda a, b, p: _dot(a, b, p["dimension_numbers"]),
    "conv_general_dilated": _convolution,
    "integer_pow": lambda a, p: _integer_power(a, int(p["y"])),
    "cumprod": lambda a, p: _running_product(a, p["axis"], p["reverse"]),
    "reduce_prod": lambda a, p: _product(a, p["axes"]),
    "iota": lambda p: _count(p["shape"], p["dimension"]),
}


def complex_function(name: str, parameters: Parameters) -> Callable[..., Any] | None:
    """The primitive as a JAX function of complex numbers as tuples, if it is known."""
    if name in WITH_PARAMETERS:
        return lambda *operands: WITH_PARAMETERS[name](*operands, parameters)
    return ELEMENTWISE.get(name)
