"""Modules of the referee by themselves: clocks, and trees beside those of the players."""

from random import Random
from typing import Any

import boa
import numpy as np
import pytest

from compute.dispute import sums
from compute.dispute.state import BUDGET, GRACE
from compute.exact.transcript import Node, leaf
from compute.trace.tree import Tree, depth_of
from tests.stateful.test_modules import compiled

CLOCK = """
# pragma version 0.4.3
from contracts._modules import chess_clock

@external
@view
def begin(phase: uint256, turn: uint256) -> uint256:
    return chess_clock._begin(phase, turn)

@external
@pure
def packed(clock: chess_clock.Clock) -> uint256:
    return chess_clock._pack(clock)

@external
@pure
def read(word: uint256) -> (chess_clock.Clock, uint256):
    clock: chess_clock.Clock = chess_clock._unpack(word)
    return clock, chess_clock._deadline(clock)

@external
@view
def passed(word: uint256, phase: uint256, turn: uint256, height: uint256) -> uint256:
    return chess_clock._passed(chess_clock._unpack(word), phase, turn, height)
"""

TREES = """
# pragma version 0.4.3
from contracts._modules import dispute_trees as trees

@external
@pure
def depth(leaves: uint256) -> uint256:
    return trees._depth(leaves)

@external
@pure
def fold(words: DynArray[bytes32, trees.CHILDREN]) -> bytes32:
    return trees._fold(words)

@external
@pure
def climb(word: bytes32, position: uint256, path: DynArray[bytes32, trees.PATH]) -> bytes32:
    return trees._climb(word, position, path)

@external
@view
def climb_range(
    start: uint256, count: uint256, first: uint256, depth: uint256, proof: DynArray[bytes32, 99]
) -> (bytes32, uint256):
    root: bytes32 = empty(bytes32)
    at: uint256 = 0
    root, at = trees._climb_range(trees._argument(4) + 32 * start, count, first, depth)
    return root, (at - trees._argument(4)) // 32

@external
@view
def climb_proof(
    word: bytes32, position: uint256, start: uint256, depth: uint256, proof: DynArray[bytes32, 99]
) -> (bytes32, uint256):
    root: bytes32 = empty(bytes32)
    at: uint256 = 0
    root, at = trees._climb_data(word, position, trees._argument(4) + 32 * start, depth)
    return root, (at - trees._argument(4)) // 32

@external
@pure
def sum_leaf(index: uint256, loss: uint256) -> bytes32:
    return trees._sum_leaf(index, loss)

@external
@pure
def width(count: uint256, low: uint256, first: uint256) -> uint256:
    return trees._width(count, low, first)

@external
@pure
def fold_sums(
    sums: DynArray[uint256, trees.SUMS], hashes: DynArray[bytes32, trees.SUMS]
) -> (uint256, bytes32):
    return trees._fold_sums(sums, hashes)

@external
@pure
def climb_sums(
    sum: uint256, hash: bytes32, index: uint256, width: uint256,
    sums: DynArray[uint256, trees.SUM_LEVELS], hashes: DynArray[bytes32, trees.SUM_LEVELS],
) -> (uint256, bytes32):
    return trees._climb_sums(sum, hash, index, width, sums, hashes)
"""

LARGEST = (2**8 - 1, 2**8 - 1, 2**8 - 1, 2**40 - 1, 2**16 - 1, 2**16 - 1)  # a clock's fields


@pytest.fixture
def clock() -> Any:
    return compiled(CLOCK).deploy()


@pytest.fixture
def trees() -> Any:
    return compiled(TREES).deploy()


@pytest.mark.parametrize("field", range(len(LARGEST)))
def test_a_clock_loses_nothing(clock: Any, field: int) -> None:
    """R8: no field touches another, at the largest values and beside them."""
    for value in (LARGEST[field], LARGEST[field] - 1, 1):
        for others in (LARGEST, (0,) * len(LARGEST)):
            told = (*others[:field], value, *others[field + 1 :])
            assert tuple(clock.read(clock.packed(told))[0]) == told


@pytest.mark.parametrize("seed", range(3))
def test_a_clock_counts_down(clock: Any, seed: int) -> None:
    """R8, R17: each side its own time; who has none left has an hour for a move."""
    chance = Random(seed)
    turn, left = seed % 2, [BUDGET, BUDGET]  # the challenger's, the defender's
    phase, height, since = 1, 0, boa.env.timestamp
    word = clock.begin(phase, turn)
    for _ in range(24):
        found, deadline = clock.read(word)
        assert tuple(found) == (phase, turn, height, since, *left)
        assert deadline == since + max(left[turn], GRACE)
        spent = chance.choice([0, 1, GRACE, left[turn] - 1, left[turn], left[turn] + 1, 9_999])
        boa.env.timestamp = since + max(0, spent)
        since, left[turn] = boa.env.timestamp, max(0, left[turn] - max(0, spent))
        phase, turn, height = chance.randint(1, 11), chance.randrange(2), chance.randint(0, 40)
        word = clock.passed(word, phase, turn, height)


def test_depths(trees: Any) -> None:
    for leaves in (0, 1, 2, 3, 4, 5, 31, 32, 33, 2**40, 2**40 + 1):
        assert trees.depth(leaves) == depth_of(leaves)


def random_tree(leaves: int) -> Tree:
    return Tree(np.random.default_rng(leaves).integers(0, 256, (leaves, 32), np.uint8))


@pytest.mark.parametrize("leaves", [1, 2, 7, 32])
def test_a_node_is_found_from_below(trees: Any, leaves: int) -> None:
    """From all leaves, and from each with its path."""
    tree = random_tree(leaves)
    assert trees.fold(tree.descendants(tree.depth, 0, tree.depth)) == tree.top
    for position in range(leaves):
        opening = tree.opening(position)
        assert trees.climb(*opening.leaves, position, opening.siblings) == tree.top
    with boa.reverts("rf: position"):
        trees.climb(*opening.leaves, position + (1 << tree.depth), opening.siblings)


RANGES = [(1, 0, 1), (2, 0, 1), (2, 0, 2), (40, 0, 32), (40, 1, 32), (40, 7, 3), (64, 31, 2),
          (64, 32, 32), (64, 63, 1), (64, 20, 11)]  # fmt: skip


@pytest.mark.parametrize(("leaves", "first", "count"), RANGES)
def test_leaves_in_a_row(trees: Any, leaves: int, first: int, count: int) -> None:
    """Wherever they begin in the list, what follows them is left."""
    tree = random_tree(leaves)
    opening, other = tree.opening(first, count), b"\7" * 32
    told = [*opening.leaves, *opening.siblings]
    for before, after in ((0, 0), (2, 3)):
        proof = [other] * before + told + [other] * after
        ends = before + len(told)
        assert trees.climb_range(before, count, first, tree.depth, proof) == (tree.top, ends)
    with boa.reverts():  # beyond the call's data
        trees.climb_range(len(told), count, first, tree.depth, told)
    if count == 1:
        found = trees.climb_proof(told[0], first, 3, tree.depth, [*told[1:2] * 3, *told[1:]])
        assert found == (tree.top, 3 + tree.depth)


@pytest.mark.parametrize(("count", "first", "depth"), [(0, 0, 5), (33, 0, 6), (2, 31, 5)])
def test_leaves_that_are_not_there(trees: Any, count: int, first: int, depth: int) -> None:
    with boa.reverts("rf: range"):
        trees.climb_range(0, count, first, depth, [b"\7" * 32] * 60)


def told(nodes: list[Node]) -> tuple[list[int], list[bytes]]:
    return [node.total for node in nodes], [node.hash for node in nodes]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 11, 15, 16, 17, 37, 300])
def test_sums(trees: Any, count: int) -> None:
    """Of every number of nodes that one move shows: the last may have no sibling."""
    losses = [3**i % 2**40 for i in range(count)]
    for height in {sums.depth_of(count), min(4, sums.depth_of(count))}:
        for index in {0, count - 1 >> height}:
            opened(trees, losses, height, index)


def opened(trees: Any, losses: list[int], height: int, index: int) -> None:
    """A node of a sum tree from the nodes of one move, and from each of them."""
    top, below = sums.node(losses, height, index), sums.children(losses, height, index)
    levels = min(height, 4)
    width = trees.width(len(losses), height - levels, index << levels)
    assert min(1 << levels, width) == len(below)
    assert trees.fold_sums(*told(below)) == (top.total, top.hash)
    for i, node in enumerate(below):
        own, (totals, hashes) = (node.total, node.hash), told(sums.siblings(below, i))
        assert trees.climb_sums(*own, i, len(below), totals, hashes) == (top.total, top.hash)
        wrong = [(len(below), totals, hashes), (i, totals, [*hashes[1:]])] if totals else []
        wrong += [(i, totals[1:], hashes[1:])] if totals else []
        wrong += [(i, [*totals, 1], [*hashes, node.hash])] if len(totals) < 4 else []
        for at, some, those in wrong:
            with boa.reverts("rf: siblings"):
                trees.climb_sums(*own, at, len(below), some, those)


def test_leaves_of_sums(trees: Any) -> None:
    for index, loss in ((0, 0), (1, 2**64 - 1), (2**40 - 1, 5)):
        assert trees.sum_leaf(index, loss) == leaf(index, loss).hash
