"""Elements of rows as words, and words as the leaves of 32 bytes that trees are made of.

A row's words are uint32 [elements], or, where it is wide, int64 or Python integers [elements].
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compute.oracle.array import Array
from compute.oracle.array import wrap as wrapped
from compute.oracle.number import from_pattern, to_pattern
from compute.program.form import WIDE
from compute.program.types import DType, Type
from compute.trace import tree

NARROW = 8  # words in a leaf
SATURATED = 0x7FC00000
NONE = (1 << 256) - 1  # what a rule gives that cannot decide: the word of no row
_SMALLEST = np.uint32(31 << 23)  # the pattern of 2**-96


def per_leaf(dtype: int) -> int:
    return 1 if dtype == WIDE else NARROW


def leaves_of(elements: int, dtype: int) -> int:
    """Count the leaves of a row's tree before it is padded."""
    return max(1, -(-elements // per_leaf(dtype)))


def leaves(words: np.ndarray, dtype: int) -> np.ndarray:
    """uint8 [leaves, 32] of a row's words, or of a run of them that begins at a leaf."""
    if dtype == WIDE:
        return _wide(words)
    count = leaves_of(len(words), dtype)
    padded = np.zeros(count * NARROW, ">u4")
    padded[: len(words)] = words
    return padded.view(np.uint8).reshape(count, 32)


def top(words: np.ndarray, dtype: int) -> bytes:
    """The root of a row, in memory for one run of its leaves."""
    size = tree.RUN * per_leaf(dtype)
    runs = (leaves(words[at : at + size], dtype) for at in range(0, max(1, len(words)), size))
    return tree.top(runs, leaves_of(len(words), dtype))


def _wide(words: np.ndarray) -> np.ndarray:
    if words.dtype == object:
        data = b"".join(int(word).to_bytes(32, "big") for word in words)
        return np.frombuffer(data or bytes(32), np.uint8).reshape(-1, 32)
    padded = np.zeros((max(1, len(words)), 4), ">u8")
    padded[: len(words), 3] = words
    return padded.view(np.uint8).reshape(-1, 32)


def word_in(leaf: bytes, element: int, dtype: int) -> int:
    """The word of `element` in the leaf that holds it."""
    if dtype == WIDE:
        return int.from_bytes(leaf, "big")
    at = element % NARROW * 4
    return int.from_bytes(leaf[at : at + 4], "big")


def numbers(words: Sequence[int] | np.ndarray, dtype: DType) -> list[int | None]:
    """Elements as the oracle has them."""
    if dtype.is_float:
        return [from_pattern(int(word)) for word in words]
    if dtype is DType.BOOL:
        return [int(word) for word in words]
    return [wrapped(int(word), dtype) for word in words]


def of_numbers(data: Sequence[int | None], dtype: DType) -> np.ndarray:
    """Elements of the oracle as words."""
    found = map(to_pattern, data) if dtype.is_float else (int(x or 0) & 0xFFFFFFFF for x in data)
    return np.fromiter(found, np.uint32, len(data))


def oracle_array(words: np.ndarray, kind: Type) -> Array:
    return Array(kind, numbers(words, kind.dtype))


def array(words: np.ndarray, kind: Type) -> np.ndarray:
    """As the evaluator has them: float32 (SATURATED is NaN), booleans, integers."""
    if kind.dtype.is_float:
        found = words.view(np.float32)
    else:
        found = words.view(np.int32).astype(kind.dtype.numpy)
    return found.reshape(kind.shape)


def of_array(found: np.ndarray) -> np.ndarray:
    """An array of the evaluator as words; zeros lose their sign."""
    flat = np.ascontiguousarray(found).reshape(-1)
    if flat.dtype == np.float32:
        return canonical(flat.view(np.uint32))
    return flat.astype(np.int64).astype(np.uint32)


def canonical(patterns: np.ndarray) -> np.ndarray:
    """Any float32 patterns as words: dust is zero, what is no number SATURATED."""
    magnitude = patterns & np.uint32(0x7FFFFFFF)
    finite = np.where(magnitude < _SMALLEST, np.uint32(0), patterns)
    return np.where(magnitude >= np.uint32(0x7F800000), np.uint32(SATURATED), finite)
