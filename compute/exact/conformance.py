"""Check that this device computes the numbers of docs/exact.md; one that does not must not vote.

`vectors/<operation>.jsonl` holds one case a line: a program, one example, and what the oracle says
of it.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from compute.exact.carriers import CARRIERS, default_carrier
from compute.exact.evaluation import compiler_options
from compute.exact.stages import Stages
from compute.program.codec import decode
from compute.program.program import Program
from compute.program.types import Type

VECTORS = Path(__file__).with_name("vectors")
UNSAFE_FLAGS = ("xla_cpu_enable_fast_math", "xla_gpu_enable_fast_min_max")
# cuBLAS makes float64 products of 8-bit ones then, of as many bits as other variables say: the
# error has another bound than ours, and NaN, which SATURATED is, need not come through
UNSAFE_VARIABLES = ("CUBLAS_EMULATE_DOUBLE_PRECISION",)


@dataclass(frozen=True)
class Case:
    """A program and an example; `outputs` are the bytes of every result, None if it saturates
    where a step decides."""

    program: Program
    parameters: dict[str, np.ndarray]
    inputs: dict[str, np.ndarray]
    outputs: list[bytes] | None


@dataclass(frozen=True)
class Report:
    """The result of a check: how many cases ran, on what, which of them differ (operation and
    line), and which flags of the process let the compiler break others that no case shows."""

    device: str
    carrier: str
    vectors: int
    failures: tuple[str, ...]
    flags: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.failures and not self.flags


def unsafe_flags() -> tuple[str, ...]:
    """The flags of XLA_FLAGS, and variables, under which the compiler or a library may take
    liberties with NaN and rounding; between the operations saturation is a NaN."""
    said = os.environ.get("XLA_FLAGS", "").strip()
    if said and not said.startswith("-"):  # XLA reads the flags from a file of this name
        with contextlib.suppress(OSError):
            said = Path(said).read_text(errors="replace")
    pairs = [word.lstrip("-").partition("=")[::2] for word in said.split()]
    found = [name for name, value in pairs if name in UNSAFE_FLAGS and _on(value)]
    found += [name for name in UNSAFE_VARIABLES if _on(os.environ.get(name, "0"))]
    return tuple(dict.fromkeys(found))


def _on(value: str) -> bool:
    return value.lower() not in ("false", "0")


# of an operation, in seconds: the first lines of its file; the others are for whoever changes it
FEW = 2


def check(
    carrier: str | None = None,
    operations: Collection[str] | None = None,
    each: int | None = FEW,
    before: Callable[[], None] = lambda: None,
) -> Report:
    """Run the committed cases, of some operations or of all, on the default device: the first
    `each` of an operation, or all with None. `before` is called before each operation, and may
    raise."""
    carrier = carrier or default_carrier()
    names = sorted(file.stem for file in VECTORS.glob("*.jsonl"))
    failures: list[str] = []
    count = 0
    for name in names:
        if operations is None or name in operations:
            before()
            cases = list(itertools.islice(read(name), each))
            count += len(cases)
            failures += [f"{name}:{i + 1}" for i in differing(cases, carrier)]
    device = jax.devices()[0]
    described = f"{device.platform} {device.device_kind}"
    return Report(described, carrier, count, tuple(failures), unsafe_flags())


def read(operation: str) -> Iterator[Case]:
    """The cases of an operation, in the order of the lines."""
    with (VECTORS / f"{operation}.jsonl").open() as lines:
        for line in lines:
            case = json.loads(line)
            program = decode(bytes.fromhex(case["program"]))
            parameters = _arrays(program.parameters, case["parameters"])
            inputs = _arrays(program.inputs, case["inputs"])
            wanted = case["outputs"]
            outputs = None if wanted is None else [bytes.fromhex(x) for x in wanted]
            yield Case(program, parameters, inputs, outputs)


def differing(cases: list[Case], carrier: str) -> list[int]:
    """The indices of the cases that differ on this device; all are compiled together."""
    stages = [Stages(case.program, CARRIERS[carrier]) for case in cases]

    def run(given: list[Any]) -> list[Any]:
        found = []
        for stage, (parameters, inputs) in zip(stages, given, strict=True):
            found.append(stage.second(stage.first(parameters), inputs))
        return found

    given = [(list(c.parameters.values()), [x[None] for x in c.inputs.values()]) for c in cases]
    with jax.enable_x64(True):
        options = compiler_options(CARRIERS[carrier])
        found = jax.device_get(jax.jit(run, compiler_options=options)(given))
    return [
        i for i, (case, got) in enumerate(zip(cases, found, strict=True)) if _differs(case, got)
    ]


def _differs(case: Case, found: Any) -> bool:
    outputs, saturated = found
    if case.outputs is None:
        return not saturated[0]
    return [np.asarray(x[0]).tobytes() for x in outputs] != case.outputs


def _arrays(entries: tuple[tuple[str, Type], ...], given: dict[str, str]) -> dict[str, np.ndarray]:
    found = {}
    for name, kind in entries:
        little = np.dtype(kind.dtype.numpy).newbyteorder("<")
        array = np.frombuffer(bytes.fromhex(given[name]), little).astype(kind.dtype.numpy)
        found[name] = array.reshape(kind.shape)
    return found
