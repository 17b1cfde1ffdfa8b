"""Long runs of random programs: evaluator against oracle, and no past that feels a future.

Seed by seed a random program (compiled, one of 16 step by step; on the integer carrier one of 5;
one to four examples) and, for every fourth seed, a causal one (by turns on both carriers).  Goes on
where the file stops, and writes it as it goes: seeds done, and those that differ.

    python -m benchmarks.exact_random --json FILE [--first 0] [--seeds 4000]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import jax

from tests.support.random_checks import differences, felt_futures

CLEAR_EVERY = 25  # seeds: compiled programs are kept otherwise


def done(seed: int, row: dict[str, Any]) -> None:
    """Adds one seed to the row."""
    carrier = "integer" if seed % 5 == 3 else "float64"
    compiled = seed % 16 != 0
    found = differences(seed, compiled=compiled, carrier=carrier)
    row["programs"] += 1
    row["by carrier"][carrier] += 1
    row["not compiled"] += not compiled
    if seed % 4 == 1:
        row["causal"] += 1
        found += felt_futures(seed, "integer" if seed % 8 == 5 else "float64")
    if found:
        row["differing"][str(seed)] = found
        print(seed, found, flush=True)


def main() -> None:
    """Work from seed to seed; exit 1 if one differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=4000)
    arguments = parser.parse_args()
    row: dict[str, Any] = {
        "first": arguments.first, "next": arguments.first, "programs": 0, "causal": 0,
        "not compiled": 0, "by carrier": {"float64": 0, "integer": 0}, "differing": {},
    }  # fmt: skip
    if arguments.json.exists():
        row = json.loads(arguments.json.read_text())
    for seed in range(row["next"], row["first"] + arguments.seeds):
        done(seed, row)
        row["next"] = seed + 1
        if seed % CLEAR_EVERY == 0:
            jax.clear_caches()
        arguments.json.write_text(json.dumps(row, indent=1) + "\n")
    sys.exit(bool(row["differing"]))


if __name__ == "__main__":
    main()
