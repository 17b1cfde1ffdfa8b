"""Runs blocks of programs on arrays."""

from __future__ import annotations

from collections.abc import Sequence

from jax import Array

from compute.exact.control import CONTROL
from compute.exact.rules import RULES
from compute.exact.values import Context, Value
from compute.program.program import Block, Step


def run_block(context: Context, block: Block, inputs: Sequence[Value]) -> list[Value]:
    """The results of a block; what traps goes to the context."""
    values = list(inputs)
    for step in block.steps:
        values += run_step(context, step, [values[number] for number in step.operands])
    return [values[number] for number in block.results]


def run_step(context: Context, step: Step, values: Sequence[Value]) -> list[Value]:
    """The results of a step."""
    if step.operation.decides:
        for value in values:
            context.observe(value)
    name = step.operation.name
    if name in CONTROL:
        return CONTROL[name](run_inside, context, step, values)
    return RULES[name](context, step, values)


def run_inside(
    context: Context, block: Block, inputs: Sequence[Value]
) -> tuple[list[Value], Array]:
    """A block of a loop or branch: its results, and which examples trap in it."""
    inner = Context(context.examples, context.carrier, void=context.void)
    return run_block(inner, block, inputs), inner.trapped()
