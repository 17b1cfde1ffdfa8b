"""Elements at random for random programs: boundaries, ties, dust, integers, every magnitude."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence

from compute.program.types import DType, Type

_ONE_ULP = (-1, 0, 1)
_CENTRES = (
    0.5, 1.0, 2.0, 0.34375, 0.70710678, 1.4142135, 1.5707964, 3.1415927, 4.0, 8.0, 10.0, 64.0, 69.0,
    88.72284, 89.0, 2.0**14, 2.0**16, 2.0**20, 2.0**24, 2.0**31, 2.0**-12, 2.0**-24, 2.0**-27,
    2.0**-48, 2.0**-60, 2.0**64, 2.0**100, 1.4616321, 2.5, 0.41421357, 8.25,
)  # fmt: skip
_LARGEST, _SMALLEST = 0x7F7FFFFF, 0x0F800000
_CIRCULAR = (
    2.0**-96, 2.0**-60, 2.0**-27, 2.0**-26, 2.0**-13, 0.01, 0.7853982, 1.5707964, 2.3561945,
    3.1415927, 6.2831855, 355.0, 573204.0, 823549.7, 2.0**20,
)  # fmt: skip
# where the definition of a function changes or its result vanishes
EDGES = {
    "logistic": (1.0, 16.6, 64.0, 66.0, 66.5, 66.54, 66.542, 69.0, 2.0**60),
    "gelu": (2.0**-60, 1.0, 5.0, 8.0, 9.0, 9.1, 9.13, 9.137, 9.14, 10.0, 2.0**60),
    **dict.fromkeys(("sin", "cos", "tan"), _CIRCULAR),
}


def _pattern(x: float) -> int:
    return struct.unpack("<I", struct.pack("<f", x))[0]


def _near(rng: random.Random, centres: Sequence[float]) -> int:
    return _pattern(rng.choice(centres)) + rng.choice(_ONE_ULP)


def _boundary(rng: random.Random) -> int:
    near = [_near(rng, _CENTRES)]
    return rng.choice([0, _LARGEST, _SMALLEST, _SMALLEST + 1, *near, *near, *near])


def _any(rng: random.Random) -> int:
    return rng.randint(_SMALLEST, _LARGEST)


def _tame(rng: random.Random) -> int:
    return _pattern(abs(rng.gauss(0, 1)))


def _small_integer(rng: random.Random) -> int:
    return _pattern(float(rng.randint(0, 4)))


def _tie(rng: random.Random) -> int:
    """Few significant bits on two scales: sums that fall on the middle between two values."""
    return _pattern(rng.choice((1.0, 2.0**-20, 2.0**-21, 2.0**-22, 2.0**-24)) * rng.randint(1, 3))


_KINDS = (_boundary, _any, _tame, _tame, _tame, _small_integer, _tie)


def floats(rng: random.Random, count: int, *, dust: bool = False) -> bytes:
    """Float32 words of values; with `dust` also -0, subnormals and what else becomes zero."""
    kinds = [rng.choice(_KINDS)] if rng.random() < 0.7 else _KINDS
    words = [rng.choice(kinds)(rng) for _ in range(count)]
    signed = [w | rng.getrandbits(1) << 31 if w else 0 for w in words]
    if dust:
        signed = [rng.getrandbits(32) & 0x8F7FFFFF if rng.random() < 0.03 else w for w in signed]
    return struct.pack(f"<{count}I", *signed)


def edges(rng: random.Random, name: str, count: int) -> bytes:
    """Float32 words of values around the edges of a function, of both signs."""
    words = [_near(rng, EDGES[name]) | rng.getrandbits(1) << 31 for _ in range(count)]
    return struct.pack(f"<{count}I", *words)


def _integer(rng: random.Random, dtype: DType, small: bool) -> int:
    edge = (dtype.least, dtype.greatest, 0, 1, dtype.greatest - 1)
    near = rng.randint(max(dtype.least, -3), 5)
    return near if small else rng.choice([*edge, near, rng.randint(dtype.least, dtype.greatest)])


def elements(rng: random.Random, kind: Type, *, dust: bool = False) -> bytes:
    """Little-endian elements of a whole array."""
    if kind.dtype.is_float:
        return floats(rng, kind.size, dust=dust)
    if kind.dtype is DType.BOOL:
        return bytes(rng.getrandbits(1) for _ in range(kind.size))
    small = rng.random() < 0.6
    numbers = [_integer(rng, kind.dtype, small) for _ in range(kind.size)]
    width, signed = kind.dtype.bytes, kind.dtype.is_signed
    return b"".join(n.to_bytes(width, "little", signed=signed) for n in numbers)
