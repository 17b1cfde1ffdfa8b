"""The cost of a block for one example: work through all loops, and memory while values live."""

from __future__ import annotations

from compute.program.operation import Cost
from compute.program.program import Block, Step
from compute.program.types import Type


def step_cost(step: Step, types: tuple[Type, ...]) -> Cost:
    """`types` are those of the values of its block."""
    operands = [types[number] for number in step.operands]
    return step.operation.cost(step.attributes, operands, step.results)


def block_cost(block: Block) -> Cost:
    """Sums of work; `scratch_bytes` is the peak of all values alive, inputs and results included.

    Computed once for each block object, so that blocks within blocks stay linear.
    """
    known: Cost | None = block.__dict__.get("cost")
    if known is None:
        known = block.__dict__["cost"] = _block_cost(block)
    return known


def _block_cost(block: Block) -> Cost:
    last = _last_uses(block)
    alive = peak = sum(t.bytes for t in block.inputs)
    multiply_adds = elementary = 0
    number = len(block.inputs)
    for index, step in enumerate(block.steps):
        cost = step_cost(step, block.types)
        multiply_adds += cost.multiply_adds
        elementary += cost.elementary
        made = range(number, number + len(step.results))
        alive += sum(t.bytes for t in step.results)
        peak = max(peak, alive + cost.scratch_bytes)
        for value in {*step.operands, *made}:
            if last.get(value, index) == index:
                alive -= block.types[value].bytes
        number = made.stop
    return Cost(multiply_adds, elementary, peak)


def _last_uses(block: Block) -> dict[int, int]:
    """The index of the last step that reads each value; results of the block outlive all."""
    last: dict[int, int] = {}
    for index, step in enumerate(block.steps):
        last.update(dict.fromkeys(step.operands, index))
    last.update(dict.fromkeys(block.results, len(block.steps)))
    return last
