"""A worker of gpu.py: does items on the device at hand, one by one.

    python on_device.py DRY ITEM...

An item is `vectors CARRIER OPERATION`, `golden CARRIER NAME`, `cost WIDTH LENGTH EXAMPLES KIND` or
`training`.  Prints a line of JSON when one begins and one when it ends.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax

from benchmarks import exact_cost, trainer
from benchmarks.machines import committed
from benchmarks.parts.exact_models import lm

ROOT = Path(__file__).resolve().parents[2]
DRY = sys.argv[1] == "1"
ROUNDS, LEAST = (2, 0.1) if DRY else (7, 1.0)
Found = dict[str, Any]


def cost(width: str, length: str, examples: str, *kind: str) -> Found:
    """The time of one evaluation of a batch, its buffers, and the loss."""
    case = lm(int(width), int(length), int(examples))
    name, carrier = kind[0], kind[-1]
    precision: Any = contextlib.nullcontext()
    if name in ("float32", "tf32"):
        chosen = "highest" if name == "float32" else "tensorfloat32"
        precision = jax.default_matmul_precision(chosen)
    with precision:
        if name == "exact":
            made = exact_cost.exact_program(case, carrier)
        else:
            made = exact_cost.program(_plain(name), case)
        result = jax.block_until_ready(made.run())
    loss = exact_cost.loss("exact" if name == "exact" else name, result)
    return {
        "ms": 1e3 * _median(made.run),
        "prepare_ms": 1e3 * made.prepare,
        "MiB": made.buffers,
        "loss": loss,
    }


def _plain(name: str) -> str:
    return "float32" if name == "tf32" else name


def _median(run: Callable[[], Any]) -> float:
    times: list[float] = []
    while len(times) < ROUNDS or sum(times) < LEAST:
        start = time.perf_counter()
        jax.block_until_ready(run())
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def training() -> Found:
    """The 124 M decoder in bfloat16: MFU, steps and the peak of the device's memory."""
    case = trainer.lm() if DRY else trainer.gpt()
    rows = trainer.measure("training", case, turns=2 if DRY else 5)
    found = {row["metric"]: row["ratio"] for row in rows}
    statistics_ = jax.devices()[0].memory_stats() or {}
    return found | {"peak_GiB": statistics_.get("peak_bytes_in_use", 0) / 2**30}


DO: dict[str, Callable[..., Found]] = {
    **committed.DO, "cost": cost, "training": training,
}  # fmt: skip


def main() -> None:
    for item in sys.argv[2:]:
        print(json.dumps({"started": item}), flush=True)
        what, *words = item.split()
        start = time.perf_counter()
        try:
            found = DO[what](*words)
        except Exception as error:  # one row that fails must not cost the others
            found = {"error": f"{type(error).__name__}: {error}"[:500]}
        row = {"item": item, **found, "seconds": time.perf_counter() - start}
        print(json.dumps(row), flush=True)
        jax.clear_caches()


if __name__ == "__main__":
    main()
