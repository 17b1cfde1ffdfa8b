"""What an accelerator does, in minutes: the same integers? at what cost? how fast is training?

    python -m benchmarks.machines.gpu [--minutes 8] [--dry] [--json FILE]

Vectors and goldens first; then the language models of exact_cost with each carrier beside true
float32, TF32, float64 and bfloat16; then training.  A run that was cut goes on where it stopped:
rows are kept in build/gpu/.  Writes benchmarks/results/gpu_<device>.json.  `--dry` takes small
sizes and writes into build/, to try the script on a CPU.  Exits with 1 if an integer differs.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.machines.resumed import ROOT, Kept, Row, work

WORKER = Path(__file__).with_name("on_device.py")
BUILD = ROOT / "build" / "gpu"
RESULTS = ROOT / "benchmarks" / "results"
CARRIERS = ("float64", "integer")
KINDS = ("float32", "tf32", "float64", "bfloat16", "exact float64", "exact integer")
SIZES = ("128 128 4", "256 256 4", "512 256 4", "768 512 2")
# the slowest integers of a size that a GPU cannot do in minutes are left out
FIRST_GOLDENS = ("mlp", "gpt", "lstm", "cnn", "built_in_vit", "experts", "mamba", "unet")


def items(dry: bool) -> list[str]:
    """What is done, the most telling first; each is one word list for `on_device.py`."""
    known = sorted(json.loads((ROOT / "tests" / "goldens" / "goldens.json").read_text()))
    others = [name for name in known if name not in FIRST_GOLDENS]
    first, last = list(FIRST_GOLDENS), others
    sizes: tuple[str, ...] = SIZES
    operations = sorted(p.stem for p in (ROOT / "compute/exact/vectors").glob("*.jsonl"))
    if dry:
        first, last, sizes, operations = ["mlp"], [], ("32 16 2",), ["add", "dot"]
    found = [f"vectors {carrier} {name}" for carrier in CARRIERS for name in operations]
    golden = [f"golden {carrier} {name}" for carrier in CARRIERS for name in first]
    cost = [f"cost {size} {kind}" for size in sizes for kind in KINDS]
    return [*golden, *found[: len(operations)], "training", *cost, *found[len(operations) :]] + [
        f"golden float64 {name}" for name in last
    ]


def device_name() -> str:
    """Of the first device, in letters and digits."""
    code = "import jax; d = jax.devices()[0]; print(d.device_kind)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return re.sub(r"[^a-z0-9]+", "_", done.stdout.splitlines()[-1].lower()).strip("_")


def text(row: Row) -> str:
    """A row for people."""
    said = "  ".join(
        f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in row.items()
        if key != "item"
    )
    return f"{row['item']:40s} {said}"


def ratios(rows: dict[str, Row]) -> list[str]:
    """Each size's exact time as a multiple of true float32's."""
    found = []
    for item, row in rows.items():
        size, _, kind = item.rpartition(" exact ")
        base = rows.get(f"{size} float32", {})
        if size and "ms" in row and "ms" in base:
            found.append(f"{size}: exact, {kind}: {row['ms'] / base['ms']:.2f}x true float32")
    return found


def main() -> None:
    """Do what is missing, print and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--dry", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    end = time.monotonic() + 60 * arguments.minutes
    name = device_name() + ("_dry" if arguments.dry else "")
    kept, wanted = Kept(BUILD / f"{name}.jsonl"), items(arguments.dry)
    said = {"dry": "1"} if arguments.dry else {"dry": "0"}

    def say(row: Row) -> None:
        print(text(row), flush=True)

    work(kept, wanted, [sys.executable, str(WORKER), said["dry"]], end, say)
    rows: list[dict[str, Any]] = [kept.rows[item] for item in wanted if item in kept.rows]
    out = arguments.json or (BUILD if arguments.dry else RESULTS) / f"gpu_{name}.json"
    out.write_text(json.dumps(rows, indent=1) + "\n")
    bad = [row["item"] for row in rows if row.get("error") or row.get("differing")]
    for line in ratios(kept.rows):
        print(line)
    missing = len(kept.missing(wanted))
    print(f"{out}: {len(rows)} rows, {missing} still to do, {len(bad)} bad: {', '.join(bad)}")
    if missing:
        print("run it again to go on")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
