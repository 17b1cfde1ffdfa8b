"""What the interpreter passes from rule to rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from compute.exact import grid
from compute.exact.carriers import Carrier
from compute.exact.grid import Limb
from compute.exact.number import is_saturated

Flags = tuple[bool, ...]
Origin = frozenset[Any]

CONSTANT: Origin = frozenset()
PARAMETERS: Origin = frozenset(["parameters"])


@dataclass(frozen=True)
class Value:
    """An array (float32 values, or integers and booleans as they are) and what is known of it.

    `positional` says along which axes its elements may know different positions of the inputs, so
    that nothing may leak through a shared grid; `origin` what they know (`provenance.py`).
    `constant` computes it, if it depends on nothing and not on the step of a loop.
    """

    array: Array
    positional: Flags
    origin: Origin = CONSTANT
    constant: Callable[[], np.ndarray] | None = None

    @property
    def secret(self) -> bool:
        """Does it depend on inputs that not every position may know?"""
        return self.origin not in (CONSTANT, PARAMETERS)

    @property
    def is_float(self) -> bool:
        return jnp.issubdtype(self.array.dtype, jnp.floating)


@dataclass
class Context:
    """One evaluation of one jaxpr: the carrier, and the sticky flag for saturation that a rule
    would otherwise lose on the way from a float to a decision (a comparison, an index)."""

    carrier: Carrier
    flags: list[Array] = field(default_factory=list)
    rows: dict[Any, tuple[Array, Limb]] = field(default_factory=dict)

    def observe(self, *values: Value) -> None:
        """A rule turns these floats into what cannot be SATURATED: remember if they are."""
        self.flags += [jnp.any(is_saturated(v.array)) for v in values if v.is_float]

    def row(self, x: Array, axes: tuple[int, ...], bits: int) -> Limb:
        """`grid.row`, once for each array: queries, keys and values share their input's digits.

        The barrier keeps the compiler from computing `x` twice, for its maximum and its digits.
        """
        key = (id(x), axes, bits)
        if key not in self.rows:
            self.rows[key] = (x, grid.row(lax.optimization_barrier(x), axes, bits))
        return self.rows[key][1]

    def saturated(self) -> Array:
        """bool scalar: has any observed value been SATURATED?"""
        return jnp.any(jnp.stack(self.flags)) if self.flags else jnp.zeros((), bool)


Parameters = dict[str, Any]


def union(values: Sequence[Value], ndim: int) -> Flags:
    """Positional flags of an element-wise result; scalars broadcast."""
    flags = [v.positional for v in values if len(v.positional) == ndim]
    return tuple(any(f[axis] for f in flags) for axis in range(ndim))
