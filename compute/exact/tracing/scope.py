"""The context of a lowering rule: the block being written, and its equations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from compute.exact.tracing.graph import Graph, Shape, Value
from compute.program.types import BY_NUMPY, DType

Parameters = dict[str, Any]


@dataclass(frozen=True)
class Pair:
    """A value of two parts: a complex number (real, imaginary), or a random key (its words)."""

    parts: tuple[Value, Value]

    @property
    def shape(self) -> Shape:
        return self.parts[0].shape


Operand = Value | Pair
Rule = Callable[["Scope", Parameters, Sequence[Any], Sequence[Any]], Sequence[Operand]]
RULES: dict[str, Rule] = {}
# primitives whose rules take pairs as they are
ON_PAIRS: set[str] = {"scan", "while", "cond", "device_put"}


class UnsupportedPrimitive(NotImplementedError):
    """The model uses what a program cannot say; the message names the primitive and the line."""


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Register a function (scope, parameters, operands, result avals) -> results.

    Results may have any layout with the right elements in the right order.
    """

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, function))
        return function

    return register


@dataclass
class Scope:
    """`lower(scope, closed jaxpr, operands)` writes the steps of a jaxpr."""

    graph: Graph
    lower: Callable[[Scope, Any, Sequence[Operand]], list[Operand]]
    while_limit: int
    equations: list[Any] = field(default_factory=list)

    def inner(self, operands: Sequence[Value]) -> Scope:
        """The scope of a block whose inputs are like these values."""
        bare = Graph([v.type for v in operands], [v.shape for v in operands])
        return Scope(bare, self.lower, self.while_limit, self.equations)

    @contextmanager
    def inside(self, equation: Any) -> Iterator[None]:
        """While the steps of an equation are written."""
        self.equations.append(equation)
        yield
        self.equations.pop()  # not after an error, whose message needs them

    def inline(self, function: Callable[..., Any], *operands: Operand) -> list[Value]:
        """The steps of a JAX function of these operands, pairs as tuples; its flat results."""
        closed = jax.make_jaxpr(function)(*map(_like, operands))
        return flat(self.lower(self, closed, flat(operands)))

    def rewritten(self, function: Callable[..., Any], operands: Sequence[Operand]) -> list[Operand]:
        """The steps of a JAX function in place of the innermost equation, on its operands."""
        avals = [atom.aval for atom in self.equations[-1].invars]
        types = [jax.ShapeDtypeStruct(aval.shape, aval.dtype) for aval in avals]
        return self.lower(self, jax.make_jaxpr(function)(*types), operands)


def _like(operand: Operand) -> Any:
    if isinstance(operand, Pair):
        return tuple(map(_like, operand.parts))
    return jax.ShapeDtypeStruct(operand.shape, operand.dtype.numpy)


def dtype_of(aval: Any) -> DType:
    """The element type for a JAX type: all floats are F24.  Raises NotImplementedError."""
    if jnp.issubdtype(aval.dtype, jnp.floating):
        return DType.F24
    if str(aval.dtype) not in BY_NUMPY:
        raise NotImplementedError(f"elements of type {aval.dtype}")
    return BY_NUMPY[str(aval.dtype)]


def part_dtype(aval: Any) -> Any:
    """The JAX type of the two parts of a value of this type, or None if it has no parts."""
    if jnp.issubdtype(aval.dtype, jnp.complexfloating):
        return np.dtype(np.float32)
    if jnp.issubdtype(aval.dtype, jax.dtypes.prng_key):
        if str(aval.dtype) != "key<fry>":
            raise NotImplementedError(f"random keys of type {aval.dtype}")
        return np.dtype(np.uint32)
    return None


def part(aval: Any) -> jax.ShapeDtypeStruct:
    """Return the abstract value of one part of a pair of this type."""
    return jax.ShapeDtypeStruct(aval.shape, part_dtype(aval))


def flat(operands: Sequence[Operand]) -> list[Value]:
    """All values; pairs as their two parts."""
    return [v for x in operands for v in (x.parts if isinstance(x, Pair) else (x,))]


def paired(avals: Sequence[Any], values: Sequence[Value]) -> list[Operand]:
    """The inverse of `flat` for operands of these types."""
    rest = iter(values)
    return [Pair((next(rest), next(rest))) if part_dtype(aval) else next(rest) for aval in avals]


def atoms_size(atoms: Sequence[Any]) -> int:
    """Of how many values `flat` makes of these atoms."""
    return sum(2 if part_dtype(atom.aval) else 1 for atom in atoms)
