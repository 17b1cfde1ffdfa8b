"""Carriers: ways of a machine to compute values.  Every carrier gives the same bits."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from compute.exact.arithmetic import Arithmetic
from compute.exact.float64 import Float64
from compute.exact.integers import Integers


@dataclass(frozen=True)
class Carrier:
    """The arithmetic of values, and whether float64 is IEEE's there: sums are then decided from
    float64 sums; else all of them are made in integers."""

    arithmetic: Arithmetic
    float64: bool


CARRIERS = {"float64": Carrier(Float64(), True), "integer": Carrier(Integers(), False)}


def default_carrier() -> str:
    """ "integer" on TPUs, whose float64 is a pair of float32."""
    return "integer" if jax.default_backend() == "tpu" else "float64"
