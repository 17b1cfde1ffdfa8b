"""Is it the same integer everywhere?  Every family in subprocesses, each with another setting.

Prints, for each setting, the number of per-example integers compared with the first setting's and
how many differ; beside it the same for plain float32 logits, whose bits are compared.

    python -m benchmarks.exact_equality [--only mlp gpt] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
DEVICES = "--xla_force_host_platform_device_count"


class Setting(NamedTuple):
    """XLA flags, and the arguments of `evaluate_families`."""

    flags: str = ""
    batch: int = 6
    jit: bool = True
    carrier: str = "float64"


SETTINGS: dict[str, Setting] = {
    "default": Setting(),
    "ISA SSE4_2": Setting("--xla_cpu_max_isa=SSE4_2"),
    "ISA AVX": Setting("--xla_cpu_max_isa=AVX"),
    "ISA AVX2": Setting("--xla_cpu_max_isa=AVX2"),
    "ISA AVX512": Setting("--xla_cpu_max_isa=AVX512"),
    "one thread": Setting("--xla_cpu_multi_thread_eigen=false"),
    "batch 1": Setting(batch=1),
    "batch 4": Setting(batch=4),
    "2 devices": Setting(f"{DEVICES}=2"),
    "4 devices": Setting(f"{DEVICES}=4"),
    "8 devices": Setting(f"{DEVICES}=8"),
    "4 devices, SSE4_2": Setting(f"{DEVICES}=4 --xla_cpu_max_isa=SSE4_2"),
    "no jit": Setting(jit=False),
    "optimisation level 0": Setting("--xla_backend_optimization_level=0"),
    "fast-math": Setting("--xla_cpu_enable_fast_math=true"),
    "no excess precision": Setting("--xla_allow_excess_precision=false"),
    "integer carrier": Setting(carrier="integer"),
    "integer carrier, SSE4_2": Setting("--xla_cpu_max_isa=SSE4_2", carrier="integer"),
}
REDUCED = ("default", "ISA SSE4_2", "4 devices", "integer carrier")


def evaluate_families(names: list[str], batch: int, jit: bool, carrier: str) -> dict[str, Any]:
    """{family: {"exact": integers, "float32": bit patterns of the logits}} in this process."""
    import jax
    import numpy as np

    from compute.exact import evaluate
    from tests.support.exact_families import FAMILIES
    from tests.support.exact_strangers import STRANGERS

    families, found = FAMILIES | STRANGERS, {}
    for name in names or families:
        family = families[name]()
        with jax.disable_jit(not jit):
            n = len(family.targets)
            parts = [slice(i, i + batch) for i in range(0, n, batch)]
            batches = [
                jax.tree.map(lambda x, s=s: x[s], (family.inputs, family.targets)) for s in parts
            ]
            exact = evaluate(
                family.logits, family.params, batches, loss=family.loss, total=n, carrier=carrier
            )
            plain = [np.asarray(jax.jit(family.logits)(family.params, x)) for x, _ in batches]
        bits = np.concatenate(plain).astype(np.float32).view(np.uint32).ravel()
        found[name] = {"exact": exact.transcript.tolist(), "float32": bits.tolist()}
    return found


def run_setting(setting: Setting, names: list[str]) -> dict[str, Any]:
    """`evaluate_families` in a subprocess with the setting's flags."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "found.json"
        worker = json.dumps([names, setting.batch, setting.jit, setting.carrier, str(out)])
        environment = os.environ | {"XLA_FLAGS": setting.flags}
        command = [sys.executable, "-m", "benchmarks.exact_equality", "--worker", worker]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{setting}: {done.stderr[-2000:]}")
        return json.loads(out.read_text())


def differing(base: dict[str, Any], other: dict[str, Any], kind: str) -> tuple[int, int]:
    """(comparisons, differences) over all families."""
    pairs = [
        (a, b) for name in base for a, b in zip(base[name][kind], other[name][kind], strict=True)
    ]
    return len(pairs), sum(a != b for a, b in pairs)


def compare(settings: dict[str, Setting], names: list[str]) -> list[dict[str, Any]]:
    """Rows for every setting but the first, against the first."""
    rows, base = [], None
    for label, setting in settings.items():
        found = run_setting(setting, names)
        if base is None:
            base = found
            continue
        compared, exact = differing(base, found, "exact")
        plain_compared, plain = differing(base, found, "float32")
        row = {"case": label, "comparisons": compared, "exact differs": exact}
        row |= {"float32 comparisons": plain_compared, "float32 differs": plain}
        rows.append(row)
        print(
            f"{label:22s} integers compared {compared:4d}  differing {exact:4d}   |  float32 "
            f"logits compared {plain_compared:5d}  differing {plain:5d}",
            flush=True,
        )
    return rows


def as_ratio(row: dict[str, Any]) -> dict[str, Any]:
    """A row for `--json`: shares of differing values, ours beside plain float32's."""
    ours = row["exact differs"] / row["comparisons"]
    baseline = row["float32 differs"] / row["float32 comparisons"]
    ratio = ours / baseline if baseline else None
    metric = f"differing, of {row['comparisons']} integers and {row['float32 comparisons']} logits"
    figures = {"ours": ours, "baseline": baseline, "ratio": ratio, "unit": "share"}
    return {"case": row["case"], "metric": metric} | figures


def main() -> None:
    """Print the table; exit 1 if an integer differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        *work, out = json.loads(arguments.worker)
        Path(out).write_text(json.dumps(evaluate_families(*work)))
        return
    rows = compare(SETTINGS, arguments.only)
    if arguments.json:
        arguments.json.write_text(json.dumps([as_ratio(row) for row in rows], indent=1) + "\n")
    sys.exit(any(row["exact differs"] for row in rows))


if __name__ == "__main__":
    main()
