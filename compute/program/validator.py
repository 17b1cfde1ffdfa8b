"""Refuses a program that breaks a rule or a bound; nothing of a value's size is ever allocated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from compute.program import limits
from compute.program.builder import check_type, checked_results
from compute.program.cost import block_cost
from compute.program.operation import Cost, ProgramError, require
from compute.program.operations.control import blocks
from compute.program.program import Block, Constant, Program, Step
from compute.program.types import DType, Type


def validate(program: Program) -> Cost:
    """The cost of one example.  Raises ProgramError with a sentence that says where and why."""
    _check_names("parameter", program.parameters)
    _check_names("input", program.inputs)
    for name, kind in program.parameters:
        require(kind.dtype is DType.F24, f"parameter {name!r} is {kind} and not f24")
    declared = tuple(kind for _, kind in (*program.parameters, *program.inputs))
    require(program.main.inputs == declared, "main does not take the parameters and inputs")
    require(len(program.main.results) >= 1, "main has no result")
    every = list(_blocks(program.main, 1))
    _check_totals(every)
    for index, block in enumerate(every):
        _check_block(block, "main" if block is program.main else f"block {index}")
    return _check_cost(block_cost(program.main))


def _check_names(what: str, entries: Sequence[tuple[str, Type]]) -> None:
    require(len(entries) <= limits.OPERANDS, f"{len(entries)} {what}s are too many")
    names = [name for name, _ in entries]
    require(names == sorted(set(names)), f"{what}s are not in ascending order of distinct names")
    for name in names:
        size = len(name.encode("utf-8", "surrogatepass"))
        require(1 <= size <= limits.NAME_BYTES, f"a {what}'s name has {size} bytes")


def _blocks(block: Block, depth: int) -> Iterator[Block]:
    """Inner blocks first, in the order of their steps, then the block: the order of the table."""
    require(depth <= limits.NESTING, f"blocks are nested deeper than {limits.NESTING}")
    for step in block.steps:
        for inner in blocks(step.attributes):
            yield from _blocks(inner, depth + 1)
    yield block


def _check_totals(every: Sequence[Block]) -> None:
    steps = sum(len(block.steps) for block in every)
    require(steps <= limits.STEPS, f"{steps} steps are more than {limits.STEPS}")
    entries = sum(len(b.types) + len(b.results) for b in every)
    entries += sum(len(step.operands) for block in every for step in block.steps)
    require(entries <= limits.ENTRIES, f"{entries} values and operands are more than 2^20")
    held = sum(_constant_bytes(step) for block in every for step in block.steps)
    require(
        held <= limits.CONSTANT_BYTES,
        f"constants of {held} bytes are more than {limits.CONSTANT_BYTES}",
    )


def _constant_bytes(step: Step) -> int:
    return sum(len(v.data) for v in step.attributes.values() if isinstance(v, Constant))


def _check_block(block: Block, where: str) -> None:
    values = len(block.inputs)
    for side in (block.inputs, block.results):
        require(len(side) <= limits.OPERANDS, f"{where}: {len(side)} inputs or results")
    for kind in block.inputs:
        check_type(kind)
    for index, step in enumerate(block.steps):
        try:
            _check_step(step, block.types, values)
        except ProgramError as error:
            raise ProgramError(f"{where}, step {index}, {error}") from None
        values += len(step.results)
    for number in block.results:
        require(0 <= number < values, f"{where}: result {number} is not defined")


def _check_step(step: Step, types: Sequence[Type], defined: int) -> None:
    for number in step.operands:
        require(
            0 <= number < defined, f"{step.operation}: operand {number} is not defined before it"
        )
    operands = [types[number] for number in step.operands]
    results = checked_results(step.operation, step.attributes, operands)
    said, are = ", ".join(map(str, step.results)), ", ".join(map(str, results))
    require(results == step.results, f"{step.operation}: it says {said} and gives {are}")


def _check_cost(cost: Cost) -> Cost:
    for what, value, bound in (
        ("multiply-adds", cost.multiply_adds, limits.MULTIPLY_ADDS),
        ("elementary operations", cost.elementary, limits.ELEMENTARY),
        ("bytes at its peak", cost.scratch_bytes, limits.PEAK_BYTES),
    ):
        require(value <= bound, f"one example needs {value} {what}, more than {bound}")
    return cost
