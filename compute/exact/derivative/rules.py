"""Every operation as an ordinary differentiable JAX function of one example."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from compute.program.program import Constant
from compute.program.types import DType

Attributes = Mapping[str, Any]
Rule = Callable[..., Any]  # (attributes, *arrays) -> array, or a tuple of arrays

# Masks are constants as large as LARGEST: two of them added would be an infinity in float32.
LARGEST_CONSTANT = np.float32(2.0**120)


def _constant(attributes: Attributes) -> np.ndarray:
    constant: Constant = attributes["value"]
    kind = constant.type
    array = np.frombuffer(constant.data, np.dtype(kind.dtype.numpy).newbyteorder("<"))
    if kind.dtype.is_float:
        array = np.clip(array, -LARGEST_CONSTANT, LARGEST_CONSTANT)
    array = array.astype(kind.dtype.numpy)
    one = len(constant.data) == kind.dtype.bytes
    return array.reshape((1,) * len(kind.shape) if one else kind.shape)


def _iota(attributes: Attributes) -> Array:
    dtype = attributes["dtype"].numpy
    return lax.broadcasted_iota(dtype, attributes["shape"], attributes["axis"])


def _maximum(attributes: Attributes, a: Array, b: Array) -> Array:
    """Of equals the second, which for a ReLU is the constant: its derivative at 0 is 0."""
    return jnp.where(a > b, a, b)


def _minimum(attributes: Attributes, a: Array, b: Array) -> Array:
    return jnp.where(a < b, a, b)


def _round(attributes: Attributes, a: Array) -> Array:
    even = attributes["mode"] == "even"
    method = lax.RoundingMethod.TO_NEAREST_EVEN if even else lax.RoundingMethod.AWAY_FROM_ZERO
    return lax.round(a, method)


def _select(attributes: Attributes, which: Array, *cases: Array) -> Array:
    if which.dtype != jnp.bool_:
        which = jnp.clip(which, 0, len(cases) - 1)
    return lax.select_n(which, *cases)


def _convert(attributes: Attributes, a: Array) -> Array:
    dtype: DType = attributes["dtype"]
    if dtype.is_integer and jnp.issubdtype(a.dtype, jnp.floating):
        a = jnp.clip(jnp.trunc(a), float(dtype.least), float(dtype.greatest))
    return a.astype(dtype.numpy)


def _bitcast(attributes: Attributes, a: Array) -> Array:
    return lax.bitcast_convert_type(a, attributes["dtype"].numpy)


def _broadcast(attributes: Attributes, a: Array) -> Array:
    """With one element along every axis that it adds."""
    shape = [1] * len(attributes["shape"])
    for axis, size in zip(attributes["axes"], a.shape, strict=True):
        shape[axis] = size
    return lax.broadcast_in_dim(a, shape, attributes["axes"])


def stretched(a: Array, shape: tuple[int, ...]) -> Array:
    """`a` with its axes of one element repeated to `shape`."""
    return a if a.shape == shape else lax.broadcast_in_dim(a, shape, range(len(shape)))


def _slice(attributes: Attributes, a: Array) -> Array:
    return lax.slice(a, attributes["start"], attributes["stop"], attributes["stride"])


def _gather(attributes: Attributes, table: Array, indices: Array) -> Array:
    numbers = lax.GatherDimensionNumbers(
        offset_dims=attributes["offset_dims"],
        collapsed_slice_dims=attributes["collapsed_slice_dims"],
        start_index_map=attributes["start_index_map"],
        operand_batching_dims=attributes["operand_batching_dims"],
        start_indices_batching_dims=attributes["start_indices_batching_dims"],
    )
    return lax.gather(
        table, indices, numbers, attributes["slice_sizes"], mode=attributes["mode"], fill_value=0
    )


_SCATTERS = {
    "set": lax.scatter,
    "add": lax.scatter_add,
    "mul": lax.scatter_mul,
    "min": lax.scatter_min,
    "max": lax.scatter_max,
}


def _scatter(attributes: Attributes, operand: Array, indices: Array, updates: Array) -> Array:
    numbers = lax.ScatterDimensionNumbers(
        update_window_dims=attributes["update_window_dims"],
        inserted_window_dims=attributes["inserted_window_dims"],
        scatter_dims_to_operand_dims=attributes["scatter_dims_to_operand_dims"],
        operand_batching_dims=attributes["operand_batching_dims"],
        scatter_indices_batching_dims=attributes["scatter_indices_batching_dims"],
    )
    mode = {"clip": "clip", "drop": "drop"}[attributes["mode"]]
    return _SCATTERS[attributes["kind"]](operand, indices, updates, numbers, mode=mode)


def _reduction(function: Callable[..., Array]) -> Rule:
    return lambda attributes, a: function(a, axis=attributes["axes"])


def _bits(on_bools: Callable[..., Array], function: Callable[..., Any], start: int) -> Rule:
    """A reduction of truth values, or of the bits of integers."""

    def reduce(attributes: Attributes, a: Array) -> Array:
        if a.dtype == jnp.bool_:
            return on_bools(a, axis=attributes["axes"])
        return lax.reduce(a, np.array(start).astype(a.dtype), function, attributes["axes"])

    return reduce


def _parity(a: Array, axis: tuple[int, ...]) -> Array:
    return jnp.sum(a, axis=axis, dtype=jnp.int32) % 2 == 1


def _position(function: Callable[..., Array]) -> Rule:
    return lambda attributes, a: function(a, attributes["axis"], attributes["dtype"].numpy)


def _prefix(function: Callable[..., Array]) -> Rule:
    return lambda attributes, a: function(a, attributes["axis"], attributes["reverse"])


def _window(function: Callable[..., Array], start: Callable[[Any], Any]) -> Rule:
    def reduce(attributes: Attributes, a: Array) -> Array:
        return lax.reduce_window(
            a,
            start(a.dtype),
            function,
            attributes["size"],
            attributes["strides"],
            attributes["padding"],
            attributes["base_dilation"],
            attributes["window_dilation"],
        )

    return reduce


def _least(dtype: Any) -> Any:
    """So that JAX sees a pooling, which has a derivative."""
    return -np.inf if jnp.issubdtype(dtype, jnp.floating) else np.iinfo(dtype).min


def _greatest(dtype: Any) -> Any:
    return np.inf if jnp.issubdtype(dtype, jnp.floating) else np.iinfo(dtype).max


def _sort(attributes: Attributes, *operands: Array) -> tuple[Array, ...]:
    keys = attributes["keys"]
    return tuple(lax.sort(operands, dimension=attributes["axis"], num_keys=keys, is_stable=True))


def _top_k(attributes: Attributes, a: Array) -> tuple[Array, Array]:
    values, indices = lax.top_k(a, attributes["k"])
    return values, indices


def dot(attributes: Attributes, a: Array, b: Array, dtype: Any = jnp.float32) -> Array:
    """Products in `dtype`, summed in float32; integers as they are."""
    contracted = attributes["contract_a"], attributes["contract_b"]
    dimensions = (contracted, (attributes["batch_a"], attributes["batch_b"]))
    kind = a.dtype
    if jnp.issubdtype(kind, jnp.floating):
        a, b = a.astype(dtype), b.astype(dtype)
    return lax.dot_general(a, b, dimensions, preferred_element_type=kind)


def convolution(attributes: Attributes, a: Array, b: Array, dtype: Any = jnp.float32) -> Array:
    """As `dot`."""
    rank = a.ndim
    spatial = tuple(range(1, rank - 1))
    image = (0, rank - 1, *spatial)
    kernel = (rank - 1, rank - 2, *range(rank - 2))
    kind = a.dtype
    if jnp.issubdtype(kind, jnp.floating):
        a, b = a.astype(dtype), b.astype(dtype)
    # asking for float32 sums of bfloat16 products has no derivative in JAX
    result = lax.conv_general_dilated(
        a,
        b,
        attributes["strides"],
        attributes["padding"],
        attributes["input_dilation"],
        attributes["kernel_dilation"],
        lax.ConvDimensionNumbers(image, kernel, image),
        attributes["groups"],
    )
    return result.astype(kind)


def _plain(function: Callable[..., Any]) -> Rule:
    return lambda attributes, *arrays: function(*arrays)


_PLAIN: dict[str, Callable[..., Any]] = {
    "stop_gradient": lax.stop_gradient,
    "gelu": functools.partial(jax.nn.gelu, approximate=True),
    "power": jnp.power,
    "not": lax.bitwise_not,
    "and": lax.bitwise_and,
    "or": lax.bitwise_or,
    "xor": lax.bitwise_xor,
    "count_leading_zeros": lax.clz,
}
_SAME = (
    "add sub mul div rem neg abs sign floor ceil sqrt rsqrt cbrt exp exp2 expm1 log log1p tanh "
    "logistic erf erfc erf_inv lgamma digamma sin cos tan asin acos atan sinh cosh asinh acosh "
    "atanh atan2 shift_left shift_right_logical shift_right_arithmetic population_count eq ne lt "
    "le gt ge is_finite"
)
_PLAIN |= {name: getattr(lax, name) for name in _SAME.split()}

RULES: dict[str, Rule] = {name: _plain(function) for name, function in _PLAIN.items()}
RULES |= {
    "constant": _constant,
    "iota": _iota,
    "max": _maximum,
    "min": _minimum,
    "round": _round,
    "integer_power": lambda attributes, a: lax.integer_pow(a, attributes["exponent"]),
    "select": _select,
    "convert": _convert,
    "bitcast": _bitcast,
    "broadcast": _broadcast,
    "reshape": lambda attributes, a: lax.reshape(a, attributes["shape"]),
    "transpose": lambda attributes, a: lax.transpose(a, attributes["permutation"]),
    "slice": _slice,
    "pad": lambda attributes, a, value: lax.pad(a, value, attributes["widths"]),
    "concatenate": lambda attributes, *a: lax.concatenate(a, attributes["axis"]),
    "reverse": lambda attributes, a: lax.rev(a, attributes["axes"]),
    "gather": _gather,
    "scatter": _scatter,
    "dynamic_slice": lambda attributes, a, *at: lax.dynamic_slice(a, at, attributes["sizes"]),
    "dynamic_update_slice": lambda attributes, a, b, *at: lax.dynamic_update_slice(a, b, at),
    "sum": _reduction(jnp.sum),
    "product": _reduction(jnp.prod),
    "maximum": _reduction(functools.partial(jnp.max, initial=-LARGEST_CONSTANT)),
    "minimum": _reduction(functools.partial(jnp.min, initial=LARGEST_CONSTANT)),
    "all": _bits(jnp.all, lax.bitwise_and, -1),
    "any": _bits(jnp.any, lax.bitwise_or, 0),
    "parity": _bits(_parity, lax.bitwise_xor, 0),
    "argmax": _position(lax.argmax),
    "argmin": _position(lax.argmin),
    "cumsum": _prefix(lax.cumsum),
    "cumprod": _prefix(lax.cumprod),
    "cummax": _prefix(lax.cummax),
    "cummin": _prefix(lax.cummin),
    "cumlogsumexp": _prefix(lax.cumlogsumexp),
    "window_sum": _window(lax.add, lambda dtype: np.array(0, dtype)),
    "window_max": _window(lax.max, _least),
    "window_min": _window(lax.min, _greatest),
    "sort": _sort,
    "top_k": _top_k,
    "dot": dot,
    "convolution": convolution,
}

# What stretches axes of one element itself, as these functions of JAX do.
ELEMENTWISE = {*_PLAIN, "max", "min", "round", "integer_power", "convert", "bitcast", "broadcast"}
