"""Words in leaves, trees over them, and openings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute.program.form import WIDE
from compute.program.types import DType, Type
from compute.trace import keccak, lanes, words
from compute.trace.rows import CLASS, NUMBER
from compute.trace.run import column_words
from compute.trace.tree import Opening, Tree, depth_of, top, verify, zeros


def leaves(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, 32), np.uint8)


def plain_top(found: np.ndarray) -> bytes:
    level = [leaf.tobytes() for leaf in found]
    level += [bytes(32)] * ((1 << depth_of(len(level))) - len(level))
    while len(level) > 1:
        level = [keccak.node(a, b) for a, b in zip(level[::2], level[1::2], strict=True)]
    return level[0]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 33, 100])
def test_tops(count, monkeypatch):
    found = leaves(count)
    assert top([found], count) == Tree(found).top == plain_top(found)
    monkeypatch.setattr("compute.trace.tree.RUN", 4)
    assert top([found[i : i + 4] for i in range(0, count, 4)], count) == plain_top(found)
    narrow, wide = found.reshape(-1).view(">u4").astype(np.uint32), np.arange(count)
    assert words.top(narrow, DType.U32.value) == plain_top(found)
    assert words.top(wide, WIDE) == plain_top(words.leaves(wide, WIDE))
    assert zeros(3)[3] == plain_top(np.zeros((8, 32), np.uint8))


def test_a_device_hashes_as_the_reference():
    found = leaves(2 * 700)
    assert (lanes.parents(found) == keccak.one_by_one(found)).all()
    assert keccak.keccak(b"").hex().startswith("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b")


@given(count=st.integers(1, 40), data=st.data())
def test_openings(count, data):
    tree = Tree(leaves(count))
    first = data.draw(st.integers(0, count - 1))
    size = data.draw(st.integers(1, count - first))
    opening = tree.opening(first, size)
    assert verify(tree.top, tree.depth, opening)
    assert not verify(tree.top, tree.depth + 1, opening)
    moved = Opening(first + 1, opening.leaves, opening.siblings)
    assert not verify(tree.top, tree.depth, moved)
    other = bytes([opening.leaves[0][0] ^ 1]) + opening.leaves[0][1:]
    altered = Opening(first, (other, *opening.leaves[1:]), opening.siblings)
    assert not verify(tree.top, tree.depth, altered)
    longer = Opening(first, opening.leaves, (*opening.siblings, bytes(32)))
    assert not verify(tree.top, tree.depth, longer)
    if size == 1:
        assert len(opening.siblings) == tree.depth


def test_descendants_fold_to_their_node():
    tree = Tree(leaves(21))
    for height in range(tree.depth + 1):
        for position in range(1 << (tree.depth - height)):
            below = tree.descendants(height, position, min(3, height))
            assert plain_top(np.frombuffer(b"".join(below), np.uint8).reshape(-1, 32)) == tree.node(
                height, position
            )


def test_words_in_leaves():
    found = words.leaves(np.arange(1, 11, dtype=np.uint32), DType.U32.value)
    assert found.shape == (2, 32)
    assert found[1].tobytes().hex() == "00000009" + "0000000a" + "0" * 48
    for dtype, given_words in ((0, [5, 6, 7]), (WIDE, [5, 1 << 200, 7])):
        leaf = words.leaves(np.array(given_words, object if dtype else np.uint32), dtype)
        per = words.per_leaf(dtype)
        read = [words.word_in(leaf[i // per].tobytes(), i, dtype) for i in range(3)]
        assert read == given_words
    small = words.leaves(np.array([1, 2]), WIDE)
    assert (small == words.leaves(np.array([1, 2], object), WIDE)).all()
    for dtype in (0, WIDE):
        assert words.leaves(np.zeros(0, np.uint32), dtype).tolist() == [[0] * 32]


def test_patterns_become_words():
    patterns = [0x80000000, 0x0F7FFFFF, 0x0F800000, 0x7F800000, 0xFFC00001, 0xFF7FFFFF]
    found = words.canonical(np.array(patterns, np.uint32)).tolist()
    assert found == [0, 0, 0x0F800000, words.SATURATED, words.SATURATED, 0xFF7FFFFF]


def test_columns():
    i8, i32 = Type(DType.I8, (2,)), Type(DType.I32, (4,))
    assert column_words(np.array([-1, 3], np.int8), 0, i8).tolist() == [0xFFFFFFFF, 3]
    classes = column_words(np.array([-1, 7, 1 << 31, 1 << 40]), CLASS, i32)
    assert classes.tolist() == [0xFFFFFFFF, 7, 0xFFFFFFFF, 0xFFFFFFFF]
    numbers = column_words(np.array([-3, 0]), NUMBER - 1, Type(DType.F24, (2,)))
    assert numbers.tolist() == [0xBFC00000, 0]
    huge = np.array([2**64 - 1], np.uint64)
    assert column_words(huge, NUMBER + 64, Type(DType.F24, (1,))).tolist() == [words.SATURATED]
