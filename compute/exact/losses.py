"""Losses of one example as integers: Q32.32 nats, computed from the model's outputs by us.

The outputs are put on the grid 2**-32 as int64, exactly; from there on everything is integer
arithmetic, except the exponential, which is `elementary.exp_parts`.  Outputs beyond 2**16, or
SATURATED ones, make the example saturated.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from compute.exact.elementary import exp_parts
from compute.exact.number import nearest_integer, to_int64, two_to, wide

FRACTION_BITS = 32
OUTPUT_RANGE = 16
EXP_BITS = 40
SMOOTHING_BITS = 16

Loss = Callable[[Array, Array], tuple[Array, Array]]


def to_fixed(outputs: Array) -> tuple[Array, Array]:
    """Values -> (float64 integers in units of 2**-32, ties to even; bool: is one out of range)."""
    inside = jnp.abs(outputs) <= np.float32(2**OUTPUT_RANGE)
    scaled = wide(jnp.where(inside, outputs, np.float32(0))) * 2.0**FRACTION_BITS
    return nearest_integer(scaled), ~jnp.all(inside)


def exp_fixed(distance: Array) -> Array:
    """exp(-distance * 2**-32) for float64 integers distance >= 0, as int64 in units of 2**-40.

    The argument is floored to 2**-27 and cut off at 32, where the result is 0 or 1 unit.
    """
    steps = jnp.minimum(jnp.floor(distance * 2.0**-5), 2.0**32)
    t, k = exp_parts(steps * -(2.0**-27))
    return to_int64(t * two_to(k, EXP_BITS - 25))


LOG_BITS = 31
LN_2 = 2977044472  # log(2) in units of 2**-32
ATANH = [round(Fraction(2 << LOG_BITS, 2 * k + 1)) for k in range(8, -1, -1)]


def log_fixed(total: Array) -> Array:
    """log of a positive int64, in units of 2**-32; all shifts and divisions as on the integers.

    total = m * 2**e with m in [2**30 * 0.707, 2**30 * 1.414) after dropping low bits;
    s = trunc((m - 2**30) * 2**31 / (m + 2**30)); z = s * s >> 31; Horner t <- (t * z >> 31) + c;
    log = (t * s >> 30) + (e + 30) * LN_2.
    """
    e = 33 - lax.clz(total)
    m = jnp.where(e >= 0, total >> jnp.maximum(e, 0), total << jnp.maximum(-e, 0))
    high = m >= 1518500250
    m, e = jnp.where(high, m >> 1, m), jnp.where(high, e + 1, e)
    one = jnp.int64(2**30)
    s = lax.div((m - one) << LOG_BITS, m + one)
    z = (s * s) >> LOG_BITS
    t = jnp.full_like(z, ATANH[0])
    for c in ATANH[1:]:
        t = ((t * z) >> LOG_BITS) + c
    return ((t * s) >> (LOG_BITS - 1)) + (e + 30) * LN_2


def mean(terms: Array, counted: Array) -> Array:
    """Floor of the mean of the counted terms; 0 if there are none."""
    count = jnp.sum(counted, dtype=jnp.int64)
    total = jnp.sum(jnp.where(counted, terms, 0))
    return lax.div(total, jnp.maximum(count, 1))


def cross_entropy(outputs: Array, targets: Array, smoothing: float = 0.0) -> tuple[Array, Array]:
    """Logits [..., classes] and integer targets [...] -> (int64 loss, bool saturated), scalars.

    A position whose target is outside [0, classes) is ignored; the loss is the floor of the mean
    over the others.  One position costs log(sum_c exp(z_c - max)) + max - z_target, floored at 0.
    With `smoothing`, a multiple of 2**-16, the distance max - z_target is replaced by
    d - (d >> 16) * s + (mean_d >> 16) * s with s = smoothing * 2**16 and mean_d the floored mean
    distance of all classes.
    """
    classes = outputs.shape[-1]
    outputs = lax.optimization_barrier(outputs)
    z, saturated = to_fixed(outputs)
    largest, _ = to_fixed(jnp.max(outputs, axis=-1, keepdims=True))
    distance = largest - z
    entropy = log_fixed(jnp.sum(exp_fixed(distance), axis=-1)) - EXP_BITS * LN_2
    targets = targets.astype(jnp.int64)  # 256 classes are one more than a uint8 can say
    counted = (targets >= 0) & (targets < classes)
    index = jnp.where(counted, targets, 0).astype(jnp.int32)
    chosen = jnp.take_along_axis(outputs, index[..., None], axis=-1, mode="clip")
    chosen = (largest - to_fixed(chosen)[0])[..., 0].astype(jnp.int64)
    share = round(smoothing * 2**SMOOTHING_BITS)
    if share:
        average = lax.div(jnp.sum(distance.astype(jnp.int64), axis=-1), jnp.int64(classes))
        chosen += ((average >> SMOOTHING_BITS) - (chosen >> SMOOTHING_BITS)) * share
    return mean(jnp.maximum(entropy + chosen, 0), counted), saturated


def squared_error(outputs: Array, targets: Array) -> tuple[Array, Array]:
    """Outputs and float32 targets of one shape -> floor of the mean of (output - target)**2.

    Both on the grid 2**-32, the difference floored to 2**-20, its square floored to 2**-32; a
    difference beyond 2**11 makes the example saturated.
    """
    a, saturated = to_fixed(outputs)
    b, unusable = to_fixed(targets)
    difference = (a - b).astype(jnp.int64) >> 12
    far = jnp.any(jnp.abs(difference) > 2**31)
    square = (difference * difference) >> 8
    return mean(square, jnp.ones(square.shape, bool)), saturated | unusable | far


def binary_cross_entropy(outputs: Array, targets: Array) -> tuple[Array, Array]:
    """Logits and targets 0 or 1 of one shape -> floor of the mean of log(1 + exp(-+z)).

    One term is max(w, 0) + log(1 + exp(-|w|)) with w = -z for target 1 and z for target 0.  Other
    targets are ignored.
    """
    z, saturated = to_fixed(outputs)
    w = jnp.where(targets == 1, -z, z)
    total = exp_fixed(jnp.abs(w)) + 2**EXP_BITS
    term = jnp.maximum(w, 0).astype(jnp.int64) + log_fixed(total) - EXP_BITS * LN_2
    return mean(jnp.maximum(term, 0), (targets == 0) | (targets == 1)), saturated


LOSSES: dict[str, Loss] = {
    "cross_entropy": cross_entropy,
    "squared_error": squared_error,
    "binary_cross_entropy": binary_cross_entropy,
}
