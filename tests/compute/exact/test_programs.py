"""Random programs: the evaluator against the oracle; jit or not, batches and carriers by turns.

RANDOM_PROGRAMS in the environment says how many, RANDOM_FIRST the first seed.
"""

from __future__ import annotations

import os
from typing import Any

import jax
import numpy as np
import pytest

from compute.exact.carriers import CARRIERS
from compute.exact.control import CONTROL
from compute.exact.rules import RULES
from compute.exact.stages import Stages
from compute.oracle.array import from_bytes, to_bytes
from compute.oracle.run import Outcome, run
from compute.program.operations import OPERATIONS
from compute.program.types import Type
from tests.support.random_programs import more_inputs, random_case

PROGRAMS = int(os.environ.get("RANDOM_PROGRAMS", "12"))
FIRST = int(os.environ.get("RANDOM_FIRST", "0"))


def array(kind: Type, data: bytes) -> np.ndarray:
    little = np.dtype(kind.dtype.numpy).newbyteorder("<")
    found = np.frombuffer(data, little).astype(kind.dtype.numpy)
    return np.broadcast_to(found, kind.shape) if found.size == 1 else found.reshape(kind.shape)


def outcomes(case: Any, examples: list[dict[str, bytes]]) -> list[Outcome]:
    parameters, _ = case.arrays()
    of = dict(case.program.inputs)
    return [
        run(case.program, parameters, {name: from_bytes(of[name], x) for name, x in e.items()})
        for e in examples
    ]


def evaluated(case: Any, examples: list[dict[str, bytes]], compiled: bool, carrier: str) -> Any:
    program = case.program
    stages = Stages(program, CARRIERS[carrier])
    first, second = (jax.jit(f) if compiled else f for f in (stages.first, stages.second))
    with jax.enable_x64(True):
        kept = first([array(kind, case.parameters[name]) for name, kind in program.parameters])
        inputs = [
            np.stack([array(kind, e[name]) for e in examples]) for name, kind in program.inputs
        ]
        return jax.device_get(second(kept, inputs))


def test_every_operation_has_one_rule() -> None:
    assert set(RULES) | set(CONTROL) == set(OPERATIONS)
    assert not set(RULES) & set(CONTROL)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + PROGRAMS))
def test_a_random_program_is_what_the_oracle_says(seed: int) -> None:
    case = random_case(seed)
    if not case.program.inputs:
        pytest.skip("nothing is batched")
    others = range(1, 1 + seed % 4)
    examples = [case.inputs, *(more_inputs(case.program, 100 * seed + i) for i in others)]
    carrier = "integer" if seed % 5 == 3 else "float64"
    outputs, saturated = evaluated(case, examples, bool(seed % 2), carrier)
    for i, outcome in enumerate(outcomes(case, examples)):
        assert bool(saturated[i]) == outcome.saturated
        found = [np.asarray(x[i]).tobytes() for x in outputs]
        # where a step decides on SATURATED the oracle has no results
        assert not outcome.outputs or found == [to_bytes(x) for x in outcome.outputs]
