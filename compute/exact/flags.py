"""Find which values of a block depend on the example, from the program alone."""

from __future__ import annotations

from collections.abc import Sequence

from compute.program.program import Block, Step

Flags = list[bool]


def of_block(block: Block, inputs: Sequence[bool]) -> Flags:
    """Of every value of the block, by its number."""
    flags = list(inputs)
    for step in block.steps:
        flags += of_step(step, [flags[number] for number in step.operands])
    return flags


def of_results(block: Block, inputs: Sequence[bool]) -> Flags:
    flags = of_block(block, inputs)
    return [flags[number] for number in block.results]


def of_step(step: Step, operands: Sequence[bool]) -> Flags:
    name, p = step.operation.name, step.attributes
    if name == "scan":
        first, last = p["constants"], p["constants"] + p["carries"]
        carries = carried(p["body"], operands[:first], operands[first:last], operands[last:])
        inputs = [*operands[:first], *carries, *operands[last:]]
        return [*carries, *of_results(p["body"], inputs)[len(carries) :]]
    if name == "cond":
        branches = [of_results(branch, operands[1:]) for branch in p["branches"]]
        return [operands[0] or any(column) for column in zip(*branches, strict=True)]
    if name == "while":
        return of_while(step, operands)[0]
    return [any(operands)] * len(step.results)


def of_while(step: Step, operands: Sequence[bool]) -> tuple[Flags, bool]:
    """(of the carries, of the condition)."""
    p = step.attributes
    first = p["condition_constants"]
    last = first + p["body_constants"]
    carries = carried(p["body"], operands[first:last], operands[last:], [])
    (condition,) = of_results(p["condition"], [*operands[:first], *carries])
    return ([True] * len(carries) if condition else carries), condition


def carried(
    body: Block, fixed: Sequence[bool], start: Sequence[bool], rest: Sequence[bool]
) -> Flags:
    """The least flags of a loop's carries that its body keeps."""
    carries = list(start)
    while True:
        found = of_results(body, [*fixed, *carries, *rest])
        joined = [a or b for a, b in zip(carries, found, strict=False)]
        if joined == carries:
            return carries
        carries = joined
