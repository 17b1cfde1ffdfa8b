"""What the start of an evaluation takes: seconds from a new process to the losses of one example.

Each built-in size is evaluated in a process of its own, once by the exact evaluator and once by the
derivative form of its program in plain float64, which is the baseline.  The stages are told, too:
imports, the making of the program, what is computed of the weights alone, the compilation with the
first batch, and one more batch.  Both start a second time with what the first start compiled, which
`nrn` keeps.

    python -m benchmarks.first_batch [--only "gpt mini" ...] [--json FILE]
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SMALL = ("mlp small", "resnet small", "vit tiny", "gpt mini")
KINDS = ("exact", "float64")


def here(name: str, kind: str) -> dict[str, float]:
    """Seconds of the stages in this process, which has imported nothing yet."""
    stages: dict[str, float] = {}
    last = time.perf_counter()

    def done(stage: str) -> None:
        nonlocal last
        now = time.perf_counter()
        stages[stage], last = now - last, now

    import jax
    import numpy as np

    from benchmarks.parts.built_in import built_in
    from compute.exact.evaluation import Evaluator

    done("import")
    specification = built_in(*name.split())
    params = specification.initial_parameters()
    inputs = {column.name: column.made_up(1) for column in specification.columns}
    target = np.zeros((1, *specification.target_shape), np.int32)
    program = specification.program
    done("program")
    if kind == "exact":
        evaluator = Evaluator(program, params, loss=specification.loss)

        def run() -> None:
            list(evaluator.losses([(inputs, target)]))

    else:
        forward = jax.jit(functools.partial(specification.losses, compute_dtype="float64"))
        wide = {key: np.asarray(value, np.float64) for key, value in params.items()}

        def run() -> None:
            with jax.enable_x64(True):
                jax.block_until_ready(forward(wide, inputs, target))

    done("weights")
    run()
    done("first batch")
    run()
    done("next batch")
    return stages


def apart(name: str, kind: str, compiled: str) -> dict[str, float]:
    """The same in a process of its own, with its whole time."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.first_batch", "--here", name, kind]
    kept = {
        "JAX_COMPILATION_CACHE_DIR": compiled,
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.3",
    }
    found = subprocess.run(
        command, check=True, capture_output=True, text=True, env=os.environ | kept
    )
    return json.loads(found.stdout) | {"process": time.perf_counter() - begun}


def twice(name: str, kind: str) -> dict[str, float]:
    """The first start, and of the second the stages that compile."""
    with tempfile.TemporaryDirectory() as compiled:
        first, second = (apart(name, kind, compiled) for _ in range(2))
    return first | {f"{stage} again": second[stage] for stage in ("first batch", "process")}


def rows(name: str) -> list[dict[str, Any]]:
    """Exact beside float64: the whole, and every stage."""
    exact, plain = (twice(name, kind) for kind in KINDS)
    return [
        {
            "case": name, "metric": f"{stage} exact / float64", "ours": exact[stage],
            "baseline": plain[stage], "ratio": exact[stage] / plain[stage], "unit": "s",
            "load": os.getloadavg()[0],
        }
        for stage in exact
    ]  # fmt: skip


def main() -> None:
    """Print the table, and write it as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=SMALL, help="sizes, as in `nrn model`")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--here", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.here:
        print(json.dumps(here(*arguments.here)))
        return
    found = []
    for name in arguments.only:
        for row in rows(name):
            found.append(row)
            print(
                f"{name:14s} {row['metric']:34s} {row['ours']:9.3f} {row['baseline']:9.3f} s "
                f"{row['ratio']:7.2f}x",
                flush=True,
            )
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
