"""Does this machine give the committed integers?  Vectors of an operation, examples of a golden."""

from __future__ import annotations

import json
from typing import Any

from compute.exact import conformance, evaluate
from tests.support.goldens import EXAMPLES, INTEGERS, golden


def vectors(carrier: str, operation: str) -> dict[str, Any]:
    """All cases of an operation; `differing` are the lines of those that differ."""
    report = conformance.check(carrier, [operation], each=None)
    return {"compared": report.vectors, "differing": list(report.failures)}


def of_golden(carrier: str, name: str) -> dict[str, Any]:
    """The losses of the examples, which were committed from a CPU."""
    model, entry = golden(name), json.loads(INTEGERS.read_text())[name]
    batch = [(model.inputs(name), model.targets(name))]
    parameters = model.parameters(name)
    found = evaluate(
        model.program, parameters, batch, loss=model.loss, total=EXAMPLES, carrier=carrier
    )
    same = found.valid and found.transcript.tolist() == entry["losses"]
    return {"compared": EXAMPLES, "differing": [] if same else [name]}


DO = {"vectors": vectors, "golden": of_golden}
