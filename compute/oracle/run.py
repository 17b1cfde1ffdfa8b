"""Runs whole programs on one example, step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from compute.oracle import elementwise, indexing, moves, products, reductions
from compute.oracle.array import Array, Attributes, Data, flat
from compute.program.program import Block, Program, Step
from compute.program.types import Type

Observer = Callable[[Step, tuple[Array, ...], tuple[Array, ...]], None]

_ONE: dict[str, Callable[[Attributes, Sequence[Array]], Data]] = {
    **elementwise.RULES,
    **moves.RULES,
    **indexing.RULES,
    **reductions.RULES,
    **products.RULES,
}


@dataclass(frozen=True)
class Outcome:
    """`saturated`: the example has no loss; `outputs` are empty where a step could not decide."""

    outputs: tuple[Array, ...]
    saturated: bool


class Saturated(ArithmeticError):
    """A step decided on a SATURATED element, or a loop did not end."""


def run(
    program: Program,
    parameters: Mapping[str, Array],
    inputs: Mapping[str, Array],
    observe: Observer | None = None,
) -> Outcome:
    """The outputs of a valid program.  `observe(step, operands, results)` sees every step done.

    Raises ValueError if the arrays are not those that the program names.
    """
    given = [*_named(program.parameters, parameters), *_named(program.inputs, inputs)]
    try:
        outputs = tuple(Machine(observe).block(program.main, given))
    except Saturated:
        return Outcome((), True)
    return Outcome(outputs, any(None in a.data for a in outputs))


def _named(entries: Sequence[tuple[str, Type]], arrays: Mapping[str, Array]) -> list[Array]:
    if [name for name, _ in entries] != sorted(arrays):
        raise ValueError(f"the program takes {[name for name, _ in entries]}")
    for name, kind in entries:
        if arrays[name].type != kind or len(arrays[name].data) != kind.size:
            raise ValueError(f"{name} is {arrays[name].type} and not {kind}")
    return [arrays[name] for name, _ in entries]


class Machine:
    def __init__(self, observe: Observer | None) -> None:
        self.observe = observe

    def block(self, block: Block, inputs: Sequence[Array]) -> list[Array]:
        """The results of a block; raises Saturated."""
        values = list(inputs)
        for step in block.steps:
            operands = tuple(values[number] for number in step.operands)
            results = self.step(step, operands)
            values += results
            if self.observe:
                self.observe(step, operands, results)
        return [values[number] for number in block.results]

    def step(self, step: Step, operands: tuple[Array, ...]) -> tuple[Array, ...]:
        name, attributes = step.operation.name, step.attributes
        if step.operation.decides and any(None in a.data for a in operands):
            raise Saturated(name)
        if name in _ONE:
            return (Array(step.results[0], _ONE[name](attributes, operands)),)
        if name in reductions.SEVERAL:
            found = reductions.SEVERAL[name](attributes, operands)
            return tuple(map(Array, step.results, found))
        control = {"scan": self.scan, "cond": self.cond, "while": self.while_}
        return tuple(control[name](step, operands))

    def scan(self, step: Step, operands: tuple[Array, ...]) -> Sequence[Array]:
        body, length = step.attributes["body"], step.attributes["length"]
        first = step.attributes["constants"]
        last = first + step.attributes["carries"]
        constants, carries, sequences = operands[:first], operands[first:last], operands[last:]
        stacked: list[list[Data]] = [[[]] * length for _ in step.results[len(carries) :]]
        for i in reversed(range(length)) if step.attributes["reverse"] else range(length):
            slices = [_slice(s, i, length) for s in sequences]
            results = self.block(body, [*constants, *carries, *slices])
            carries = tuple(results[: len(carries)])
            for row, result in zip(stacked, results[len(carries) :], strict=True):
                row[i] = result.data
        kinds = step.results[len(carries) :]
        return [*carries, *(Array(k, flat(row)) for k, row in zip(kinds, stacked, strict=True))]

    def cond(self, step: Step, operands: tuple[Array, ...]) -> Sequence[Array]:
        branches = step.attributes["branches"]
        index = max(0, min(len(branches) - 1, operands[0].data[0]))
        return self.block(branches[index], operands[1:])

    def while_(self, step: Step, operands: tuple[Array, ...]) -> Sequence[Array]:
        first = step.attributes["condition_constants"]
        last = first + step.attributes["body_constants"]
        for_condition, for_body = operands[:first], operands[first:last]
        carries = list(operands[last:])
        for _ in range(step.attributes["limit"]):
            if not self.block(step.attributes["condition"], [*for_condition, *carries])[0].data[0]:
                return carries
            carries = self.block(step.attributes["body"], [*for_body, *carries])
        if self.block(step.attributes["condition"], [*for_condition, *carries])[0].data[0]:
            raise Saturated("a loop goes on beyond its limit")
        return carries


def _slice(sequence: Array, index: int, length: int) -> Array:
    size = len(sequence.data) // length
    kind = Type(sequence.type.dtype, sequence.shape[1:])
    return Array(kind, sequence.data[index * size : (index + 1) * size])
