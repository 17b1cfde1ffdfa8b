"""How wrong are the elementary functions?  The largest error of each, in units in the last place.

    python -m benchmarks.exact_ulps [--all] [--samples N] [--only exp tanh ...] [--json FILE]

Every float32 pattern that is a value, evenly thinned to N (2^20), or with --all each of the 2^32;
against float64 (numpy, scipy).  A unit is that of the true result, in its binade; results that are
SATURATED, or truly below 2^-96, are left out.  Prints where the error is largest, too: functions
that cross zero far from it (digamma, lgamma, sin of large arguments) have their worst units there.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
from scipy import special

from compute.exact.carriers import CARRIERS

BLOCK = 2**20
SMALLEST = 2.0**-96
Reference = Callable[[np.ndarray], np.ndarray]


def gelu(x: np.ndarray) -> np.ndarray:
    """The tanh form."""
    return x * special.expit(np.sqrt(8 / np.pi) * (x + 0.044715 * x**3))


FUNCTIONS: dict[str, Reference] = {
    "square_root": np.sqrt, "rsqrt": lambda x: 1 / np.sqrt(x), "cbrt": np.cbrt, "exp": np.exp,
    "exp2": np.exp2, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "tanh": np.tanh,
    "logistic": special.expit, "gelu": gelu, "erf": special.erf, "erfc": special.erfc,
    "erf_inv": special.erfinv, "lgamma": special.gammaln, "digamma": special.digamma,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos,
    "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "asinh": np.arcsinh,
    "acosh": np.arccosh, "atanh": np.arctanh,
}  # fmt: skip


def patterns(samples: int) -> Iterator[np.ndarray]:
    """Float32 values of both signs, in blocks."""
    first, last = np.array([SMALLEST, np.finfo(np.float32).max], np.float32).view(np.uint32)
    step = max(1, 2 * int(last - first) // samples)
    for start in range(int(first), int(last) + 1, BLOCK * step):
        words = np.arange(start, min(start + BLOCK * step, int(last) + 1), step, dtype=np.uint32)
        if len(words) < BLOCK:  # one shape, so that it is compiled once
            words = np.resize(words, BLOCK)
        for sign in (0, 2**31):
            yield (words | np.uint32(sign)).view(np.float32)


def units(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Errors in units in the last place of the true results; 0 for those that are left out."""
    exponent = np.frexp(true)[1]
    with np.errstate(all="ignore"):
        error = np.abs(found.astype(np.float64) - true) / np.ldexp(1.0, exponent - 24)
    counted = np.isfinite(found) & np.isfinite(true) & (np.abs(true) >= SMALLEST)
    return np.where(counted, error, 0.0)


def measure(name: str, samples: int) -> dict[str, Any]:
    """The largest error, where it is, and the mean."""
    method = jax.jit(getattr(CARRIERS["float64"].arithmetic, name))
    worst, place, total, count = 0.0, 0.0, 0.0, 0
    for x in patterns(samples):
        with jax.enable_x64(True):
            found = np.asarray(method(x))
        with np.errstate(all="ignore"):
            errors = units(found, FUNCTIONS[name](x.astype(np.float64)))
        at = int(errors.argmax())
        if errors[at] > worst:
            worst, place = float(errors[at]), float(x[at])
        total, count = total + float(errors.sum()), count + len(errors)
    return {"case": name, "metric": "largest error", "ours": worst, "unit": "ulp", "at": place,
            "mean": total / count, "samples": count}  # fmt: skip


def main() -> None:
    """Print the table, and write it as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="every pattern: hours")
    parser.add_argument("--samples", type=int, default=2**20)
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows = []
    for name in arguments.only or FUNCTIONS:
        row = measure(name, 2**32 if arguments.all else arguments.samples)
        rows.append(row)
        print(f"{name:12s} {row['ours']:12.4g} ulp at {row['at']:<14.8g} mean {row['mean']:.3g}",
              flush=True)  # fmt: skip
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
