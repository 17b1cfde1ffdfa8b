"""Losses of one example as integers: unsigned Q32.32 nats, from the program's first output.

The outputs are put on the grid 2**-32 as int64, exactly; from there on everything is integer
arithmetic, except the exponential, which is that of the carrier.  Outputs beyond 2**16, or
SATURATED ones, make the example saturated.  A bound stands with every accumulation; up to 2**31
positions and 2**31 classes are allowed, as a value of a program has no more elements.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from compute.exact import float64
from compute.exact.carriers import Carrier
from compute.exact.integers import functions as integers
from compute.exact.integers import number as scaled
from compute.exact.number import order, to_int64, two_to, wide
from compute.exact.superaccumulator import values

FRACTION_BITS = 32
OUTPUT_RANGE = 16
EXP_BITS = 40
SMOOTHING_BITS = 16
LOW_BITS = 27

# (outputs, targets, carrier) -> (int64 loss, bool saturated), scalars
Loss = Callable[[Array, Array, Carrier], tuple[Array, Array]]
Shape = tuple[int, ...]


def to_fixed(outputs: Array, carrier: Carrier) -> tuple[Array, Array]:
    """Values -> (int64 in units of 2**-32, ties to even, |.| <= 2**48; bool: is one too large)."""
    magnitude, limit = order(jnp.abs(outputs)), np.float32(2**OUTPUT_RANGE).view(np.int32)
    x = jnp.where(magnitude <= limit, outputs, np.float32(0))
    beyond = jnp.max(magnitude, initial=0) > limit
    if carrier.float64:
        return to_int64(wide(x) * 2.0**FRACTION_BITS), beyond
    terms = values(x)
    shift = terms.unit + FRACTION_BITS  # at most 16 - 23 + 32 = 25
    left = terms.mantissa << jnp.clip(shift, 0, 25).astype(jnp.int64)
    right = scaled.nearest(terms.mantissa, jnp.clip(-shift, 0, 62))
    return jnp.where(shift >= 0, left, right), beyond


def exp_fixed(distance: Array, carrier: Carrier) -> Array:
    """exp(-distance * 2**-32) for int64 distance >= 0, as int64 in units of 2**-40, at most 2**40.

    The argument is floored to 2**-27 and cut off at 32, where the result is 0 or 1 unit.
    """
    steps = jnp.minimum(distance >> 5, 2**32)
    if carrier.float64:
        t, k = float64.exp_parts(steps.astype(jnp.float64) * -(2.0**-27))
        return to_int64(t * two_to(k, EXP_BITS - 25))
    parts = integers.exp_parts(integers.power(-steps, -27))
    return scaled.on_grid(parts, EXP_BITS)


LOG_BITS = 31
LN_2 = 2977044472  # log(2) in units of 2**-32
ATANH = [round(Fraction(2 << LOG_BITS, 2 * k + 1)) for k in range(8, -1, -1)]


def log_fixed(high: Array, low: Array) -> Array:
    """log of total = high * 2**LOW_BITS + low, in units of 2**-32; high < 2**63, low as it comes
    from a sum, >= 0.

    total = m * 2**e with m in [2**30 * 0.707, 2**30 * 1.414) after dropping low bits;
    s = trunc((m - 2**30) * 2**31 / (m + 2**30)); z = s * s >> 31; Horner t <- (t * z >> 31) + c;
    log = (t * s >> 30) + (e + 30) * LN_2.  No product reaches 2**63: |s| < 2**29, t < 2**33.
    """
    high, low = high + (low >> LOW_BITS), low & (2**LOW_BITS - 1)
    whole = jnp.where(high > 0, 64 - lax.clz(high) + LOW_BITS, 64 - lax.clz(low))
    e = whole - LOG_BITS
    from_high = jnp.where(
        e >= LOW_BITS,
        high >> jnp.maximum(e - LOW_BITS, 0),
        high << jnp.clip(LOW_BITS - e, 0, LOG_BITS + LOW_BITS),
    )
    from_low = jnp.where(e >= 0, low >> jnp.clip(e, 0, 63), low << jnp.clip(-e, 0, LOG_BITS))
    m = from_high + from_low
    rounded_up = m >= 1518500250
    m, e = jnp.where(rounded_up, m >> 1, m), jnp.where(rounded_up, e + 1, e)
    one = jnp.int64(2**30)
    s = lax.div((m - one) << LOG_BITS, m + one)
    z = (s * s) >> LOG_BITS
    t = jnp.full_like(z, ATANH[0])
    for c in ATANH[1:]:
        t = ((t * z) >> LOG_BITS) + c
    return ((t * s) >> (LOG_BITS - 1)) + (e + 30) * LN_2


def halves(terms: Array, axis: int | None = None, bits: int = 56) -> tuple[Array, Array]:
    """(high, low) with high * 2**LOW_BITS + low the sum of int64 terms, 0 <= term < 2**bits.

    `bits` is at most 56.  Where int64 holds the sum, it is cut.  Else high is the sum of
    term >> LOW_BITS and low that of the rest: for 2**31 terms below 2**31 * 2**29 = 2**60 and
    2**31 * 2**27 = 2**58.
    """
    if (terms.size if axis is None else terms.shape[axis]) << bits < 2**63:
        total = jnp.sum(terms, axis=axis)
        return total >> LOW_BITS, total & (2**LOW_BITS - 1)
    return (
        jnp.sum(terms >> LOW_BITS, axis=axis),
        jnp.sum(terms & (2**LOW_BITS - 1), axis=axis),
    )


def floor_mean(high: Array, low: Array, count: Array) -> Array:
    """floor((high * 2**LOW_BITS + low) / count) for sums by `halves` of 0 < count <= 2**31 terms.

    With high = q * count + r: q * 2**LOW_BITS + floor((r * 2**LOW_BITS + low) / count), where
    r * 2**LOW_BITS < 2**58 and low < 2**58.  The result is at most the largest term.
    """
    q = lax.div(high, count)
    r = high - q * count
    return (q << LOW_BITS) + lax.div((r << LOW_BITS) + low, count)


def mean(terms: Array, counted: Array) -> Array:
    """Floor of the mean of the counted terms, 0 <= term < 2**56; 0 if there are none."""
    count = jnp.sum(counted, dtype=jnp.int64)
    high, low = halves(jnp.where(counted, terms, 0))
    return floor_mean(high, low, jnp.maximum(count, 1))


def scaled_by(x: Array, share: int) -> Array:
    """floor(x * share / 2**16) of int64 |x| <= 2**50, 0 <= share <= 2**16.

    The product may have 66 bits; with x = q * 2**16 + r, r >= 0, it is q * share + floor(r * share
    / 2**16).
    """
    rest = x & (2**SMOOTHING_BITS - 1)
    return (x >> SMOOTHING_BITS) * share + ((rest * share) >> SMOOTHING_BITS)


def cross_entropy(
    outputs: Array, targets: Array, carrier: Carrier, smoothing: float = 0.0
) -> tuple[Array, Array]:
    """Logits [..., classes] and integer targets [...] -> (int64 loss, bool saturated), scalars.

    A position whose target is outside [0, classes) is ignored; the loss is the floor of the mean
    over the others.  One position costs log(sum_c exp(z_c - max)) + max - z_target, floored at 0.
    With `smoothing`, a multiple of 2**-16, the distance d = max - z_target is replaced by
    d + floor((mean_d - d) * smoothing), mean_d the floored mean distance of all classes.

    A distance is at most 2 * 2**48 = 2**49, the smoothed one, which lies between d and mean_d, too,
    and the entropy of 2**31 classes below 2**37, so a term is below 2**50.
    """
    classes = outputs.shape[-1]
    z, saturated = to_fixed(outputs, carrier)
    largest = jnp.max(z, axis=-1, keepdims=True)
    distance = largest - z
    total = halves(exp_fixed(distance, carrier), -1, EXP_BITS + 1)
    entropy = log_fixed(*total) - EXP_BITS * LN_2
    targets = targets.astype(jnp.int64)  # 256 classes are one more than a uint8 can say
    counted = (targets >= 0) & (targets < classes)
    index = jnp.where(counted, targets, 0).astype(jnp.int32)
    chosen = jnp.take_along_axis(outputs, index[..., None], axis=-1, mode="clip")
    chosen = (largest - to_fixed(chosen, carrier)[0])[..., 0]
    share = round(smoothing * 2**SMOOTHING_BITS)
    if share:
        average = floor_mean(*halves(distance, -1), jnp.int64(classes))
        chosen += scaled_by(average - chosen, share)
    return mean(jnp.maximum(entropy + chosen, 0), counted), saturated


def squared_error(outputs: Array, targets: Array, carrier: Carrier) -> tuple[Array, Array]:
    """Outputs and targets of one shape -> floor of the mean of (output - target)**2.

    Both on the grid 2**-32, the difference floored to 2**-20, its square floored to 2**-32; a
    difference beyond 2**11 makes the example saturated, so a term is at most 2**62 >> 8 = 2**54.
    """
    a, saturated = to_fixed(outputs, carrier)
    b, unusable = to_fixed(targets.astype(jnp.float32), carrier)
    difference = (a - b) >> 12
    far = jnp.abs(difference) > 2**31
    difference = jnp.where(far, 0, difference)
    square = (difference * difference) >> 8
    return mean(square, jnp.ones(square.shape, bool)), saturated | unusable | jnp.any(far)


def binary_cross_entropy(outputs: Array, targets: Array, carrier: Carrier) -> tuple[Array, Array]:
    """Logits and targets 0 or 1 of one shape -> floor of the mean of log(1 + exp(-+z)).

    One term is max(w, 0) + log(1 + exp(-|w|)) with w = -z for target 1 and z for target 0, below
    2**49.  Other targets are ignored.
    """
    z, saturated = to_fixed(outputs, carrier)
    w = jnp.where(targets == 1, -z, z)
    total = exp_fixed(jnp.abs(w), carrier) + 2**EXP_BITS
    softplus = jnp.maximum(w, 0) + log_fixed(total >> LOW_BITS, total & (2**LOW_BITS - 1))
    term = softplus - EXP_BITS * LN_2
    return mean(jnp.maximum(term, 0), (targets == 0) | (targets == 1)), saturated


def fitted(loss: str, outputs: Shape, targets: np.ndarray) -> np.ndarray:
    """The targets [B, ...] in the shape that the loss of such outputs of one example needs: no more
    than axes of length 1 may differ, so nothing is broadcast.

    Raises ValueError if they do not fit, or are no integers where they are classes: machines cast
    a NaN to different ones.
    """
    positions = outputs
    if loss == "cross_entropy":
        if not outputs:
            raise ValueError("the cross entropy needs an axis of classes, and the output has none")
        if targets.dtype.kind not in "iub":
            raise ValueError(f"the classes of a cross entropy are {targets.dtype}, not integers")
        positions = outputs[:-1]
    one = targets.shape[1:]
    if [n for n in one if n != 1] != [n for n in positions if n != 1]:
        raise ValueError(
            f"the targets of an example have the shape {list(one)} where the {loss} "
            f"of outputs {list(outputs)} needs {list(positions)}"
        )
    return targets.reshape(len(targets), *positions)


LOSSES: dict[str, Loss] = {
    "cross_entropy": cross_entropy,
    "squared_error": squared_error,
    "binary_cross_entropy": binary_cross_entropy,
}
