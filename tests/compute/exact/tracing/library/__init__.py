"""Calls of JAX's libraries and of optax that a model may make: CALLS names them."""

from library import complexes, networks, numbers, primitives, shapes
from library.table import CALLS, Call

__all__ = ["CALLS", "Call", "complexes", "networks", "numbers", "primitives", "shapes"]
