"""What the exact loss costs: time, peak memory and compilation of float32, float64 and exact.

All three compute the mean cross-entropy of one batch by turns; the shortest of the rounds, which
take two seconds at least, counts: what else runs only adds.  Time on the clock and time of
the processor are told, for on a loaded machine only the second means something; `load` is the
machine's.  The exact side has computed what depends on the weights alone, as for every batch of a
checkpoint but the first; `prepare` is that first step.  Memory is the compiler's peak of temporary
buffers.  Compilation is in seconds of CPU, both stages together.  Accuracy is the relative error of
the mean loss against float64.

    python -m benchmarks.exact_cost [--rounds 9] [--json FILE] [--only mlp cnn ...]
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import optax

from benchmarks.parts.exact_models import Case, cnn, lm, mlp
from compute.exact.carriers import CARRIERS
from compute.exact.evaluation import COMPILER_OPTIONS
from compute.exact.face import named
from compute.exact.losses import cross_entropy
from compute.exact.stages import Stages
from compute.exact.tracing import trace

CASES: dict[str, Callable[[], Case]] = {
    "MLP digits": mlp,
    "CNN 28x28": cnn,
    "LM d128/T128": lambda: lm(128, 128),
    "LM d256/T256": lambda: lm(256, 256),
    "LM d512/T256": lambda: lm(512, 256),
    "LM d768/T512": lambda: lm(768, 512, examples=2),
}
LEAST_MS = 2000  # a quarter of a millisecond moves from round to round
KINDS = ("float32", "float64", "exact")
# times of exact: of float64 where sums of products dominate, of float32 on small models
GOAL = {
    "MLP digits": ("float32", 2.5),
    "CNN 28x28": ("float32", 2.5),
    "LM d128/T128": ("float32", 2.5),
    "LM d256/T256": ("float64", 1.15),
    "LM d512/T256": ("float64", 1.15),
    "LM d768/T512": ("float64", 1.15),
}


class Compiled(NamedTuple):
    """One evaluation of the batch, seconds of preparation, MiB of buffers, CPU seconds it took."""

    run: Callable[[], Any]
    prepare: float
    buffers: float
    compile: float


def program(kind: str, case: Case) -> Compiled:
    """A compiled program."""
    if kind == "exact":
        return exact_program(case)

    def mean_loss(params: Any, inputs: Any, targets: Any) -> Any:
        z = case.logits(params, inputs)
        return optax.softmax_cross_entropy_with_integer_labels(z, targets).mean()

    with jax.enable_x64(kind == "float64"):
        arguments = jax.tree.map(
            lambda x: x.astype(kind) if x.dtype == np.float32 else x, tuple(case[1:])
        )
        arguments = jax.device_put(arguments)
        start = time.process_time()
        compiled = jax.jit(mean_loss).lower(*arguments).compile()
        spent = time.process_time() - start
    return Compiled(lambda: compiled(*arguments), 0.0, buffers(compiled), spent)


def exact_program(case: Case, carrier_name: str = "float64") -> Compiled:
    """The same for the program that is traced from the case."""
    traced = trace(case.logits, case.params, case.inputs)
    carrier = CARRIERS[carrier_name]
    stages = Stages(traced, carrier)

    def second(kept: Any, inputs: list[Any], targets: Any) -> Any:
        outputs, saturated = stages.second(kept, inputs)
        one = jax.vmap(lambda y, target: cross_entropy(y, target, carrier))
        losses, beyond = one(outputs[0], targets)
        return losses, saturated | beyond

    jit = functools.partial(jax.jit, compiler_options=COMPILER_OPTIONS)
    with jax.enable_x64(True):
        params = jax.device_put([named(case.params)[name] for name, _ in traced.parameters])
        inputs = jax.device_put([named(case.inputs)[name] for name, _ in traced.inputs])
        targets = jax.device_put(case.targets)
        begin = time.process_time()
        first = jit(stages.first).lower(params).compile()
        spent = time.process_time() - begin
        kept = jax.block_until_ready(first(params))
        start = time.perf_counter()
        jax.block_until_ready(first(params))
        seconds = time.perf_counter() - start
        begin = time.process_time()
        compiled = jit(second).lower(kept, inputs, targets).compile()
        spent += time.process_time() - begin
    return Compiled(lambda: compiled(kept, inputs, targets), seconds, buffers(compiled), spent)


def loss(kind: str, result: Any) -> float:
    """The mean loss in nats."""
    return float(np.mean(np.asarray(result[0])) / 2**32) if kind == "exact" else float(result)


def buffers(compiled: Any) -> float:
    """MiB of temporary buffers of a compiled program."""
    return compiled.memory_analysis().temp_size_in_bytes / 2**20


def fastest(
    runs: dict[str, Callable[[], Any]], rounds: int
) -> tuple[dict[str, float], dict[str, float]]:
    """(milliseconds on the clock, milliseconds of the processor): the least of each, by turns."""
    clock: dict[str, list[float]] = {kind: [] for kind in runs}
    processor: dict[str, list[float]] = {kind: [] for kind in runs}
    while len(clock["exact"]) < rounds or sum(map(sum, clock.values())) < LEAST_MS:
        for kind, run in runs.items():
            start, begin = time.perf_counter(), time.process_time()
            jax.block_until_ready(run())
            clock[kind].append(1e3 * (time.perf_counter() - start))
            processor[kind].append(1e3 * (time.process_time() - begin))
    return ({k: min(v) for k, v in clock.items()}, {k: min(v) for k, v in processor.items()})


def measure(name: str, rounds: int) -> list[dict[str, Any]]:
    """The rows of one case."""
    case = CASES[name]()
    programs = {kind: program(kind, case) for kind in KINDS}
    error = {}
    reference = loss("float64", jax.block_until_ready(programs["float64"].run()))
    for kind in KINDS:
        found = loss(kind, jax.block_until_ready(programs[kind].run()))
        error[kind] = abs(found - reference) / reference
    best, cpu = fastest({kind: programs[kind].run for kind in KINDS}, rounds)
    peak = {kind: programs[kind].buffers for kind in KINDS}

    def row(metric: str, ours: float, baseline: float, unit: str) -> dict[str, Any]:
        ratio = ours / baseline if baseline else float("inf")
        return {
            "case": name, "metric": metric, "ours": ours, "baseline": baseline,
            "ratio": ratio, "unit": unit, "load": os.getloadavg()[0],
        }  # fmt: skip

    prepared = 1e3 * programs["exact"].prepare
    spent = {kind: programs[kind].compile for kind in KINDS}
    return [
        row("time exact / float64", best["exact"], best["float64"], "ms"),
        row("time exact / float32", best["exact"], best["float32"], "ms"),
        row("time float64 / float32", best["float64"], best["float32"], "ms"),
        row("CPU time exact / float64", cpu["exact"], cpu["float64"], "ms"),
        row("CPU time exact / float32", cpu["exact"], cpu["float32"], "ms"),
        row("prepare / float32", prepared, best["float32"], "ms"),
        row("peak memory exact / float32", peak["exact"], peak["float32"], "MiB"),
        row("peak memory exact / float64", peak["exact"], peak["float64"], "MiB"),
        row("compile exact / float64", spent["exact"], spent["float64"], "s"),
        row("error exact / float32", error["exact"], error["float32"], "relative"),
    ]


def main() -> None:
    """Print the table, and write it as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", nargs="+", default=[])
    arguments = parser.parse_args()
    device = jax.devices()[0]
    print(
        f"device: {device.platform} {device.device_kind}; batches of one shape; minima by turns; "
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    rows = []
    for name in CASES:
        if arguments.only and not any(word.lower() in name.lower() for word in arguments.only):
            continue
        for row in measure(name, arguments.rounds):
            rows.append(row)
            of, goal = GOAL[name]
            met = "met" if row["ratio"] <= goal else "missed"
            verdict = f"  goal {goal}x {met}" if row["metric"] == f"time exact / {of}" else ""
            print(
                f"{name:14s} {row['metric']:32s} {row['ours']:10.4g} {row['baseline']:10.4g} "
                f"{row['unit']:9s} {row['ratio']:6.2f}x{verdict}",
                flush=True,
            )
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
