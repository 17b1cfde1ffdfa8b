"""Initial parameters from integers alone, so that every machine starts from the same bits.

Rule `he-uniform/1`. Element i of tensor `name` takes 24 random bits r from SplitMix64 in counter
mode, keyed by the sha256 of seed and name, and is

    (2 r + 1 - 2**24) * floor(2**20 * sqrt(6 / fan_in)) / 2**44    rounded once to float32,

uniform in ±sqrt(6 / fan_in), with fan_in the product of all dimensions but the last. Biases are 0.
"""

import math
from collections.abc import Mapping

import numpy as np

from compute.canonical import digest, encode

RULE = "he-uniform/1"


def initialise(shapes: Mapping[str, tuple[int, ...]], seed: int) -> dict[str, np.ndarray]:
    """float32 arrays of the given shapes: the same bits everywhere."""
    return {name: _tensor(name, shape, seed) for name, shape in shapes.items()}


def _tensor(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    if name.rpartition("/")[2] == "bias":
        return np.zeros(shape, np.float32)
    fan_in = math.prod(shape[:-1])
    limit = math.isqrt((6 << 40) // fan_in)
    key = int.from_bytes(digest(encode([RULE, seed, name]))[:8], "big")
    r = (_splitmix64(key, math.prod(shape)) >> np.uint64(40)).astype(np.int64)
    # |product| < 2**46 is exact in float64, the power of two too: float32 is the only rounding
    product = (2 * r + 1 - (1 << 24)) * limit
    return (product.astype(np.float64) * 2.0**-44).astype(np.float32).reshape(shape)


def _splitmix64(key: int, count: int) -> np.ndarray:
    """uint64 outputs 1..count of the SplitMix64 generator (Steele, Lea, Flood 2014) at `key`."""
    z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(key)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
