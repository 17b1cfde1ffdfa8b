"""How many values the tests of steps try, and which.

STEP_VALUES in the environment: so many of each rule, and every element of every vector; by
default a few dozen.
"""

from __future__ import annotations

import os
import random
import struct

from compute.oracle.array import Array, from_bytes
from compute.program.types import DType, Type
from tests.support.random_values import elements, floats

ASKED = int(os.environ.get("STEP_VALUES", "0"))
COUNT = ASKED or 32
SATURATED = 0x7FC00000
# 0, 2**-96 and its neighbour, 2**-95, L and its neighbour, one and its neighbours
EDGES = (
    0, 0x0F800000, 0x0F800001, 0x10000000, 0x7F7FFFFF, 0x7F7FFFFE, 0x3F800000, 0x3F7FFFFF,
    0x3F800001, SATURATED,
)  # fmt: skip


def patterns(rng: random.Random, count: int) -> list[int]:
    """Words of F24: one of eight an edge, the others as in random programs."""
    words = list(struct.unpack(f"<{count}I", floats(rng, count)))
    for i in range(count):
        if rng.random() < 0.125:
            edge = rng.choice(EDGES)
            words[i] = edge | (rng.getrandbits(1) << 31 if 0 < edge < SATURATED else 0)
    return words


def array(rng: random.Random, dtype: DType, count: int) -> Array:
    """One row of elements."""
    kind = Type(dtype, (count,))
    if dtype.is_float:
        return from_bytes(kind, struct.pack(f"<{count}I", *patterns(rng, count)))
    return from_bytes(kind, elements(rng, kind))
