"""Calls of JAX's libraries, of Flax and of optax that a model may make: CALLS names them."""

from library import (
    algebra,
    complexes,
    modules,
    networks,
    numbers,
    primitives,
    shapes,
    special,
    transforms,
)
from library.table import CALLS, Call

__all__ = [
    "CALLS", "Call", "algebra", "complexes", "modules", "networks", "numbers", "primitives",
    "shapes", "special", "transforms",
]  # fmt: skip
