"""The oracle's sums, dot products, convolution and losses; see `oracle`."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from compute.exact.oracle import (
    LARGEST,
    SMALLEST,
    ZERO,
    Number,
    exp_parts,
    exponent,
    multiply,
    nearest,
    significant,
    value,
)

Row = Sequence[Any]  # of Number

SUM_BITS, ROW_FLOOR = 23, -80


def row_exponent(row: Row) -> int:
    return max([ROW_FLOOR, *(exponent(x) for x in row if x)])


def on_row(row: Row, bits: int) -> list[Fraction]:
    unit = Fraction(2) ** (row_exponent(row) - bits)
    return [nearest(x / unit) * unit for x in row]


def row_bits(terms: int) -> int:
    """Two operands of so many bits, times the number of terms, stay within 53 bits; at most 22."""
    bits = 22
    while 2 ** (2 * bits) * terms > 2**53:
        bits -= 1
    return bits


def total(row: Row) -> Number:
    """The sum over one axis or several, the terms in any order."""
    known = [x for x in row if x is not None]
    if len(known) < len(row):
        return None
    return value(significant(sum(on_row(known, SUM_BITS), ZERO), 53))


def products(row: Row) -> list[Number]:
    """All prefix products, each step rounded; from the first SATURATED on, all are."""
    found: list[Number] = []
    total: Number = Fraction(1)
    for x in row:
        total = None if total is None or x is None else multiply(total, x)
        found.append(total)
    return found


def on_absolute(x: Number) -> Number:
    return None if x is None or abs(x) > 2**14 else Fraction(nearest(x * 2**24), 2**24)


def cumulative(row: Row, positional: bool) -> list[Number]:
    """Prefix sums."""
    if not positional and None in row:
        return [None] * len(row)
    terms: Row = [on_absolute(x) for x in row] if positional else on_row(row, SUM_BITS)
    sums: list[Number] = []
    running: Any = ZERO
    for x, term in zip(row, terms, strict=True):
        running = None if None in (running, x, term) else running + term
        sums.append(None if running is None else value(significant(running, 53)))
    return sums


def product_sum(x: Fraction) -> Number:
    """A sum of products as a value; beyond 2**64 SATURATED."""
    y = value(x)
    return None if y is None or abs(y) > 2**64 else y


def dot(a: Row, b: Row) -> Number:
    """One output of a dot product without positions: each operand on its own row grid."""
    if None in a or None in b:
        return None
    bits = row_bits(len(a))
    left, right = on_row(a, bits), on_row(b, bits)
    return product_sum(sum((x * y for x, y in zip(left, right, strict=True)), ZERO))


def weigh(weights: Row, values: Sequence[Row]) -> list[Number]:
    """One row of weights [S] on values [S][D]: the values' exponents move into the weights."""
    if None in weights or any(None in row for row in values):
        return [None] * len(values[0])
    bits = row_bits(len(weights))
    units = [Fraction(2) ** (row_exponent(row) - bits) for row in values]
    absorbed = []
    for weight, unit in zip(weights, units, strict=True):
        x = weight * unit
        if abs(x) > LARGEST:
            return [None] * len(values[0])
        absorbed.append(x if abs(x) >= SMALLEST else ZERO)
    grid = on_row(absorbed, bits)
    digits = [[nearest(v / unit) for v in row] for row, unit in zip(values, units, strict=True)]
    columns = zip(*digits, strict=True)
    return [product_sum(sum((w * v for w, v in zip(grid, c, strict=True)), ZERO)) for c in columns]


def limbs(x: Fraction) -> tuple[Fraction, Fraction]:
    high = Fraction(nearest(x * 32), 32)
    return high, Fraction(nearest((x - high) * 2**24), 2**24)


def dot_absolute(a: Row, b: Row, both: bool) -> Number:
    """`a` on the absolute grid; `b` too if `both`, else on its row grid."""
    if None in map(on_absolute, a) or None in b or (both and None in map(on_absolute, b)):
        return None
    left = list(zip(*map(limbs, a), strict=True))
    right = list(zip(*map(limbs, b), strict=True)) if both else [on_row(b, row_bits(len(b)))]
    pairs = [(i + j, i, j) for i in range(len(left)) for j in range(len(right))]
    sums = [
        sum((x * y for x, y in zip(left[i], right[j], strict=True)), ZERO)
        for _, i, j in sorted(pairs, reverse=True)
    ]
    result = sums[0]
    for term in sums[1:]:
        result = significant(term + result, 53)
    return product_sum(significant(result, 53))


def fixed(x: Number) -> Any:
    return None if x is None or abs(x) > 2**16 else nearest(x * 2**32)


def exp_fixed(distance: int) -> int:
    t, k = exp_parts(-Fraction(min(distance >> 5, 2**32), 2**27))
    return nearest(t * Fraction(2) ** (k + 15))


LN_2 = 2977044472
ATANH = [round(Fraction(2**32, 2 * k + 1)) for k in range(8, -1, -1)]


def log_fixed(number: int) -> int:
    e = number.bit_length() - 31
    m = number >> e if e >= 0 else number << -e
    if m >= 1518500250:
        m, e = m >> 1, e + 1
    numerator, denominator = (m - 2**30) << 31, m + 2**30
    s = abs(numerator) // denominator * (1 if numerator >= 0 else -1)
    z, t = (s * s) >> 31, ATANH[0]
    for c in ATANH[1:]:
        t = ((t * z) >> 31) + c
    return ((t * s) >> 30) + (e + 30) * LN_2


def position(logits: Row, target: int, share: int) -> Any:
    """Cross-entropy of one position; `share` is the smoothing in units of 2**-16."""
    z = [fixed(x) for x in logits]
    known = [x for x in z if x is not None]
    if len(known) < len(z):
        return None
    distance = [max(known) - x for x in known]
    entropy = log_fixed(sum(map(exp_fixed, distance))) - 40 * LN_2
    chosen = distance[target]
    if share:
        chosen += (((sum(distance) // len(distance)) >> 16) - (chosen >> 16)) * share
    return max(entropy + chosen, 0)


def mean(terms: Sequence[int]) -> int:
    return sum(terms) // len(terms) if terms else 0


def cross_entropy(logits: Sequence[Row], targets: Sequence[int], share: int = 0) -> int | None:
    classes = len(logits[0])
    costs = [
        position(z, y if 0 <= y < classes else 0, share)
        for z, y in zip(logits, targets, strict=True)
    ]
    if None in costs:
        return None
    return mean([c for c, y in zip(costs, targets, strict=True) if 0 <= y < classes])


def squared_error(outputs: Row, targets: Row) -> int | None:
    pairs = [(fixed(a), fixed(b)) for a, b in zip(outputs, targets, strict=True)]
    if any(None in pair for pair in pairs):
        return None
    differences = [(a - b) >> 12 for a, b in pairs]
    if any(abs(d) > 2**31 for d in differences):
        return None
    return mean([(d * d) >> 8 for d in differences])


def binary_cross_entropy(outputs: Row, targets: Sequence[int]) -> int | None:
    terms = []
    for x, y in zip(outputs, targets, strict=True):
        z = fixed(x)
        if z is None:
            return None
        w = -z if y == 1 else z
        term = max(w, 0) + log_fixed(exp_fixed(abs(w)) + 2**40) - 40 * LN_2
        terms += [max(term, 0)] if y in (0, 1) else []
    return mean(terms)


def convolve(x: Sequence[Row], kernel: Sequence[Sequence[Row]], stride: int) -> list[list[Number]]:
    """One example [L][C], kernel [taps][C][O], no padding -> [out][O]; no positions."""
    flat = [v for row in x for v in row]
    outputs = range(len(kernel[0][0]))
    columns = [[v[o] for tap in kernel for v in tap] for o in outputs]
    if None in flat:
        return [[None for _ in outputs] for _ in range((len(x) - len(kernel)) // stride + 1)]
    width = len(x[0])
    bits = row_bits(len(kernel) * width)
    grid = on_row(flat, bits)
    result = []
    for start in range(0, len(x) - len(kernel) + 1, stride):
        patch = grid[start * width : (start + len(kernel)) * width]
        result.append(
            [
                product_sum(sum((a * b for a, b in zip(patch, on_row(c, bits), strict=True)), ZERO))
                for c in columns
            ]
        )
    return result
