"""What compiled code of the evaluator must not have."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from math import prod

# approximations and flushed subnormals: PTX says them in the instruction's name; rcp.rn is exact
INEXACT = re.compile(r"^\s*(?:@%p\d+ )?((?:\w+\.)*(?:approx|full|ftz|ex2|lg2)[\w.]*)\s", re.M)
CONTRACTED = re.compile(r"^\s*(?:@%p\d+ )?(fma\.[\w.]+)\s", re.M)
# arithmetic on floats, by which a machine without IEEE's float64 could differ
FLOAT_ARITHMETIC = re.compile(
    r"= (?:f64|f32|bf16|f16)\[[^=]*? (add|subtract|multiply|divide|remainder|dot|convolution|"
    r"exponential|exponential-minus-one|log|log-plus-one|tanh|logistic|sqrt|rsqrt|cbrt|power|sine|"
    r"cosine|tan|atan2|erf|floor|ceil|round-nearest-even|round-nearest-afz)\("
)
ZEROS = {("constant", "0"), ("constant", "-0")}
COMPUTATION = re.compile(r"^(?:ENTRY )?%(\S+) \(.*\{$")
INSTRUCTION = re.compile(r"^  (?:ROOT )?%(\S+) = (\S+) ([\w-]+)\(([^()]*)\)(.*)$")


@dataclass(frozen=True)
class Instruction:
    """A line of HLO's text: name = type opcode(operands), attributes."""

    type: str
    opcode: str
    operands: list[str]
    attributes: str


Computation = dict[str, Instruction]


def forbidden_in_ptx(text: str) -> list[str]:
    """Instructions that approximate or contract, with their counts."""
    found = Counter([*INEXACT.findall(text), *CONTRACTED.findall(text)])
    return [f"{name} x{count}" for name, count in sorted(found.items())]


def forbidden_in_hlo(text: str, carrier: str) -> list[str]:
    """The integer carrier must not compute with floats but what is exact; it moves and compares."""
    if carrier != "integer":
        return []
    found = Counter(FLOAT_ARITHMETIC.findall(text)) - Counter(add=_exact_additions(text))
    return [f"float {name} x{count}" for name, count in sorted(found.items())]


def _exact_additions(text: str) -> int:
    """Additions of floats that are x + x, or 0 + x by which a TPU drops axes of one element.

    What this cannot read, or cannot prove, does not count.
    """
    code = _computations(text)
    return sum(
        len(set(one.operands)) == 1 or _drops_axes(name, code, text)
        for name, block in code.items()
        for one in block.values()
        if one.opcode == "add" and re.match("f64|f32|bf16|f16", one.type)
    )


def _computations(text: str) -> dict[str, Computation]:
    """The computations of a module's text by their names."""
    found: dict[str, Computation] = {}
    for line in text.splitlines():
        if head := COMPUTATION.match(line):
            block = found.setdefault(head[1], {})
        elif found and (match := INSTRUCTION.match(line)):
            name, kind, opcode, operands, attributes = match.groups()
            names = [operand.strip().removeprefix("%") for operand in operands.split(",")]
            block[name] = Instruction(kind, opcode, names, attributes)
    return found


def _drops_axes(name: str, code: dict[str, Computation], text: str) -> bool:
    """Is the computation lhs + rhs, and mentioned by reductions of one element from 0 alone?"""
    if sorted(one.opcode for one in code[name].values()) != ["add", "parameter", "parameter"]:
        return False
    mentions = len(re.findall(rf"%{re.escape(name)}(?![\w.-])", text)) - 1  # and its own head
    proven = sum(
        f"to_apply=%{name}," in f"{one.attributes}," and _reduces_one_element(one, block)
        for block in code.values()
        for one in block.values()
    )
    return 0 < mentions == proven


def _reduces_one_element(one: Instruction, block: Computation) -> bool:
    """Is it a reduction of one array, from a constant 0, over axes that have one element?"""
    axes = re.search(r"dimensions=\{([\d,]+)\}", one.attributes)
    if one.opcode != "reduce" or len(one.operands) != 2 or not axes:
        return False
    operand, init = (block.get(name) for name in one.operands)
    if operand is None or init is None or (init.opcode, *init.operands) not in ZEROS:
        return False
    shape = re.match(r"\w+\[([\d,]+)\]", operand.type)
    sizes = [int(size) for size in shape[1].split(",")] if shape else []
    reduced = [int(axis) for axis in axes[1].split(",")]
    return max(reduced) < len(sizes) and prod(sizes[axis] for axis in reduced) == 1
