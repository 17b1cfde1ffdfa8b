"""Arrays as runs of blocks: little-endian, C order, cut every MAX_BLOCK_BYTES.

An array starts its own run, so that an unchanged array keeps its blocks whatever changes around it.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from compute.storage.parallel import get_many, put_many
from compute.storage.store import MAX_BLOCK_BYTES, Store


class WrongLength(ValueError):
    """A block is not as long as its place in the array demands."""


def block_count(size: int) -> int:
    """How many blocks hold `size` bytes; none hold zero."""
    return -(-size // MAX_BLOCK_BYTES)


def nbytes(dtype: np.dtype, shape: Sequence[int]) -> int:
    """Bytes of an array, as a Python integer: hostile shapes cannot overflow it."""
    return math.prod(shape) * dtype.itemsize


def put_array(store: Store, array: np.ndarray) -> list[bytes]:
    """Store `array` and return its blocks' digests in order."""
    data = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(-1).view(np.uint8)
    starts = range(0, data.size, MAX_BLOCK_BYTES)
    return put_many(store, (data[start : start + MAX_BLOCK_BYTES].tobytes() for start in starts))


def get_array(
    store: Store, blocks: Sequence[bytes], dtype: np.dtype, shape: Sequence[int]
) -> np.ndarray:
    """The array of `dtype` and `shape` held by `blocks`, in native byte order.

    The caller bounds the size; the number of blocks is checked before anything is allocated, each
    block's length before it is used. Raises WrongLength, and what `store.get` raises.
    """
    size = nbytes(dtype, shape)
    data = np.empty(size if len(blocks) == block_count(size) else 0, np.uint8)
    start = 0
    for block in array_blocks(store, blocks, size):
        data[start : start + len(block)] = np.frombuffer(block, np.uint8)
        start += len(block)
    array = data.view(dtype.newbyteorder("<")).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def array_blocks(store: Store, blocks: Sequence[bytes], size: int) -> Iterator[bytes]:
    """The blocks of an array of `size` bytes in order, each checked to have its length.

    Raises WrongLength, before anything is fetched if their number is wrong, and what `store.get`
    raises.
    """
    if len(blocks) != block_count(size):
        raise WrongLength(f"{size} bytes take {block_count(size)} blocks, not {len(blocks)}")
    for number, block in enumerate(get_many(store, blocks)):
        wanted = min(MAX_BLOCK_BYTES, size - number * MAX_BLOCK_BYTES)
        if len(block) != wanted:
            raise WrongLength(f"block {number} has {len(block)} bytes, not {wanted}")
        yield block
