"""Compiles the evaluator for machines that are not here, and reads what the compilers made of it.

    python -m benchmarks.machines.aot [--targets h100 v5e v6e] [--only WORD ...] [--cases N]
        [--limit SECONDS] [--worker-python PATH] [--json FILE]

Each operation is compiled with the programs of its first vectors, and each built-in size with one
example; the integer carrier for TPUs, both for the GPU.  Prints time, memory and operations, and
fails if something does not compile within the limit or if the code has what `code.py` forbids.
Rows are kept in build/aot/, from where a run that was cut goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.machines.resumed import ROOT, Kept, work
from benchmarks.parts.built_in import built_in
from compute.models.sizes import SIZES
from compute.program.codec import encode
from compute.program.operations import OPERATIONS

WORKER = Path(__file__).with_name("compile_ahead.py")
KEPT = ROOT / "build" / "aot"
PROGRAMS = KEPT / "programs"
CARRIERS = {"h100": ("float64", "integer"), "v5e": ("integer",), "v6e": ("integer",)}


def sizes() -> list[str]:
    """The names of all built-in sizes."""
    return [f"size {model} {size}" for model, named in SIZES.items() for size in named]


def write_size(item: str) -> None:
    """The file of its program, for the worker, which has no Flax to trace it with."""
    _, model, size = item.split()
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    file = PROGRAMS / f"{model} {size}.program"
    if not file.exists():
        file.write_bytes(encode(built_in(model, size).program))


def rows_of(target: str, carrier: str, items: list[str], options: Any) -> list[dict[str, Any]]:
    """The rows of all items that the time allows."""
    kept = Kept(KEPT / f"{target} {carrier}.jsonl")
    with tempfile.TemporaryDirectory() as dump:
        command = [options.worker_python, str(WORKER), target, carrier, dump, str(options.limit)]
        command += [str(options.cases), str(PROGRAMS)]
        end = time.monotonic() + options.seconds
        work(kept, items, command, end)
    found = [kept.rows[item] for item in items if item in kept.rows]
    return [{"target": target, "carrier": carrier, **row} for row in found]


def text(row: dict[str, Any]) -> str:
    """A row for people."""
    head = f"{row['target']:5s} {row['carrier']:8s} {row['item']:24s}"
    if "error" in row:
        return f"{head} DOES NOT COMPILE: {row['error'][:200]}"
    forbidden = f"  FORBIDDEN {row['forbidden']}" if row["forbidden"] else ""
    work = f"  {row['flops']:.3g} operations" if "flops" in row else ""
    return f"{head} {row['seconds']:7.1f} s  {row['temp_MiB']:9.2f} MiB{work}{forbidden}"


def main() -> None:
    """Print the rows, write them as JSON if asked; exit 1 if one is bad."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--targets", nargs="+", choices=CARRIERS, default=list(CARRIERS))
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--cases", type=int, default=2, help="vectors of an operation")
    parser.add_argument("--limit", type=int, default=300, help="seconds for one compilation")
    parser.add_argument("--seconds", type=int, default=24 * 3600, help="for each target")
    parser.add_argument("--worker-python", default=str(ROOT / ".venv-aot" / "bin" / "python"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    KEPT.mkdir(parents=True, exist_ok=True)
    items = [*OPERATIONS, *sizes()]
    if options.only:
        items = [item for item in items if any(word in item for word in options.only)]
    for item in items:
        if item.startswith("size "):
            write_size(item)
    rows = []
    for target in options.targets:
        for carrier in CARRIERS[target]:
            for row in rows_of(target, carrier, items, options):
                rows.append(row)
                print(text(row), flush=True)
    verdicts = Counter((row["target"], row["carrier"], _verdict(row)) for row in rows)
    for (target, carrier, verdict), count in sorted(verdicts.items()):
        print(f"{target} {carrier}: {count} {verdict}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    sys.exit(any(_verdict(row) != "compile" for row in rows))


def _verdict(row: dict[str, Any]) -> str:
    if "error" in row:
        return "do not compile"
    return "have forbidden code" if row["forbidden"] else "compile"


if __name__ == "__main__":
    main()
