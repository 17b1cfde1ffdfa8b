"""Join products that have an operand in common, as queries, keys and values do.

One product with all their weights costs less than several, and each sum in it is the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import NamedTuple

from compute.program.builder import Builder
from compute.program.limits import OPERANDS
from compute.program.program import Block, Program, Step

Axes = tuple[int, ...]
CONTRACT = ("contract_a", "contract_b")


class _Common(NamedTuple):
    """What products share that are joined: a value, its place among the operands, its axes."""

    number: int
    place: int
    contract: Axes


@dataclass
class _Group:
    """Products to be joined: numbers of steps, elements of all results, and of all weights."""

    common: _Common
    steps: list[int]
    results: int
    weights: int

    def takes(self, other: _Group, results: int, weights: int) -> bool:
        """Take the other in, if so many elements are not exceeded."""
        sums = self.results + other.results, self.weights + other.weights
        if len(self.steps) == OPERANDS or sums[0] > results or sums[1] > weights:
            return False
        self.steps += other.steps
        self.results, self.weights = sums
        return True


def late_values(program: Program) -> set[int]:
    """The numbers of main's values that depend on an input, and may differ between examples."""
    main = program.main
    late = set(range(len(program.parameters), len(main.inputs)))
    number = len(main.inputs)
    for step in main.steps:
        if not late.isdisjoint(step.operands):
            late |= set(range(number, number + len(step.results)))
        number += len(step.results)
    return late


def merged(program: Program) -> Program:
    """A program of the same results that computes what depends on parameters alone first, and
    joins products of a value that does not with others that do.

    What is joined is not larger than the largest of such products already, so that it takes no
    memory that was not planned for.
    """
    main, late = program.main, late_values(program)
    builder = Builder(main.inputs)
    new = {n: n for n in range(len(main.inputs))}
    starts = [*accumulate((len(s.results) for s in main.steps), initial=len(main.inputs))]

    def add(i: int) -> None:
        step = main.steps[i]
        operands = [new[n] for n in step.operands]
        found = builder.step(step.operation.name, *operands, **step.attributes)
        new.update({starts[i] + k: number for k, number in enumerate(found)})

    waiting = []
    for i, step in enumerate(main.steps):
        if late.isdisjoint(step.operands):
            add(i)
        else:
            waiting.append(i)
    groups = {group.steps[0]: group for group in _groups(main, late)}
    joined = {i for group in groups.values() for i in group.steps}
    for i in waiting:
        if i in groups:
            group = groups[i]
            found = _join(builder, group.common, [main.steps[k] for k in group.steps], new)
            new.update({starts[k]: number for k, number in zip(group.steps, found, strict=True)})
        elif i not in joined:
            add(i)
    return replace(program, main=builder.block(new[n] for n in main.results))


def _groups(main: Block, late: set[int]) -> list[_Group]:
    """Two or more products each, in the order of the first."""
    products = [
        _Group(common, [i], step.results[0].size, main.types[step.operands[1 - common.place]].size)
        for i, step in enumerate(main.steps)
        if (common := _common(step, late)) is not None
    ]
    results = max((one.results for one in products), default=0)
    weights = max((one.weights for one in products), default=0)
    last: dict[_Common, _Group] = {}
    groups = []
    for one in products:
        if one.common not in last or not last[one.common].takes(one, results, weights):
            last[one.common] = one
            groups.append(one)
    return [group for group in groups if len(group.steps) > 1]


def _common(step: Step, late: set[int]) -> _Common | None:
    """What a product of floats needs to share with others; one alone of its operands is late."""
    sides = [n in late for n in step.operands]
    if step.operation.name != "dot" or sum(sides) != 1:
        return None
    if step.attributes["batch_a"] or not step.results[0].dtype.is_float:
        return None
    place = sides.index(True)
    return _Common(step.operands[place], place, step.attributes[CONTRACT[place]])


def _join(
    builder: Builder, common: _Common, products: Sequence[Step], new: dict[int, int]
) -> list[int]:
    """One product for all, on new numbers; the results of each."""
    number, place, contract = common
    weights = [
        _flat(builder, new[step.operands[1 - place]], step.attributes[CONTRACT[1 - place]])
        for step in products
    ]
    (weight,) = builder.step("concatenate", *weights, axis=len(contract))
    operands, axes = [new[number], weight], [contract, tuple(range(len(contract)))]
    if place == 1:
        operands, axes = operands[::-1], axes[::-1]
    (whole,) = builder.step(
        "dot", *operands, **dict(zip(CONTRACT, axes, strict=True)), batch_a=(), batch_b=()
    )
    found: list[int] = []
    shape, start = builder.types[whole].shape, 0
    axis = len(shape) - 1 if place == 0 else 0
    for step, flat in zip(products, weights, strict=True):
        stop = start + builder.types[flat].shape[-1]
        low, high = [0] * len(shape), list(shape)
        low[axis], high[axis] = start, stop
        (part,) = builder.step(
            "slice", whole, start=tuple(low), stop=tuple(high), stride=(1,) * len(shape)
        )
        found += builder.step("reshape", part, shape=step.results[0].shape)
        start = stop
    return found


def _flat(builder: Builder, weight: int, contract: Axes) -> int:
    """A weight with its contracted axes first, in this order, and one other axis."""
    shape = builder.types[weight].shape
    free = tuple(axis for axis in range(len(shape)) if axis not in contract)
    (turned,) = builder.step("transpose", weight, permutation=(*contract, *free))
    sizes = *(shape[axis] for axis in contract), math.prod(shape[axis] for axis in free)
    return builder.step("reshape", turned, shape=sizes)[0]
