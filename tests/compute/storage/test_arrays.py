"""Arrays cut into blocks and put together again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, integer_dtypes, unsigned_integer_dtypes

from compute.storage import MAX_BLOCK_BYTES, FolderStore
from compute.storage.arrays import WrongLength, block_count, get_array, nbytes, put_array

BYTE = np.dtype(np.uint8)


@pytest.fixture
def store(tmp_path) -> FolderStore:
    return FolderStore(tmp_path)


@given(
    arrays(integer_dtypes() | unsigned_integer_dtypes(), array_shapes(min_dims=0, min_side=0)),
    st.booleans(),
)
@settings(max_examples=50)
def test_any_array_in_any_byte_order_comes_back_in_ours(store, array, transposed):
    array = array.T if transposed else array
    native = array.dtype.newbyteorder("=")
    found = get_array(store, put_array(store, array), array.dtype, array.shape)
    assert found.dtype == native
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("size", [0, 1, MAX_BLOCK_BYTES, MAX_BLOCK_BYTES + 1, 2 * MAX_BLOCK_BYTES])
def test_blocks_are_cut_at_the_limit(store, size):
    data = np.arange(size, dtype=np.uint64).astype(np.uint8)
    blocks = put_array(store, data)
    assert len(blocks) == block_count(size) == -(-size // MAX_BLOCK_BYTES)
    assert all(len(store.get(block)) == MAX_BLOCK_BYTES for block in blocks[:-1])
    np.testing.assert_array_equal(get_array(store, blocks, BYTE, (size,)), data)


def test_the_number_of_blocks_is_checked_before_any_is_fetched(store):
    nowhere = bytes(32)
    with pytest.raises(WrongLength, match="take 1 blocks, not 2"):
        get_array(store, [nowhere, nowhere], BYTE, (10,))
    with pytest.raises(WrongLength, match="not 0"):
        get_array(store, [], BYTE, (1 << 62,))


def test_every_length_is_checked(store):
    whole, short = store.put(bytes(MAX_BLOCK_BYTES)), store.put(bytes(5))
    get_array(store, [whole, short], BYTE, (MAX_BLOCK_BYTES + 5,))
    for blocks in ([short, whole], [whole, whole], [short, short]):
        with pytest.raises(WrongLength, match="has"):
            get_array(store, blocks, BYTE, (MAX_BLOCK_BYTES + 5,))


def test_the_product_of_a_hostile_shape_does_not_overflow():
    assert nbytes(np.dtype(np.float32), [1 << 32] * 8) == 1 << 258
