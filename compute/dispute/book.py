"""The moves of a game so far, from its events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from compute.dispute.state import Evaluation, NoMove, Phase
from compute.trace.keccak import node
from compute.trace.tree import Opening, Tree

Nodes = dict[tuple[int, int], bytes]  # (height, position) -> node


@dataclass(frozen=True)
class Event:
    """One event of a game, in the chain's order."""

    name: str
    values: Mapping[str, Any]


@dataclass
class Book:
    """Trees as far as the defender has opened them."""

    evaluation: Evaluation | None = None
    sums: list[tuple[int, bytes]] = field(default_factory=list)
    children: list[bytes] = field(default_factory=list)
    nodes: dict[Phase, Nodes] = field(default_factory=dict)
    parts: bytes | None = None
    _phase: Phase = Phase.CLAIM
    _position: int = 0

    @classmethod
    def of(cls, events: Iterable[Event], depths: Mapping[Phase, int]) -> Book:
        """From the events of a game in order (of a lane: its main game's before), and the depths
        of the trees that were opened so far."""
        book, heights = cls(), dict(depths)
        for event in events:
            book._take(event, heights)
        return book

    def _take(self, event: Event, heights: dict[Phase, int]) -> None:
        values = event.values
        if event.name == "Stated":
            self.evaluation = Evaluation(*values["evaluation"])
        elif event.name == "SumsOpened":
            self.sums = list(zip(values["sums"], values["hashes"], strict=True))
        elif event.name in ("Brought", "LaneOpened"):
            self._phase, self._position = Phase.ROWS, 0
        elif event.name == "PartsBrought":
            self._phase, self._position, self.parts = Phase.PARTS, 0, values["parts"]
        elif event.name == "Picked":
            self._pick(Phase(values["phase"]), values["position"])
        elif event.name == "Opened":
            self._open(list(values["children"]), heights)

    def _pick(self, phase: Phase, position: int) -> None:
        # the first of a new phase tells where the last one ended
        self._position = position if phase == self._phase else 0
        self._phase = phase

    def _open(self, children: list[bytes], heights: dict[Phase, int]) -> None:
        levels = len(children).bit_length() - 1
        height = heights[self._phase] - levels
        heights[self._phase] = height
        self.children = children
        known = self.nodes.setdefault(self._phase, {})
        level, first = children, self._position << levels
        for up in range(levels + 1):
            known.update({(height + up, first + i): each for i, each in enumerate(level)})
            level = [node(a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
            first >>= 1


class Seen:
    """A tree of the defender's: what it has opened, and elsewhere what is agreed, one's own."""

    def __init__(self, own: Tree | None, depth: int, nodes: Nodes) -> None:
        self.depth = depth
        self._own, self._nodes = own, nodes

    def node(self, height: int, position: int) -> bytes:
        known = self._nodes.get((height, position))
        if known is not None:
            return known
        if self._own is None:
            raise NoMove("a row has no value")
        return self._own.node(height, position)

    def opening(self, first: int, count: int = 1) -> Opening:
        return Tree.opening(self, first, count)  # type: ignore[arg-type]
