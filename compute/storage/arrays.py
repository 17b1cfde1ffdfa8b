"""Arrays as runs of blocks: little-endian, C order, cut every MAX_BLOCK_BYTES.

An array starts its own run, so that an unchanged array keeps its blocks whatever changes around it.
"""

import math
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing

import numpy as np

from compute.storage.parallel import get_many, put_many
from compute.storage.store import MAX_BLOCK_BYTES, Store


class WrongLength(ValueError):
    """A block is not as long as its place in the array demands."""


def block_count(size: int) -> int:
    """Count the blocks that hold `size` bytes; none hold zero."""
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
    with closing(get_arrays(store, [(blocks, dtype, shape)])) as arrays:
        return next(arrays)


def get_arrays(
    store: Store, runs: Sequence[tuple[Sequence[bytes], np.dtype, Sequence[int]]]
) -> Generator[np.ndarray, None, None]:
    """Read each of `runs` as `get_array` does, in order; the blocks of the next ones travel
    while one is put together, so that many small arrays take no longer than a large one."""
    for blocks, dtype, shape in runs:
        _check_count(blocks, nbytes(dtype, shape))
    with closing(get_many(store, [block for blocks, *_ in runs for block in blocks])) as arriving:
        for _, dtype, shape in runs:
            size = nbytes(dtype, shape)
            data = np.empty(size, np.uint8)
            start = 0
            for block in _whole(arriving, size):
                data[start : start + len(block)] = np.frombuffer(block, np.uint8)
                start += len(block)
            array = data.view(dtype.newbyteorder("<")).reshape(shape)
            yield array.astype(dtype.newbyteorder("="), copy=False)


def array_blocks(store: Store, blocks: Sequence[bytes], size: int) -> Iterator[bytes]:
    """The blocks of an array of `size` bytes in order, each checked to have its length.

    Raises WrongLength, before anything is fetched if their number is wrong, and what `store.get`
    raises.
    """
    _check_count(blocks, size)
    with closing(get_many(store, blocks)) as arriving:
        yield from _whole(arriving, size)


def _check_count(blocks: Sequence[bytes], size: int) -> None:
    if len(blocks) != block_count(size):
        raise WrongLength(f"{size} bytes take {block_count(size)} blocks, not {len(blocks)}")


def _whole(arriving: Iterator[bytes], size: int) -> Iterator[bytes]:
    """The next blocks that hold `size` bytes."""
    for number in range(block_count(size)):
        block = next(arriving)
        wanted = min(MAX_BLOCK_BYTES, size - number * MAX_BLOCK_BYTES)
        if len(block) != wanted:
            raise WrongLength(f"block {number} has {len(block)} bytes, not {wanted}")
        yield block
