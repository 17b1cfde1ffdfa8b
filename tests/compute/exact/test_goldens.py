"""Committed programs give the committed integers: by the evaluator on this Python and JAX, and one
example of each by the oracle.  A few small ones by default, every one by both carriers with
GOLDENS=all in the environment.
"""

import json
import os

import numpy as np
import pytest

from compute.exact import CARRIERS, evaluate
from compute.exact.tracing import trace
from compute.oracle import losses
from compute.oracle.array import Array, from_bytes
from compute.oracle.run import run
from compute.program.codec import encode, program_root
from compute.program.types import BY_NUMPY, Type
from tests.support.goldens import EXAMPLES, INTEGERS, golden, names

KNOWN = json.loads(INTEGERS.read_text())
ALL = os.environ.get("GOLDENS") == "all"
SMALL = ("control_flow", "lstm", "mlp", "multilabel", "regression", "tabular")
NAMES = names() if ALL else SMALL


def array(x: np.ndarray) -> Array:
    return from_bytes(Type(BY_NUMPY[str(x.dtype)], x.shape), x.tobytes())


@pytest.mark.parametrize("carrier", CARRIERS if ALL else ["float64"])
@pytest.mark.parametrize("name", NAMES)
def test_the_evaluator_gives_the_integers(name: str, carrier: str) -> None:
    model, entry = golden(name), KNOWN[name]
    assert program_root(model.program).hex() == entry["root"]
    batches = [(model.inputs(name), model.targets(name))]
    found = evaluate(
        model.program, model.parameters(name), batches, loss=model.loss, total=EXAMPLES,
        carrier=carrier,
    )  # fmt: skip
    assert found.valid, found.reason
    assert found.transcript.tolist() == entry["losses"]
    assert (found.loss, found.top.hash.hex()) == (entry["mean"], entry["top"])


@pytest.mark.parametrize("name", NAMES)
def test_the_oracle_gives_the_integer_of_an_example(name: str) -> None:
    model = golden(name)
    parameters = {key: array(x) for key, x in model.parameters(name).items()}
    inputs = {key: array(x[0]) for key, x in model.inputs(name).items()}
    outcome = run(model.program, parameters, inputs)
    assert not outcome.saturated
    loss = losses.LOSSES[model.loss](outcome.outputs[0], array(model.targets(name)[0]))
    assert loss == KNOWN[name]["losses"][0]


@pytest.mark.skipif(not ALL, reason="GOLDENS=all runs it")
def test_a_program_traced_here_gives_its_own_oracles_integers() -> None:
    """Whatever this JAX makes of a model, both evaluate it alike; the committed one is another."""
    from tests.support.exact_families import FAMILIES

    family = FAMILIES["gpt"]()
    program = trace(family.logits, family.params, family.inputs)
    name = "gpt"
    model = golden(name)._replace(program=program)
    batches = [(model.inputs(name), model.targets(name))]
    found = evaluate(program, model.parameters(name), batches, loss=model.loss, total=EXAMPLES)
    parameters = {key: array(x) for key, x in model.parameters(name).items()}
    inputs = {key: array(x[0]) for key, x in model.inputs(name).items()}
    outcome = run(program, parameters, inputs)
    loss = losses.LOSSES[model.loss](outcome.outputs[0], array(model.targets(name)[0]))
    assert found.transcript[0] == loss
    assert len(encode(program)) > 0
