"""Complete keccak trees over leaves of 32 bytes, and openings of ranges of their leaves.

A leaf is its own lowest node; missing leaves are zeros up to a power of two.  So the shape follows
from the number of leaves, and a tree of one leaf is the leaf.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from compute.trace.keccak import node, parents

ZERO = bytes(32)
RUN = 1 << 20  # leaves that are hashed at a time when only the top is wanted


def depth_of(leaves: int) -> int:
    """Levels above the leaves."""
    return max(0, leaves - 1).bit_length()


def zeros(depth: int) -> list[bytes]:
    """The tops of trees of zeros, by their depth."""
    found = [ZERO]
    for _ in range(depth):
        found.append(node(found[-1], found[-1]))
    return found


def top(runs: Iterable[np.ndarray], count: int) -> bytes:
    """The top over `count` >= 1 leaves, given as uint8 [RUN, 32], the last run shorter."""
    depth = depth_of(count)
    run = min(depth, depth_of(RUN))
    tops = b"".join(_climbed(leaves, run)[0].tobytes() for leaves in runs)
    level = np.frombuffer(tops, np.uint8).reshape(-1, 32)
    return _climbed(level, depth - run, run)[0].tobytes()


def _climbed(level: np.ndarray, levels: int, at: int = 0) -> np.ndarray:
    """The one node `levels` above nodes of height `at`."""
    empty = zeros(at + levels)
    for height in range(at, at + levels):
        level = parents(_even(level, empty[height]))
    return level


def _even(level: np.ndarray, empty: bytes) -> np.ndarray:
    if len(level) % 2 == 0:
        return level
    return np.concatenate([level, np.frombuffer(empty, np.uint8)[None]])


class Tree:
    """A tree in memory, at about twice the size of its leaves."""

    def __init__(self, leaves: np.ndarray) -> None:
        """Of uint8 [n, 32], n >= 1."""
        self.depth = depth_of(len(leaves))
        self._zeros = zeros(self.depth)
        self._levels = [np.ascontiguousarray(leaves)]
        for height in range(self.depth):
            self._levels.append(parents(_even(self._levels[-1], self._zeros[height])))

    @property
    def top(self) -> bytes:
        return self.node(self.depth, 0)

    def node(self, height: int, position: int) -> bytes:
        """The node `height` levels above the leaves; that of zeros where there are no leaves."""
        level = self._levels[height]
        return level[position].tobytes() if position < len(level) else self._zeros[height]

    def descendants(self, height: int, position: int, levels: int) -> list[bytes]:
        """The 2**levels nodes that lie `levels` below a node."""
        return [self.node(height - levels, (position << levels) + i) for i in range(1 << levels)]

    def opening(self, first: int, count: int = 1) -> Opening:
        """Of `count` >= 1 leaves from `first` on."""
        found, low, high = [], first, first + count - 1
        for height in range(self.depth):
            if low & 1:
                found.append(self.node(height, low - 1))
            if not high & 1:
                found.append(self.node(height, high + 1))
            low, high = low >> 1, high >> 1
        return Opening(first, tuple(self.node(0, first + i) for i in range(count)), tuple(found))


@dataclass(frozen=True)
class Opening:
    """Consecutive leaves from number `first` on, and what else their top is made of, bottom first;
    on each level the sibling on the left comes before that on the right."""

    first: int
    leaves: tuple[bytes, ...]
    siblings: tuple[bytes, ...]

    def top(self, depth: int) -> bytes | None:
        """The top of the tree of this depth that it belongs to; None if it has another form."""
        level, low, rest = list(self.leaves), self.first, list(self.siblings)
        if not level or low < 0 or low + len(level) > 1 << depth:
            return None
        for _ in range(depth):
            left, right = low & 1, 1 - ((low + len(level) - 1) & 1)
            if len(rest) < left + right:
                return None
            level = rest[:left] + level + rest[left : left + right]
            rest, low = rest[left + right :], low >> 1
            level = [node(a, b) for a, b in zip(level[::2], level[1::2], strict=True)]
        return None if rest else level[0]


def verify(root: bytes, depth: int, opening: Opening) -> bool:
    """Are these leaves of the tree of this depth and top?"""
    return opening.top(depth) == root
