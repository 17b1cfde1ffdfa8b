"""Runs items of committed.py on the machine at hand, one after another, and keeps their rows.

python -m benchmarks.machines.emulated FILE ITEM...

An item is golden_float64_mlp or vectors_integer_dot.
"""

from __future__ import annotations

import platform
import sys
import time
from pathlib import Path

import jax

from benchmarks.machines.committed import DO
from benchmarks.machines.resumed import Kept


def main() -> None:
    kept, items = Kept(Path(sys.argv[1])), sys.argv[2:]
    print(f"{platform.machine()}, Python {platform.python_version()}, JAX {jax.__version__}")
    for item in kept.missing(items):
        what, carrier, name = item.split("_", 2)
        start = time.perf_counter()
        found = DO[what](carrier, name)
        kept.keep({"item": item, **found, "seconds": time.perf_counter() - start})
        print(item, found, flush=True)
    rows = [kept.rows[item] for item in items]
    bad = [row["item"] for row in rows if row["differing"]]
    compared = sum(row["compared"] for row in rows)
    print(f"{compared} programs and examples compared, differing: {', '.join(bad) or 'none'}")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
