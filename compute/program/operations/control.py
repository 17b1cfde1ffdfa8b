"""Loops and branches over blocks."""

from __future__ import annotations

from collections.abc import Sequence

from compute.program import limits
from compute.program.cost import block_cost
from compute.program.operation import Attribute, Cost, Kind, Operation, require
from compute.program.operations.rules import Attributes, Types, work
from compute.program.program import Block
from compute.program.types import DType, Type


def _fits(given: Sequence[Type], wanted: Sequence[Type], what: str) -> None:
    require(len(given) == len(wanted), f"{what}: {len(given)} values where {len(wanted)} belong")
    for value, expected in zip(given, wanted, strict=True):
        require(value == expected, f"{what}: {value} where {expected} belongs")


def _scan(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    body, length = attributes["body"], attributes["length"]
    fixed = attributes["constants"] + attributes["carries"]
    require(fixed <= len(operands), "it has fewer operands than constants and carries")
    for sequence in operands[fixed:]:
        require(
            sequence.rank >= 1 and sequence.shape[0] == length,
            f"{sequence} is not a sequence of {length}",
        )
    slices = [Type(s.dtype, s.shape[1:]) for s in operands[fixed:]]
    _fits([*operands[:fixed], *slices], body.inputs, "inputs of the body")
    carries = operands[attributes["constants"] : fixed]
    results = body.result_types
    _fits(results[: len(carries)], carries, "carries")
    return (*carries, *(Type(r.dtype, (length, *r.shape)) for r in results[len(carries) :]))


def _scan_cost(attributes: Attributes, operands: Types, results: Types) -> Cost:
    inner = block_cost(attributes["body"])
    length = attributes["length"]
    return Cost(
        length * inner.multiply_adds,
        work(operands, results) + length * (inner.elementary + 1),
        inner.scratch_bytes,
    )


def _cond(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    branches = attributes["branches"]
    require(len(operands) >= 1 and len(branches) >= 1, "it takes an index and branches")
    index, rest = operands[0], operands[1:]
    require(
        index.dtype in (DType.BOOL, DType.I32) and not index.shape,
        f"an index is one bool or i32, not {index}",
    )
    require(index.dtype is DType.I32 or len(branches) == 2, "a bool chooses between two branches")
    for branch in branches:
        _fits(rest, branch.inputs, "inputs of a branch")
        _fits(branch.result_types, branches[0].result_types, "results of the branches")
    return tuple(branches[0].result_types)


def _cond_cost(attributes: Attributes, operands: Types, results: Types) -> Cost:
    """All branches: a batch may take each of them."""
    inner = [block_cost(branch) for branch in attributes["branches"]]
    return Cost(
        sum(c.multiply_adds for c in inner),
        work(operands, results) + sum(c.elementary for c in inner),
        max(c.scratch_bytes for c in inner),
    )


def _while(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    condition, body = attributes["condition"], attributes["body"]
    first, second = attributes["condition_constants"], attributes["body_constants"]
    require(first + second <= len(operands), "it has fewer operands than constants")
    require(1 <= attributes["limit"] <= limits.WHILE_LIMIT, "its limit is between 1 and 2^20")
    carries = operands[first + second :]
    _fits([*operands[:first], *carries], condition.inputs, "inputs of the condition")
    _fits(condition.result_types, [Type(DType.BOOL)], "results of the condition")
    _fits([*operands[first : first + second], *carries], body.inputs, "inputs of the body")
    _fits(body.result_types, carries, "carries")
    return tuple(carries)


def _while_cost(attributes: Attributes, operands: Types, results: Types) -> Cost:
    condition, body = block_cost(attributes["condition"]), block_cost(attributes["body"])
    times = attributes["limit"] + 1
    return Cost(
        times * (condition.multiply_adds + body.multiply_adds),
        work(operands, results) + times * (condition.elementary + body.elementary + 1),
        max(condition.scratch_bytes, body.scratch_bytes),
    )


def blocks(attributes: Attributes) -> tuple[Block, ...]:
    """The blocks of a step, in the order of its attributes."""
    found: list[Block] = []
    for value in attributes.values():
        if isinstance(value, Block):
            found.append(value)
        elif isinstance(value, tuple):
            found += [v for v in value if isinstance(v, Block)]
    return tuple(found)


_NUMBER = Attribute(Kind.INTEGER)

OPERATIONS = (
    Operation(
        "scan",
        0xE0,
        {
            "body": Attribute(Kind.BLOCK),
            "length": _NUMBER,
            "constants": _NUMBER,
            "carries": _NUMBER,
            "reverse": Attribute(Kind.BOOLEAN),
        },
        _scan,
        _scan_cost,
    ),
    Operation("cond", 0xE1, {"branches": Attribute(Kind.BLOCKS)}, _cond, _cond_cost),
    Operation(
        "while",
        0xE2,
        {
            "condition": Attribute(Kind.BLOCK),
            "body": Attribute(Kind.BLOCK),
            "condition_constants": _NUMBER,
            "body_constants": _NUMBER,
            "limit": _NUMBER,
        },
        _while,
        _while_cost,
    ),
)
