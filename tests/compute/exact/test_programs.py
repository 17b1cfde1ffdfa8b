"""Random programs: the evaluator against the oracle; jit or not, batches and carriers by turns.

RANDOM_PROGRAMS in the environment says how many, RANDOM_FIRST the first seed; `python -m
benchmarks.exact_random` makes thousands and keeps count.
"""

from __future__ import annotations

import os

import pytest

from compute.exact.control import CONTROL
from compute.exact.rules import RULES
from compute.program.operations import OPERATIONS
from tests.support.random_checks import differences

PROGRAMS = int(os.environ.get("RANDOM_PROGRAMS", "12"))
FIRST = int(os.environ.get("RANDOM_FIRST", "0"))


def test_every_operation_has_one_rule() -> None:
    assert set(RULES) | set(CONTROL) == set(OPERATIONS)
    assert not set(RULES) & set(CONTROL)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + PROGRAMS))
def test_a_random_program_is_what_the_oracle_says(seed: int) -> None:
    carrier = "integer" if seed % 5 == 3 else "float64"
    assert not differences(seed, compiled=bool(seed % 2), carrier=carrier)
