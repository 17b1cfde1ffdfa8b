"""Calls of jax.lax and transformations."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from library.table import BITS, COUNTS, IMAGE, LABELS, POSITIVE, UNIT, X, Y, call, each, normal

# jax.lax
each(lax, "lax", "rsqrt logistic erf erfc is_finite", POSITIVE)
each(lax, "lax", "lgamma digamma", POSITIVE, tolerance=1e-4)
call("lax.erf_inv", lax.erf_inv, UNIT, tolerance=1e-4)
each(lax, "lax", "population_count clz", BITS)
each(
    lax,
    "lax",
    "shift_left shift_right_logical shift_right_arithmetic",
    BITS,
    COUNTS.astype(np.uint32),
)
call("lax.integer_pow", lambda x: lax.integer_pow(x, 3), X)
call("lax.clamp", lambda x: lax.clamp(-0.5, x, 0.5), X)
call("lax.round", lambda x: lax.round(4 * x, lax.RoundingMethod.AWAY_FROM_ZERO), X)
call("lax.reduce_precision", lambda x: lax.reduce_precision(x, 8, 23), X)
call("lax.top_k", lambda x: lax.top_k(x, 3), X)
call("lax.approx_max_k", lambda x: lax.approx_max_k(x, 3)[0], X)
call("lax.sort two keys", lambda i, x: lax.sort((i, x), num_keys=2), COUNTS, X)
call("lax.sort unstable", lambda i, x: lax.sort((i, x), num_keys=1, is_stable=False)[0], COUNTS, X)
call("lax.cumlogsumexp", lambda x: lax.cumlogsumexp(x, axis=1), X)
call("lax.cummax", lambda x: lax.cummax(x, axis=1, reverse=True), X)
call("lax.cummin", lambda x: lax.cummin(x, axis=0), X)
call("lax.associative_scan", lambda x: lax.associative_scan(jnp.add, x, axis=1), X)
call("lax.dynamic_slice", lambda x, i: lax.dynamic_slice(x, (i[0], i[2]), (2, 3)), X, LABELS)
call(
    "lax.dynamic_update_slice",
    lambda x, y, i: lax.dynamic_update_slice(x, y[:2, :3], (i[1], i[2])),
    X,
    Y,
    LABELS,
)
call("lax.dynamic_index_in_dim", lambda x, i: lax.dynamic_index_in_dim(x, i[1], 1), X, LABELS)
call("lax.pad", lambda x: lax.pad(x, 1.5, ((1, -1, 1), (-2, 3, 0))), X)
call("lax.rev", lambda x: lax.rev(x, (0, 1)), X)
call("lax.scan", lambda x: lax.scan(lambda c, v: (c * 0.5 + v, c.sum()), jnp.zeros(8), x), X)
call(
    "lax.scan reverse",
    lambda x: lax.scan(lambda c, v: (c + v, c), jnp.zeros(8), x, reverse=True),
    X,
)
call("lax.scan one step", lambda x: lax.scan(lambda c, v: (c + v, c), jnp.zeros(8), x[:1]), X)
call("lax.map", lambda x: lax.map(lambda v: v @ v, x), X)
call("lax.fori_loop", lambda x: lax.fori_loop(0, 4, lambda i, s: s * 0.5 + i, x), X)
call(
    "lax.while_loop",
    lambda x: lax.while_loop(lambda s: jnp.sum(s * s) > 0.5, lambda s: s * 0.7, x),
    X,
)
call(
    "lax.while_loop counted",
    lambda x: lax.while_loop(lambda s: s[0] < 3, lambda s: (s[0] + 1, s[1] * 0.5), (0, x))[1],
    X,
)
call("lax.cond", lambda x: lax.cond(x[0, 0] > 0, jnp.sin, jnp.cos, x), X)
call("lax.switch", lambda x, i: lax.switch(i[1], [jnp.sin, jnp.cos, jnp.tanh], x), X, LABELS)
call("lax.select_n", lambda i, x, y: lax.select_n(i % 3, x, y, x * y), COUNTS, X, Y)
call("lax.reduce", lambda x: lax.reduce(x, 0.0, lambda a, b: a * 0.5 + b, (1,)), X)
call("lax.reduce_and", lambda i: lax.reduce_and(i, (1,)), BITS)
call("lax.reduce_xor", lambda i: lax.reduce_xor(i, (1,)), BITS)
call("lax.argmax", lambda x: lax.argmax(x, 1, jnp.int32), X)
call(
    "lax.mul int8",
    lambda i: lax.dot_general(
        i.astype(jnp.int8),
        i.astype(jnp.int8).T,
        (((1,), (0,)), ((), ())),
        preferred_element_type=jnp.float32,
    ),
    COUNTS,
)
call(
    "lax.dot int32",
    lambda i: lax.dot_general(
        i.astype(jnp.int8),
        i.astype(jnp.int8).T,
        (((1,), (0,)), ((), ())),
        preferred_element_type=jnp.int32,
    ),
    COUNTS,
)
call(
    "lax.bitcast",
    lambda x: lax.bitcast_convert_type(lax.bitcast_convert_type(x, jnp.int32) ^ 1, jnp.float32),
    X,
)
call("lax.ragged_dot", lambda x, m: lax.ragged_dot(x, m, jnp.array([1, 2])), X, normal(2, 8, 4))
call(
    "lax.ragged_dot by data",
    lambda x, m, i: lax.ragged_dot(x, m, jnp.array([1, 0]) + i[:2] % 2),
    X,
    normal(2, 8, 4),
    LABELS,
)
call("lax.stop_gradient", lambda x: x + lax.stop_gradient(jnp.round(x) - x), X)
call("checkpoint", jax.checkpoint(lambda x: jnp.sin(x) * 2), X)
call("vmap of a loop", jax.vmap(lambda v: lax.fori_loop(0, 3, lambda i, s: jnp.sin(s) + v, v)), X)
call("gradient inside", jax.grad(lambda x: jnp.sum(jnp.tanh(x) * jax.nn.softmax(x))), X)
call("segment_sum", lambda x, i: jax.ops.segment_sum(x, i % 2, 2), X, LABELS)
call("segment_max", lambda x, i: jax.ops.segment_max(x, i % 2, 2), X, LABELS)
call("segment_prod", lambda x, i: jax.ops.segment_prod(x, i % 2, 2), X, LABELS)


def _conv(**options: Any) -> Callable[..., Any]:
    numbers = ("NHWC", "HWIO", "NHWC")
    return lambda x, k: lax.conv_general_dilated(x, k, dimension_numbers=numbers, **options)


_KERNEL = normal(3, 3, 2, 4)
call("lax.conv same", _conv(window_strides=(1, 1), padding="SAME"), IMAGE, _KERNEL)
call("lax.conv strided", _conv(window_strides=(2, 2), padding="VALID"), IMAGE, _KERNEL)
call(
    "lax.conv dilated",
    _conv(window_strides=(1, 1), padding=((2, 1), (0, 2)), rhs_dilation=(2, 2)),
    IMAGE,
    _KERNEL,
)
call(
    "lax.conv transposed",
    _conv(window_strides=(1, 1), padding=((2, 2), (2, 2)), lhs_dilation=(2, 2)),
    IMAGE,
    _KERNEL,
)
call(
    "lax.conv grouped",
    _conv(window_strides=(1, 1), padding="SAME", feature_group_count=2),
    IMAGE,
    normal(3, 3, 1, 4),
)
call(
    "lax.conv batch groups",
    _conv(window_strides=(1, 1), padding="SAME", batch_group_count=2),
    normal(2, 6, 6, 2),
    _KERNEL,
)
call("lax.conv 1x1", _conv(window_strides=(1, 1), padding="SAME"), IMAGE, normal(1, 1, 2, 4))
call(
    "lax.conv NCHW",
    lambda x, k: lax.conv(x, k, (1, 1), "SAME"),
    normal(1, 2, 6, 6),
    normal(4, 2, 3, 3),
)
call(
    "lax.conv 1d",
    lambda x, k: lax.conv_general_dilated(
        x, k, (1,), "SAME", dimension_numbers=("NWC", "WIO", "NWC")
    ),
    normal(1, 6, 2),
    normal(3, 2, 4),
)
call("lax.conv_transpose", lambda x, k: lax.conv_transpose(x, k, (2, 2), "SAME"), IMAGE, _KERNEL)
call(
    "lax.reduce_window max",
    lambda x: lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "SAME"),
    IMAGE,
)
call(
    "lax.reduce_window sum",
    lambda x: lax.reduce_window(x, 0.0, lax.add, (1, 3, 3, 1), (1, 1, 1, 1), "SAME"),
    IMAGE,
)
call(
    "lax.conv patches",
    lambda x: lax.conv_general_dilated_patches(
        x, (2, 2), (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
    ),
    IMAGE,
)
for _kind in ("nearest", "bilinear", "bicubic", "lanczos3"):
    call(f"image.resize {_kind}", lambda x, k=_kind: jax.image.resize(x, (1, 9, 4, 2), k), IMAGE)
