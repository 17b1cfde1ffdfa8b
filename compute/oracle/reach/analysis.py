"""Runs a program on facts: every loop is gone through, every branch that may be taken is taken."""

from __future__ import annotations

import math
from collections.abc import Sequence

from compute.oracle.reach.fact import Fact, anything, either, elementwise, union
from compute.oracle.reach.facts import Facts, shared, tight, uniform
from compute.oracle.reach.moves import RULES, coarse, concatenate, in_lines, reshape, slice_
from compute.program.operations.products import free_axes
from compute.program.program import Block, Program, Step
from compute.program.types import Type

LARGEST_WORK = 20_000_000  # facts made, about a minute


class TooLarge(Exception):
    """The program has more elements than are looked at."""


def reach(program: Program, name: str, most: int = LARGEST_WORK) -> list[list[int]]:
    """For each output, for each index of its first axis, the set of positions along the first axis
    of the input `name` that it can feel, bit by bit; a scalar has one index.

    Parameters may be anything.  An output that feels no position has the same value whatever stands
    there, unless the example is saturated.  Raises TooLarge, and KeyError for an unknown input.
    """
    kinds = dict(program.inputs)
    kinds[name]
    given = [uniform(kind, anything(0, kind.dtype)) for _, kind in program.parameters]
    for key, kind in program.inputs:
        given.append(_positions(kind) if key == name else uniform(kind, anything(0, kind.dtype)))
    outputs = _Reader(most).block(program.main, given)
    return [_by_first_axis(facts) for facts in outputs]


def _positions(kind: Type) -> Facts:
    count = kind.shape[0] if kind.rank else 1
    held = tuple(n if i == 0 else min(n, 1) for i, n in enumerate(kind.shape))
    data = [anything(1 << i, kind.dtype) for i in range(count)]
    return Facts(kind, held, data if 0 not in held else [])


def _by_first_axis(facts: Facts) -> list[int]:
    if not facts.type.rank:
        return [facts.data[0].feels]
    data, count = facts.with_axes((0,)), facts.type.shape[0]
    inner = math.prod(data.held[1:])
    return [union(data.data[i * inner : (i + 1) * inner]) for i in range(count)]


class _Reader:
    def __init__(self, most: int) -> None:
        self.left = most

    def block(self, block: Block, inputs: Sequence[Facts]) -> list[Facts]:
        values = list(inputs)
        for step in block.steps:
            operands = [values[number] for number in step.operands]
            self.spend(_work(step, operands))
            made = self.step(step, operands)
            self.spend(sum(len(facts.data) for facts in made))
            values += made
        return [values[number] for number in block.results]

    def spend(self, work: int) -> None:
        self.left -= work
        if self.left < 0:
            raise TooLarge("the program has too many elements to be read one by one")

    def step(self, step: Step, operands: list[Facts]) -> list[Facts]:
        name, attributes = step.operation.name, step.attributes
        if name == "scan":
            return self.scan(step, operands)
        if name == "cond":
            return self.cond(step, operands)
        if name == "while" or any(0 in facts.held for facts in operands):
            return [coarse(attributes, operands, kind) for kind in step.results]
        if name in RULES:
            return [RULES[name](attributes, operands, step.results[0])]
        if name in ("sort", "top_k"):
            return [in_lines(attributes, operands, kind) for kind in step.results]
        return [self.elementwise(step, operands)]

    def elementwise(self, step: Step, operands: list[Facts]) -> Facts:
        kind = step.results[0]
        if step.operation.name == "select" and operands[0].type.rank < kind.rank:
            which = Type(operands[0].type.dtype, kind.shape)
            operands = [uniform(which, operands[0].data[0]), *operands[1:]]
        held = shared(operands)
        kinds = [*(o.type for o in operands), kind]
        seen: dict[tuple[Fact, ...], Fact] = {}
        data = []
        for facts in zip(*(o.along(held) for o in operands), strict=True):
            if facts not in seen:
                seen[facts] = elementwise(step.operation.name, step.attributes, facts, kinds)
            data.append(seen[facts])
        return tight(Facts(kind, held, data))

    def scan(self, step: Step, operands: list[Facts]) -> list[Facts]:
        body, length = step.attributes["body"], step.attributes["length"]
        first = step.attributes["constants"]
        last = first + step.attributes["carries"]
        constants, carries, sequences = operands[:first], operands[first:last], operands[last:]
        rows: list[list[Facts]] = [[] for _ in step.results[len(carries) :]]
        order = range(length - 1, -1, -1) if step.attributes["reverse"] else range(length)
        before: list[Facts] | None = None
        results: list[Facts] = []
        for i in order:
            inputs = [*constants, *carries, *(_slice(s, i) for s in sequences)]
            if inputs != before:
                results = self.block(body, inputs)
            before, carries = inputs, results[: len(carries)]
            for row, result in zip(rows, results[len(carries) :], strict=True):
                row.append(result)
        kinds = step.results[len(carries) :]
        stacked = [
            _stack(row[:: 1 if order.step > 0 else -1], k)
            for row, k in zip(rows, kinds, strict=True)
        ]
        return [*carries, *stacked]

    def cond(self, step: Step, operands: list[Facts]) -> list[Facts]:
        index, branches = operands[0].data[0], step.attributes["branches"]
        low, high = (max(0, min(len(branches) - 1, end)) for end in (index.low, index.high))
        taken = [self.block(branch, operands[1:]) for branch in branches[low : high + 1]]
        if len(taken) == 1:
            return taken[0]
        return [_either(several, index.feels) for several in zip(*taken, strict=True)]


def _work(step: Step, operands: Sequence[Facts]) -> int:
    """Facts that a step looks at; of a product, pairs."""
    attributes = step.attributes
    if step.operation.name == "dot":
        a, b = operands
        left, right = attributes["contract_a"], attributes["contract_b"]
        pairs = zip(left + attributes["batch_a"], right + attributes["batch_b"], strict=True)
        together = math.prod(max(a.held[i], b.held[j]) for i, j in pairs)
        free_a = free_axes(a.type.rank, left, attributes["batch_a"])
        free_b = free_axes(b.type.rank, right, attributes["batch_b"])
        return together * math.prod([a.held[i] for i in free_a] + [b.held[j] for j in free_b])
    if step.operation.name == "convolution":
        return step.results[0].size * math.prod(operands[1].type.shape[:-1])
    return sum(len(facts.data) for facts in operands)


def _slice(sequence: Facts, index: int) -> Facts:
    kind = Type(sequence.type.dtype, sequence.type.shape[1:])
    if sequence.held[0] == 1:
        return Facts(kind, sequence.held[1:], sequence.data)
    rest = [(0, n) for n in sequence.type.shape[1:]]
    low, high = zip((index, index + 1), *rest, strict=True)
    attributes = {"start": low, "stop": high, "stride": (1,) * len(low)}
    one = Type(kind.dtype, (1, *kind.shape))
    return reshape({}, [slice_(attributes, [sequence], one)], kind)


def _stack(row: Sequence[Facts], kind: Type) -> Facts:
    if not row:
        return Facts(kind, kind.shape, [])
    one = Type(kind.dtype, (1, *kind.shape[1:]))
    parts = [Facts(one, (1, *facts.held), facts.data) for facts in row]
    return tight(concatenate({"axis": 0}, parts, kind))


def _either(several: Sequence[Facts], feels: int) -> Facts:
    held = shared(several)
    data = []
    for facts in zip(*(f.along(held) for f in several), strict=True):
        found = either(facts)
        data.append(found if found.constant else Fact(found.feels | feels, found.low, found.high))
    return tight(Facts(several[0].type, held, data))
