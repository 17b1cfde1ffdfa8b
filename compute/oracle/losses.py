"""The oracle's losses of one example: unsigned Q32.32 nats; sums have no bound.

None where an output is SATURATED or beyond 2**16.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from compute.oracle.array import Array, rows
from compute.oracle.elementary import exp_parts
from compute.oracle.number import ONE, POINT, Number, nearest

LN_2 = 2977044472  # 2**-32
ATANH = [round(Fraction(2**32, 2 * k + 1)) for k in range(8, -1, -1)]


def fixed(x: Number) -> int | None:
    """In units of 2**-32."""
    return None if x is None or abs(x) > ONE << 16 else nearest(x, POINT - 32)


def all_fixed(values: Sequence[Number]) -> list[int] | None:
    found = [y for x in values if (y := fixed(x)) is not None]
    return found if len(found) == len(values) else None


def exp_fixed(distance: int) -> int:
    """exp(-distance * 2**-32) in units of 2**-40, the distance floored to 2**-27 and at most 32."""
    steps = min(distance >> 5, 1 << 32)
    t, k = exp_parts(-steps << (POINT - 27))
    return nearest(t, -(k + 15))


def log_fixed(total: int) -> int:
    """log of a positive integer in units of 2**-32."""
    e = total.bit_length() - 31
    m = total >> e if e >= 0 else total << -e
    if m >= 1518500250:
        m, e = m >> 1, e + 1
    numerator, denominator = (m - 2**30) << 31, m + 2**30
    s = abs(numerator) // denominator * (1 if numerator >= 0 else -1)
    z, t = (s * s) >> 31, ATANH[0]
    for c in ATANH[1:]:
        t = ((t * z) >> 31) + c
    return ((t * s) >> 30) + (e + 30) * LN_2


def mean(terms: Sequence[int]) -> int:
    """The floor; 0 of nothing."""
    return sum(terms) // len(terms) if terms else 0


def position(z: Sequence[int], target: int, share: int) -> int:
    """Cross-entropy of one position; `share` is the smoothing in units of 2**-16."""
    distance = [max(z) - x for x in z]
    entropy = log_fixed(sum(map(exp_fixed, distance))) - 40 * LN_2
    chosen = distance[target]
    if share:
        chosen += (sum(distance) // len(distance) - chosen) * share >> 16
    return max(entropy + chosen, 0)


def cross_entropy(outputs: Array, targets: Array, smoothing: float = 0.0) -> int | None:
    """Logits [..., classes] and integer targets [...]; a target that is no class is ignored."""
    z = all_fixed(outputs.data)
    if z is None:
        return None
    classes, share = outputs.shape[-1], round(smoothing * 2**16)
    positions = zip(rows(z, classes, len(targets.data)), targets.data, strict=True)
    return mean([position(row, y, share) for row, y in positions if 0 <= y < classes])


def squared_error(outputs: Array, targets: Array) -> int | None:
    """Both of one shape; a difference beyond 2**11 is None."""
    a, b = all_fixed(outputs.data), all_fixed(targets.data)
    if a is None or b is None:
        return None
    differences = [(x - y) >> 12 for x, y in zip(a, b, strict=True)]
    if any(abs(d) > 2**31 for d in differences):
        return None
    return mean([(d * d) >> 8 for d in differences])


def binary_cross_entropy(outputs: Array, targets: Array) -> int | None:
    """Logits and targets 0 or 1 of one shape; other targets are ignored."""
    z = all_fixed(outputs.data)
    if z is None:
        return None
    pairs = zip(z, targets.data, strict=True)
    signed = [-x if y == 1 else x for x, y in pairs if y in (0, 1)]
    return mean([softplus(w) for w in signed])


def softplus(w: int) -> int:
    """max(w, 0) + log(1 + exp(-|w|))."""
    return max(max(w, 0) + log_fixed(exp_fixed(abs(w)) + 2**40) - 40 * LN_2, 0)


LOSSES: dict[str, Callable[..., int | None]] = {
    "cross_entropy": cross_entropy,
    "squared_error": squared_error,
    "binary_cross_entropy": binary_cross_entropy,
}
