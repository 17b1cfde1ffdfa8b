"""A program as text that a person can read; whatever a stranger wrote in it is shown inert."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from typing import Any

from compute.program.cost import block_cost, step_cost
from compute.program.program import Block, Constant, Program, Step
from compute.program.types import DType, Type

SHOWN_ELEMENTS = 6
_PLAIN = re.compile(r"[A-Za-z0-9_./-]+")


def lines(program: Program) -> Iterator[str]:
    """The text of a valid program, line by line: it may be long.

    A value is %n, its number within its block; parameters and inputs of main go by their names.
    """
    for what, entries in (("parameter", program.parameters), ("input", program.inputs)):
        for name, kind in entries:
            yield f"{what} {inert(name)} {kind}"
    cost = block_cost(program.main)
    yield (
        f"one example: {cost.multiply_adds:,} multiply-adds, {cost.elementary:,} elementary "
        f"operations, {cost.scratch_bytes:,} bytes"
    )
    names = [inert(name) for name, _ in (*program.parameters, *program.inputs)]
    yield from _block(program.main, names, "")


def inert(name: str) -> str:
    """A name without control characters, escapes, spaces or letters that look like others."""
    return name if _PLAIN.fullmatch(name) else ascii(name)


def _block(block: Block, names: Sequence[str], indent: str) -> Iterator[str]:
    """`names` are those of the first values; the others are numbered."""
    value = [*names, *(f"%{n}" for n in range(len(names), len(block.types)))]
    number = len(block.inputs)
    for step in block.steps:
        made = range(number, number + len(step.results))
        number = made.stop
        results = ", ".join(f"{value[n]} {block.types[n]}" for n in made)
        operands = "".join(f" {value[n]}" for n in step.operands)
        multiply_adds = step_cost(step, block.types).multiply_adds
        note = f"  # {multiply_adds:,} multiply-adds" if multiply_adds else ""
        yield f"{indent}{results} = {step.operation}{operands}{_attributes(step)}{note}"
        yield from _inner(step, indent + "    ")
    yield f"{indent}return {' '.join(value[n] for n in block.results)}"


def _inner(step: Step, indent: str) -> Iterator[str]:
    for name, attribute in step.attributes.items():
        several = attribute if isinstance(attribute, tuple) else (attribute,)
        for index, block in enumerate(several):
            if isinstance(block, Block):
                inputs = ", ".join(f"%{n} {kind}" for n, kind in enumerate(block.inputs))
                which = f" {index}" if isinstance(attribute, tuple) else ""
                yield f"{indent}{name}{which} ({inputs}):"
                yield from _block(
                    block, [f"%{n}" for n in range(len(block.inputs))], indent + "    "
                )


def _attributes(step: Step) -> str:
    shown = {name: _attribute(value) for name, value in step.attributes.items()}
    return "".join(f" {name}={text}" for name, text in shown.items() if text)


def _attribute(value: Any) -> str:
    """Empty for blocks, which stand below the step."""
    if isinstance(value, Block):
        return ""
    if isinstance(value, Constant):
        return _constant(value)
    if isinstance(value, DType):
        return value.name.lower()
    if isinstance(value, tuple):
        parts = [_attribute(v) for v in value]
        return "" if value and isinstance(value[0], Block) else f"[{','.join(parts)}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _constant(constant: Constant) -> str:
    """The first elements; one that stands for all is marked."""
    kind, width = constant.type, constant.type.dtype.bytes
    count = len(constant.data) // width
    shown = [_element(kind, constant.data[i * width :]) for i in range(min(count, SHOWN_ELEMENTS))]
    if count == 1 and kind.size > 1:
        return f"{shown[0]} everywhere"
    rest = f",... {count} elements" if count > SHOWN_ELEMENTS else ""
    return f"[{','.join(shown)}{rest}]" if kind.rank else shown[0]


def _element(kind: Type, data: bytes) -> str:
    word = data[: kind.dtype.bytes]
    if kind.dtype.is_float:
        return format(struct.unpack("<f", word)[0], ".9g")
    return str(int.from_bytes(word, "little", signed=kind.dtype.is_signed))
