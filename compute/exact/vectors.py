"""The conformance vectors, by the oracle: `python -m compute.exact.vectors` rewrites the file.

Numbers are float32 bit patterns in hexadecimal, SATURATED is 7fc00000.  Inputs are chosen by hand
at the boundaries (ties, saturation, dust, zero rows, powers of two) and at random from a seed.
"""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from compute.exact import oracle, oracle_circular, oracle_sums
from compute.exact.oracle import Number

FILE = Path(__file__).with_name("vectors.json")
SATURATED = "7fc00000"

UNARY: dict[str, Callable[..., Number]] = {
    "exp": oracle.exp,
    "log": oracle.log,
    "log1p": oracle.log1p,
    "expm1": oracle.expm1,
    "tanh": oracle.tanh,
    "logistic": oracle.logistic,
    "gelu": oracle.gelu,
    "erf": oracle.erf,
    "sin": oracle_circular.sin,
    "cos": oracle_circular.cos,
    "sqrt": oracle.square_root,
    "rsqrt": oracle.rsqrt,
    "sinh": oracle.sinh,
    "cosh": oracle.cosh,
    "tan": oracle_circular.tan,
    "asinh": oracle.asinh,
    "acosh": oracle.acosh,
    "atanh": oracle.atanh,
    "asin": oracle_circular.asin,
    "acos": oracle_circular.acos,
    "atan": oracle_circular.atan,
    "cbrt": oracle.cube_root,
}
BINARY: dict[str, Callable[..., Number]] = {
    "add": oracle.add,
    "sub": oracle.subtract,
    "mul": oracle.multiply,
    "div": oracle.divide,
    "atan2": oracle_circular.atan2,
    "rem": oracle.remainder,
}


def bits(x: Number) -> str:
    """The float32 pattern of a number that is a float32."""
    return SATURATED if x is None else struct.pack(">f", float(x)).hex()


def number(pattern: str) -> Number:
    """The number of a float32 pattern."""
    return (
        None if pattern == SATURATED else Fraction(struct.unpack(">f", bytes.fromhex(pattern))[0])
    )


def single(x: float) -> Fraction:
    """The value nearest to a float."""
    y = oracle.value(Fraction(x))
    return Fraction(0) if y is None else y


def boundaries() -> list[Number]:
    """Zero, one unit either side of powers of two and of every branch, the extremes, SATURATED."""
    centres = [1.0, 2.0, 0.5, 0.34375, 0.6931471805599453, 0.70710678, 1.4142135, 3.1415927]
    centres += [1.5707964, 4.0, 8.0, 10.0, 64.0, 69.0, 88.72284, 89.0, 2.0**14, 2.0**16]
    centres += [2.0**20, 2.0**-12, 2.0**-24, 2.0**-25, 2.0**-27, 2.0**-48, 2.0**64, 2.0**100]
    found = {oracle.SMALLEST, oracle.LARGEST}
    for centre in map(single, centres):
        unit = Fraction(2) ** (oracle.exponent(centre) - 24)
        found |= {centre, centre + unit, centre - unit, centre + 3 * unit}
    ordered = sorted(found)
    return [None, Fraction(0), *ordered, *(-x for x in ordered)]


def values(rng: random.Random, count: int, spread: float) -> list[Number]:
    """Random signs and mantissas, exponents of two uniform in +-spread."""
    return [single(rng.choice((-1, 1)) * 2 ** rng.uniform(-spread, spread)) for _ in range(count)]


def _row(rng: random.Random, length: int, spread: float = 6) -> list[Number]:
    return values(rng, length, spread)


def _ties(length: int) -> list[Number]:
    """One large term and half units of its grid: every rounding is a tie."""
    return [Fraction(1), *(Fraction(2 * i + 1, 2**20) for i in range(length - 1))]


def _rows(rng: random.Random, length: int) -> Iterable[list[Number]]:
    yield _row(rng, length)
    yield _row(rng, length, 30)
    yield _ties(length)
    yield [Fraction(0)] * length
    yield [oracle.SMALLEST] * length
    yield [*_row(rng, length - 1), oracle.LARGEST]
    yield [*_row(rng, length - 1), None]


def hexed(rows: Sequence[Any]) -> list[Any]:
    """Nested lists of numbers as patterns."""
    return [hexed(x) if isinstance(x, list) else bits(x) for x in rows]


def generate() -> dict[str, list[Any]]:
    """All vectors: rule -> list of [inputs..., output]."""
    rng = random.Random(20)  # noqa: S311 - not a secret
    edge = boundaries()
    result: dict[str, list[Any]] = {}
    for name, function in UNARY.items():
        inputs = edge + values(rng, 150, 7) + values(rng, 50, 90)
        result[name] = [[bits(x), bits(function(x))] for x in inputs]
    for name, function in BINARY.items():
        pairs = [(x, y) for x in edge[::4] for y in edge[1::5]]
        pairs += list(zip(values(rng, 200, 3), values(rng, 200, 3), strict=True))
        pairs += list(zip(values(rng, 200, 100), values(rng, 200, 100), strict=True))
        result[name] = [[bits(x), bits(y), bits(function(x, y))] for x, y in pairs]

    lengths = (1, 2, 33)
    result["reduce_sum"] = [
        [hexed(row), bits(oracle_sums.total(row) if n > 1 else row[0])]
        for n in lengths
        for row in _rows(rng, n)
    ]
    result["cumsum"] = [
        [hexed(row), positional, hexed(oracle_sums.cumulative(row, positional))]
        for n in lengths
        for row in _rows(rng, n)
        for positional in (True, False)
    ]
    result["dot"] = [
        [hexed(a), hexed(b), bits(oracle_sums.dot(a, b))]
        for n in lengths
        for a, b in zip(_rows(rng, n), [*_rows(rng, n)][::-1], strict=True)
    ]
    result["dot_absolute"] = [
        [hexed(a), hexed(b), both, bits(oracle_sums.dot_absolute(a, b, both))]
        for n in lengths
        for a, b in zip(_rows(rng, n), [*_rows(rng, n)][::-1], strict=True)
        for both in (True, False)
    ]
    result |= _cancelling()
    result["weigh"] = []
    for n in lengths:
        for weights in _rows(rng, n):
            rows = [_row(rng, 3, 10) for _ in range(n - 1)] + [[Fraction(0)] * 3]
            mixed = oracle_sums.weigh(weights, rows)
            result["weigh"].append([hexed(weights), hexed(rows), hexed(mixed)])
    result["convolve"] = []
    for stride in (1, 2):
        for _ in range(4):
            x = [_row(rng, 2) for _ in range(9)]
            kernel = [[_row(rng, 3) for _ in range(2)] for _ in range(3)]
            outputs = oracle_sums.convolve(x, kernel, stride)
            result["convolve"].append([hexed(x), hexed(kernel), stride, hexed(outputs)])
    result |= _losses(rng, edge)
    near_one = [_row(rng, n, 1) for n in lengths for _ in range(8)]
    rows = [*near_one, *(row for n in lengths for row in _rows(rng, n))]
    result["cumprod"] = [[hexed(row), hexed(oracle_sums.products(row))] for row in rows]
    result["reduce_prod"] = [[hexed(row), bits(oracle_sums.products(row)[-1])] for row in rows]
    return result


def cancelling(largest: Fraction, unit: Fraction, terms: int) -> list[Fraction]:
    """Half of the terms are `largest`, the others its negative, and all together are `unit`."""
    half = terms // 2
    return [largest] * half + [-largest] * (terms - half - 1) + [unit - largest * (1 - terms % 2)]


def _cancelling() -> dict[str, list[Any]]:
    """Sums of the largest digits that cancel to a unit, for the most terms of each number of bits
    and one more: a partial sum that was rounded shows.  [one factor], largest, unit, terms."""
    found: dict[str, list[Any]] = {"dot_cancelling": [], "dot_absolute_cancelling": []}
    most = Fraction(2**14) - Fraction(1, 2**5) + Fraction(1, 2**6) - Fraction(1, 2**10)
    for terms in [2**power + more for power in (9, 11, 13) for more in (0, 1)] + [2**15]:
        unit = Fraction(1, 2 ** oracle_sums.row_bits(terms))
        row = cancelling(1 - unit, unit, terms)
        total = oracle_sums.dot([1 - unit] * terms, row)
        found["dot_cancelling"].append([*hexed([[1 - unit], [1 - unit, unit]]), terms, bits(total)])
        for both, largest in ((True, most), (False, 1 - unit)):
            step = Fraction(1, 2**10) if both else unit
            row = cancelling(largest, step, terms)
            total = oracle_sums.dot_absolute([most] * terms, row, both)
            inputs = hexed([[most], [largest, step]])
            found["dot_absolute_cancelling"].append([*inputs, terms, both, bits(total)])
    return found


def _losses(rng: random.Random, edge: list[Number]) -> dict[str, list[Any]]:
    batches: list[list[list[Number]]] = []
    for classes in (2, 10):
        batches += [[_row(rng, classes, 4) for _ in range(3)] for _ in range(12)]
        batches += [[[single(1000.0)] * classes], [[Fraction(0)] * classes]]
        batches += [[[edge[2 * i], *_row(rng, classes - 1)]] for i in range(len(edge) // 2)]
    entropy = []
    for logits in batches:
        targets = [rng.randrange(-1, len(logits[0])) for _ in logits]
        for share in (0, 6554):
            loss = oracle_sums.cross_entropy(logits, targets, share)
            entropy.append([hexed(logits), targets, share, loss])
    squared, binary = [], []
    for outputs in [*(_row(rng, 4, 8) for _ in range(30)), *([x] for x in edge)]:
        goals = _row(rng, len(outputs), 4)
        squared.append([hexed(outputs), hexed(goals), oracle_sums.squared_error(outputs, goals)])
        labels = [rng.randrange(-1, 2) for _ in outputs]
        binary.append([hexed(outputs), labels, oracle_sums.binary_cross_entropy(outputs, labels)])
    return {"cross_entropy": entropy, "squared_error": squared, "binary_cross_entropy": binary}


if __name__ == "__main__":
    FILE.write_text(json.dumps(generate(), separators=(",", ":")) + "\n")
