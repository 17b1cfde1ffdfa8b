"""Does the evaluator give what the oracle says, and does no past feel a future?  Seed by seed."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from compute.exact.carriers import CARRIERS
from compute.exact.evaluation import compiler_options
from compute.exact.stages import Stages
from compute.oracle.array import from_bytes, to_bytes
from compute.oracle.run import Outcome, run
from compute.program.types import Type
from tests.support.random_causal import ROW, ROWS, SQUARE, causal_program
from tests.support.random_programs import Case, more_inputs, random_case


def differences(seed: int, *, compiled: bool, carrier: str) -> list[str]:
    """What differs for a random program on one to four examples; nothing, if all is well."""
    case = random_case(seed)
    if not case.program.inputs:
        return []
    others = range(1, 1 + seed % 4)
    examples = [case.inputs, *(more_inputs(case.program, 100 * seed + i) for i in others)]
    return compared(case, examples, compiled=compiled, carrier=carrier)


def compared(
    case: Case, examples: list[dict[str, bytes]], *, compiled: bool, carrier: str
) -> list[str]:
    """What differs for the inputs of these examples, evaluated together."""
    outputs, saturated = _evaluated(case, examples, compiled, carrier)
    found = []
    for i, outcome in enumerate(_outcomes(case, examples)):
        if bool(saturated[i]) != outcome.saturated:
            found.append(f"example {i} saturates in one of them")
        # where a step decides on SATURATED the oracle has no results
        for number, (x, y) in enumerate(zip(outputs, outcome.outputs, strict=False)):
            if np.asarray(x[i]).tobytes() != to_bytes(y):
                found.append(f"result {number} of example {i}")
    return found


def _array(kind: Type, data: bytes) -> np.ndarray:
    little = np.dtype(kind.dtype.numpy).newbyteorder("<")
    found = np.frombuffer(data, little).astype(kind.dtype.numpy)
    return (
        found.reshape(kind.shape) if found.size == kind.size else np.broadcast_to(found, kind.shape)
    )


def _outcomes(case: Case, examples: list[dict[str, bytes]]) -> list[Outcome]:
    parameters, _ = case.arrays()
    of = dict(case.program.inputs)
    return [
        run(case.program, parameters, {name: from_bytes(of[name], x) for name, x in e.items()})
        for e in examples
    ]


def _evaluated(case: Case, examples: list[dict[str, bytes]], compiled: bool, carrier: str) -> Any:
    program = case.program
    stages = Stages(program, CARRIERS[carrier])
    first, second = (
        _compiled(f, carrier) if compiled else f for f in (stages.first, stages.second)
    )
    with jax.enable_x64(True):
        kept = first([_array(kind, case.parameters[name]) for name, kind in program.parameters])
        inputs = [
            np.stack([_array(kind, e[name]) for e in examples]) for name, kind in program.inputs
        ]
        return jax.device_get(second(kept, inputs))


def _compiled(function: Any, carrier: str) -> Any:
    """As the evaluator compiles it."""
    return jax.jit(function, compiler_options=compiler_options(CARRIERS[carrier]))


def felt_futures(seed: int, carrier: str = "float64") -> list[str]:
    """Where a causal program's past changes with its future, of every magnitude.

    Rows from k on are drawn again at sizes from dust to 2**60, SATURATED results among them.
    """
    program, weights = causal_program(seed)
    r = np.random.default_rng(seed)
    x = (r.standard_normal(ROW.shape) * 2.0 ** r.integers(-3, 4)).astype(np.float32)
    futures = [(k, 2.0**e) for k in range(1, ROWS) for e in (-40, 0, 11, 60)]
    batch = np.stack([x] + [x] * len(futures))
    for row, (k, size) in zip(batch[1:], futures, strict=True):
        row[k:] = size * r.standard_normal(row[k:].shape)
    w = np.frombuffer(weights, np.float32)
    stages = Stages(program, CARRIERS[carrier])
    with jax.enable_x64(True):
        kept = stages.first([np.resize(w, SQUARE.shape)])
        outputs, _ = jax.device_get(_compiled(stages.second, carrier)(kept, [batch]))
    return [
        f"result {number} before row {k} feels {size:g}"
        for number, y in enumerate(outputs)
        for (k, size), z in zip(futures, y[1:], strict=True)
        if np.isfinite(z).all() and np.isfinite(y[0]).all() and (z[:k] != y[0, :k]).any()
    ]
