"""Initial parameters from integers alone, so that every machine starts from the same bits.

Rule `uniform/1`. Element i of tensor `name` takes 24 random bits r from SplitMix64 in counter
mode, keyed by the sha256 of seed and name, and is

    (2 r + 1 - 2**24) * floor(2**20 * sqrt(3 v)) / 2**44    rounded once to float32,

uniform in ±sqrt(3 v), with v the variance that the network's table gives the tensor; 2 / fan_in
is the initialisation of He et al. 2015. Other tensors start as all zeros or all ones.
"""

import math
from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from compute.canonical import digest, encode
from compute.models.parameters import Parameter

RULE = "uniform/1"


def initialise(parameters: Mapping[str, Parameter], seed: int) -> dict[str, np.ndarray]:
    """float32 arrays of the parameters: the same bits everywhere."""
    return {name: _tensor(name, parameter, seed) for name, parameter in parameters.items()}


def _tensor(name: str, parameter: Parameter, seed: int) -> np.ndarray:
    shape, variance = parameter.shape, parameter.start
    if not isinstance(variance, Fraction):
        return np.full(shape, variance, np.float32)
    limit = math.isqrt((3 * variance.numerator << 40) // variance.denominator)
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
