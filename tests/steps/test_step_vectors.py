"""Every operation's committed cases, and random programs, element by element on the contracts."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from compute.oracle.array import Array, from_bytes
from compute.oracle.run import run
from compute.program.codec import decode
from compute.program.lowering import NAMES, NotLowered
from compute.program.operations import OPERATIONS
from compute.program.program import Program, Step
from tests.steps.rows import differences
from tests.steps.values import ASKED
from tests.support.random_programs import random_case

VECTORS = Path(__file__).parents[2] / "compute" / "exact" / "vectors"
FEW = None if ASKED else 2  # lines of a file
MOST = None if ASKED else 3  # elements of a result
WITHOUT = {"constant", "scan", "cond", "while"}
Arrays = dict[str, Array]


def cases(operation: str) -> Iterator[tuple[Program, Arrays, Arrays]]:
    for line in (VECTORS / f"{operation}.jsonl").read_text().splitlines()[:FEW]:
        case = json.loads(line)
        program = decode(bytes.fromhex(case["program"]))
        yield (
            program,
            {n: from_bytes(t, bytes.fromhex(case["parameters"][n])) for n, t in program.parameters},
            {n: from_bytes(t, bytes.fromhex(case["inputs"][n])) for n, t in program.inputs},
        )


def wrong(program: Program, parameters: Arrays, inputs: Arrays, only: str | None = None) -> list:
    found: list[str] = []

    def observe(step: Step, operands: tuple[Array, ...], results: tuple[Array, ...]) -> None:
        name = step.operation.name
        if name in NAMES and only in (None, name):
            try:
                found.extend(differences(step, operands, results, MOST))
            except NotLowered:
                assert name == "scatter" or step.attributes["keys"] > 7

    run(program, parameters, inputs, observe)
    return found


def test_every_operation_but_control_has_a_form() -> None:
    assert OPERATIONS.keys() - NAMES == WITHOUT


@pytest.mark.parametrize("operation", sorted(NAMES))
def test_vectors(operation: str) -> None:
    assert [wrong(*case, operation) for case in cases(operation)] == [[]] * (FEW or 16)


@pytest.mark.parametrize("seed", range(max(10, ASKED // 100)))
def test_random_programs(seed: int) -> None:
    names = random.Random(seed).choices(sorted(NAMES), k=12)
    case = random_case(seed, names)
    assert wrong(case.program, *case.arrays()) == []
