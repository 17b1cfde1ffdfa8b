"""Sums of products: the exact sum of every element, rounded once to 21 bits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import jax.numpy as jnp
from jax import Array, lax

from compute.exact.carriers import CARRIERS, Carrier
from compute.exact.lattice import ENLARGED, UNIT, gather_rows, lowest_bit, unravel
from compute.exact.number import power_of_two, wide
from compute.exact.rounding import UNDECIDED, decide, repair, saturating
from compute.exact.superaccumulator import FAR, PRODUCT_SUM, products, round_sum

# elements of float64 sums that exist at a time: 4 MiB
BLOCK = 2**19

Axes = tuple[int, ...]


@dataclass(frozen=True)
class Rows:
    """The terms that bound the error of a float64 sum of products, for every row of an operand.

    `norm` at least the Euclidean norm; `steps` at least norm / quantum, where all elements of the
    row are multiples of the quantum, a power of two.  Both float64.
    """

    norm: Array
    steps: Array

    def spread(self, batch: int, before: int, after: int) -> Rows:
        """With axes of size 1 after the first `batch` ones and at the end."""

        def spread(x: Array) -> Array:
            shape = (*x.shape[:batch], *[1] * before, *x.shape[batch:], *[1] * after)
            return x.reshape(shape)

        return Rows(spread(self.norm), spread(self.steps))


def rows(x: Array, axes: Sequence[int]) -> Rows:
    """Of float32 values, over the contracted axes.

    The squares are exact in float64, and all terms of their sum are positive: K - 1 additions and
    the root err by less than K * 2**-53 < 2**-22 of the norm, K <= 2**30.
    """
    squares = wide(x) * wide(x)
    norm = jnp.sqrt(jnp.sum(squares, tuple(axes))) * ENLARGED
    lowest = jnp.min(lowest_bit(x), tuple(axes), initial=FAR)
    # a row without any number has the norm 0
    return Rows(norm, norm * power_of_two(-jnp.clip(lowest, -200, 200).astype(jnp.int64)))


def error_bound(a: Rows, b: Rows, terms: int) -> Array:
    """A bound of |s - exact| for a float64 sum s of `terms` products, added in any order, with or
    without fused multiply-adds; the norms broadcast.

    A product of two float32 values has 48 bits, so it is exact and a fused multiply-add is an
    addition.  Additions of n numbers in any order err by at most (n - 1) u sum |a_i b_i| with
    u = 2**-53 (Jeannerod and Rump, 2013), and by Cauchy and Schwarz sum |a_i b_i| <= |a| |b|.
    All products are multiples of quantum_a * quantum_b; if |a| |b| is below 2**53 of those, so is
    every partial sum, and nothing is ever rounded: the bound is 0.
    Values are 0 or from 2**-96 to 2**128, so products are from 2**-192 to 2**256: float64 neither
    underflows nor overflows.
    """
    bound = ((terms - 1) * UNIT * ENLARGED) * a.norm * b.norm
    return jnp.where(a.steps * b.steps < 2.0**53, 0.0, bound)


def dot(
    a: Array,
    b: Array,
    contract: tuple[Axes, Axes],
    batch: tuple[Axes, Axes],
    known: tuple[Rows | None, Rows | None] = (None, None),
    carrier: Carrier = CARRIERS["float64"],
) -> Array:
    """lax.dot_general of float32 values: [batch.., free of a.., free of b..].

    `known` are bounds of a and b as `operand_rows` gives them.
    """
    left = _Operand.of(a, contract[0], batch[0], known[0])
    right = _Operand.of(b, contract[1], batch[1], known[1])
    shape = (*left.batch_shape, *left.free_shape, *right.free_shape)
    if not left.terms:
        return jnp.zeros(shape, jnp.float32)

    def exact(index: Array) -> Array:
        places = unravel(index, shape)
        n, m = len(left.batch), len(left.batch) + len(left.free)
        x = left.gather((*places[:n], *places[n:m]))
        y = right.gather((*places[:n], *places[m:]))
        return saturating(round_sum(products(x, y), PRODUCT_SUM), x, y)

    if not carrier.float64:
        return repair(jnp.full(shape, UNDECIDED), exact)
    return repair(_by_blocks(left, right, shape), exact)


def operand_rows(x: Array, contract: Axes, batch: Axes) -> Rows:
    """The bounds of an operand of `dot`, [batch.., free..]."""
    return _Operand.of(x, contract, batch).rows()


def _by_blocks(left: _Operand, right: _Operand, shape: tuple[int, ...]) -> Array:
    """The decided patterns, made by slices along the first axis of the result, so that float64
    sums exist for some BLOCK elements at a time and stay in the processor's cache."""
    axis = (*left.batch, *left.free)[:1]
    if not axis or math.prod(shape) <= BLOCK:
        return _decided(left, right, right.rows())
    size = block(shape[0], math.prod(shape[1:]))
    sliced = bool(left.batch)
    bounds = None if sliced else right.rows()

    def step(start: Array) -> Array:
        x = left.slice(left.batch[0] if sliced else left.free[0], start, size)
        y = right.slice(right.batch[0], start, size) if sliced else right
        return _decided(x, y, y.rows() if bounds is None else bounds)

    return lax.map(step, jnp.arange(0, shape[0], size)).reshape(shape)


def block(count: int, each: int) -> int:
    """The largest divisor of `count` with at most BLOCK elements, of `each` a piece; or 1."""
    most = max(1, min(count, BLOCK // max(each, 1)))
    return next(size for size in range(most, 0, -1) if count % size == 0)


def _decided(left: _Operand, right: _Operand, bounds: Rows) -> Array:
    s = lax.dot_general(
        wide(left.x),
        wide(right.x),
        ((left.contract, right.contract), (left.batch, right.batch)),
        precision=lax.Precision.HIGHEST,
        preferred_element_type=jnp.float64,
    )
    a = left.rows().spread(len(left.batch), 0, len(right.free))
    b = bounds.spread(len(right.batch), len(left.free), 0)
    return decide(s, error_bound(a, b, left.terms), PRODUCT_SUM)


@dataclass(frozen=True)
class _Operand:
    x: Array
    contract: Axes
    batch: Axes
    free: Axes
    known: Rows | None

    @classmethod
    def of(cls, x: Array, contract: Axes, batch: Axes, known: Rows | None = None) -> _Operand:
        free = tuple(i for i in range(x.ndim) if i not in contract and i not in batch)
        return cls(x, tuple(contract), tuple(batch), free, known)

    @property
    def batch_shape(self) -> tuple[int, ...]:
        return tuple(self.x.shape[i] for i in self.batch)

    @property
    def free_shape(self) -> tuple[int, ...]:
        return tuple(self.x.shape[i] for i in self.free)

    @property
    def terms(self) -> int:
        return math.prod(self.x.shape[i] for i in self.contract)

    def rows(self) -> Rows:
        """The bounds as [batch.., free..]."""
        if self.known is not None:
            return self.known
        kept = sorted((*self.batch, *self.free))
        order = [kept.index(i) for i in (*self.batch, *self.free)]
        found = rows(self.x, self.contract)
        return Rows(jnp.transpose(found.norm, order), jnp.transpose(found.steps, order))

    def slice(self, axis: int, start: Array, size: int) -> _Operand:
        return replace(self, x=lax.dynamic_slice_in_dim(self.x, start, size, axis), known=None)

    def gather(self, places: Sequence[Array]) -> Array:
        """The rows at C places along the batch and free axes, [C, K], contracted axes in order."""
        return gather_rows(self.x, (*self.batch, *self.free), self.contract, places)
