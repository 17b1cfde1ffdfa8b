"""Every library call of the list is a valid program that computes what JAX does.

RANDOM_PROGRAMS in the environment says for how many of them evaluator and oracle are compared, on
inputs of every size. One takes 0.2 to 28 CPU seconds, most of it compilation.
"""

import os
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from library import CALLS, Call

from compute.exact.tracing import leaf_names, trace_example
from compute.oracle.array import Array, from_bytes, to_bytes
from compute.oracle.run import run
from compute.program.codec import decode, encode
from compute.program.program import Program
from compute.program.types import BY_NUMPY, Type
from tests.support.random_checks import compared
from tests.support.random_programs import Case, more_inputs

COUNT = int(os.environ.get("RANDOM_PROGRAMS", "6"))
COMPARED = list(CALLS)[:: max(1, len(CALLS) // max(1, COUNT))][:COUNT]
INFINITE = 1e38  # what is infinite for JAX is the largest number in a program


def arrays_of(named: Sequence[tuple[str, np.ndarray]]) -> dict[str, Array]:
    return {
        name: from_bytes(Type(BY_NUMPY[str(x.dtype)], x.shape), x.tobytes()) for name, x in named
    }


def outputs(program: Program, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """By the oracle; SATURATED is NaN."""
    names = leaf_names(list(arrays))
    outcome = run(program, {}, arrays_of(sorted(zip(names, arrays, strict=True))))
    return [
        np.frombuffer(to_bytes(a), np.dtype(a.type.dtype.numpy)).reshape(a.shape)
        for a in outcome.outputs
    ]


def program_of(call: Call) -> Program:
    return trace_example(lambda _, arrays: call.function(*arrays), (), list(call.arrays))


def finite(x: Any) -> np.ndarray:
    return np.clip(np.asarray(x).astype(np.float64), -INFINITE, INFINITE)


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_a_program_that_computes_what_jax_does(name: str) -> None:
    call = CALLS[name]
    program = program_of(call)
    assert decode(encode(program)) == program
    expected = jax.tree.leaves(jax.jit(call.function)(*call.arrays))
    found = outputs(program, call.arrays)
    assert [x.shape for x in found] == [x.shape for x in expected]
    for result, wanted in zip(found, expected, strict=True):
        if not jnp.issubdtype(wanted.dtype, jnp.floating):
            np.testing.assert_array_equal(result, wanted)
        elif wanted.size:
            scale = max(1e-9, np.abs(finite(wanted)).max())
            assert np.abs(finite(result) - finite(wanted)).max() <= call.tolerance * scale


@pytest.mark.parametrize("name", COMPARED)
def test_a_call_is_evaluated_as_the_oracle_says(name: str) -> None:
    """Its own inputs, and others at random that saturate, vanish and tie, in one batch."""
    call = CALLS[name]
    program = program_of(call)
    own = dict(zip(leaf_names(list(call.arrays)), call.arrays, strict=True))
    inputs = {key: own[key].astype(kind.dtype.numpy).tobytes() for key, kind in program.inputs}
    examples = [inputs, *(more_inputs(program, seed) for seed in range(3))]
    assert not compared(Case(program, {}, inputs), examples, compiled=True, carrier="float64")


def test_the_list_is_long() -> None:
    assert len(CALLS) >= 680
