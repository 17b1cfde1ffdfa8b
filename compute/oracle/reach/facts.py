"""Arrays of facts: an axis along which all elements are alike is held once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from compute.oracle.array import Attributes, places, strides
from compute.oracle.reach.fact import Fact
from compute.program.types import Type


@dataclass(frozen=True)
class Facts:
    """`held[axis]` is the size of the axis, or 1 where all its elements are alike."""

    type: Type
    held: tuple[int, ...]
    data: list[Fact]

    def along(self, held: Sequence[int]) -> list[Fact]:
        """The facts of another holding, in which no axis is shorter."""
        if tuple(held) == self.held:
            return self.data
        steps = [
            step if mine > 1 else 0
            for mine, step in zip(self.held, strides(self.held), strict=True)
        ]
        return [self.data[place] for place in places(held, steps)]

    def with_axes(self, axes: Sequence[int]) -> Facts:
        """The same with these axes held in full."""
        held = tuple(
            n if i in axes else h
            for i, (n, h) in enumerate(zip(self.type.shape, self.held, strict=True))
        )
        return Facts(self.type, held, self.along(held))

    def full(self) -> list[Fact]:
        return self.along(self.type.shape)

    def permuted(self, axes: Sequence[int]) -> list[Fact]:
        """The held facts with the axes in another order."""
        step = strides(self.held)
        order = places([self.held[a] for a in axes], [step[a] for a in axes])
        return [self.data[place] for place in order]


Rule = Callable[[Attributes, Sequence[Facts], Type], Facts]


def uniform(kind: Type, fact: Fact) -> Facts:
    if 0 in kind.shape:
        return Facts(kind, kind.shape, [])
    return Facts(kind, (1,) * kind.rank, [fact])


def shared(operands: Sequence[Facts]) -> tuple[int, ...]:
    """The holding of an elementwise result."""
    return tuple(max(h) if min(h) else 0 for h in zip(*(o.held for o in operands), strict=True))


def tight(facts: Facts) -> Facts:
    """Axes whose elements turn out alike are held once."""
    for axis, size in enumerate(facts.held):
        if size > 1 and facts.data:
            inner = math.prod(facts.held[axis + 1 :])
            block = inner * size
            alike = all(
                facts.data[i : i + inner] * size == facts.data[i : i + block]
                for i in range(0, len(facts.data), block)
            )
            if alike:
                held = (*facts.held[:axis], 1, *facts.held[axis + 1 :])
                kept = [
                    f for i in range(0, len(facts.data), block) for f in facts.data[i : i + inner]
                ]
                facts = Facts(facts.type, held, kept)
    return facts


def reshaped(facts: Facts, kind: Type) -> Facts:
    """Groups of axes that go over into each other are held in full unless all alike."""
    if 0 in kind.shape:
        return Facts(kind, kind.shape, [])
    full: set[int] = set()
    held: list[int] = []
    for old, new in _groups(facts.type.shape, kind.shape):
        alike = all(facts.held[axis] == 1 for axis in old)
        full |= set() if alike else set(old)
        held += [1 if alike else kind.shape[axis] for axis in new]
    return Facts(kind, tuple(held), facts.with_axes(tuple(full)).data)


def _groups(old: Sequence[int], new: Sequence[int]) -> Iterator[tuple[list[int], list[int]]]:
    """The least runs of axes with equal numbers of elements."""
    i = j = 0
    while i < len(old) or j < len(new):
        a: list[int] = []
        b: list[int] = []
        left = right = 1
        while True:
            if left <= right and i < len(old) and (left < right or not a):
                a.append(i)
                left, i = left * old[i], i + 1
            elif j < len(new) and (right < left or not b):
                b.append(j)
                right, j = right * new[j], j + 1
            else:
                break
        yield a, b
