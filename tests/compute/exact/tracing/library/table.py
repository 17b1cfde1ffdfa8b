"""What a library call is tested with: the table of all of them, and arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

_RNG = np.random.default_rng(11)


class Call(NamedTuple):
    """`function(*arrays)` -> an array, or a tuple of them.

    `tolerance` is that of a float32 evaluation against JAX's own, of the largest element.
    """

    function: Callable[..., Any]
    arrays: tuple[np.ndarray, ...]
    tolerance: float = 2e-5


def normal(*shape: int) -> np.ndarray:
    return _RNG.standard_normal(shape).astype(np.float32)


def between(low: float, high: float, *shape: int) -> np.ndarray:
    return _RNG.uniform(low, high, shape).astype(np.float32)


X, Y = normal(3, 8), normal(3, 8)
SQUARE, WIDE = normal(4, 4), normal(3, 5, 4)
UNIT, POSITIVE = between(-0.9, 0.9, 3, 8), between(0.2, 3.0, 3, 8)
SHARE = between(0.05, 0.95, 3, 8)
INTEGERS = _RNG.integers(-9, 9, (3, 8)).astype(np.int32)
COUNTS = _RNG.integers(0, 8, (3, 8)).astype(np.int32)
BITS = _RNG.integers(0, 2**31, (3, 8)).astype(np.uint32)
FLAGS = _RNG.integers(0, 2, (3, 8)).astype(bool)
LABELS = np.array([0, 3, 7], np.int32)
DISTRIBUTION = (SHARE / SHARE.sum(-1, keepdims=True)).astype(np.float32)
OTHER = (POSITIVE / POSITIVE.sum(-1, keepdims=True)).astype(np.float32)
DEFINITE = (SQUARE @ SQUARE.T + 4 * np.eye(4)).astype(np.float32)
IMAGE = normal(1, 6, 6, 2)

CALLS: dict[str, Call] = {}


def each(module: Any, prefix: str, names: str, *arrays: np.ndarray, **options: Any) -> None:
    for name in names.split():
        CALLS[f"{prefix}.{name}"] = Call(getattr(module, name), arrays, **options)


def call(name: str, function: Callable[..., Any], *arrays: np.ndarray, **options: Any) -> None:
    CALLS[name] = Call(function, arrays, **options)
