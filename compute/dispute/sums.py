"""The sum tree over the examples' losses, node by node: see `compute.exact.transcript`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compute.dispute.state import SUM_LEVELS
from compute.exact.transcript import Node, join, leaf

Losses = Sequence[int] | np.ndarray


def depth_of(count: int) -> int:
    return max(0, count - 1).bit_length()


def node(losses: Losses, height: int, index: int) -> Node:
    """Node `index` of level `height`; it must exist."""
    start, end = index << height, min((index + 1) << height, len(losses))
    path: list[tuple[int, Node]] = []
    for i in range(start, end):
        level, joined = 0, leaf(i, int(losses[i]))
        while path and path[-1][0] == level:
            level, joined = level + 1, join(path.pop()[1], joined)
        path.append((level, joined))
    top = path.pop()[1]
    for _, left in reversed(path):
        top = join(left, top)
    return top


def children(losses: Losses, height: int, index: int) -> list[Node]:
    """The descendants of a node that one move shows, those that exist."""
    levels = min(height, SUM_LEVELS)
    low, first = height - levels, index << levels
    end = min(first + (1 << levels), (len(losses) + (1 << low) - 1) >> low)
    return [node(losses, low, i) for i in range(first, end)]


def siblings(level: Sequence[Node], index: int) -> list[Node]:
    """Those on the way up from node `index` of a list that begins at a multiple of its size."""
    nodes, found = list(level), []
    while len(nodes) > 1:
        if index ^ 1 < len(nodes):
            found.append(nodes[index ^ 1])
        pairs = [join(a, b) for a, b in zip(nodes[::2], nodes[1::2], strict=False)]
        nodes, index = pairs + nodes[len(nodes) & ~1 :], index >> 1
    return found
