"""Sums of products: the exact sum of every element, rounded once to 21 bits."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array, lax

from compute.exact.carriers import Carrier
from compute.exact.integers.digits import Digits, decided, split
from compute.exact.lattice import ENLARGED, UNIT, common_bit, gather_rows, per_unit, unravel
from compute.exact.number import wide
from compute.exact.rounding import UNDECIDED, decide, repair, saturating
from compute.exact.superaccumulator import PRODUCT_SUM, products, round_sum

# sums that exist at a time; in float64, 128 MiB
BLOCK = 2**24
# how often an undecided element's terms are added half to half before it is summed in integers
HALVINGS = 5

Axes = tuple[int, ...]


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Rows:
    """The terms that bound the error of a float64 sum of products, for every row of an operand.

    `norm` at least the Euclidean norm; `steps` at least norm / quantum, where all elements of the
    row are multiples of the quantum, a power of two.  Both float64.
    """

    norm: Array
    steps: Array


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Operand:
    """An operand of `product` as matrices.

    `matrix` has its values [batches, rows, terms], so that what an element sums up again lies side
    by side: float64, and `rows` the bounds [batches, rows]; or, for integer products, float32, and
    `rows` in digits.
    """

    matrix: Array
    rows: Rows | Digits

    def part(self, axis: int, start: Array, size: int) -> Operand:
        """Of `size` batches (axis 0) or rows (axis 1)."""

        return jax.tree.map(lambda x: lax.dynamic_slice_in_dim(x, start, size, axis), self)


def error_bound(a: Rows, b: Rows, terms: int) -> Array:
    """A bound of |s - exact| for a float64 sum s of `terms` products, added in any order, with or
    without fused multiply-adds; the norms broadcast.

    A product of two float32 values has 48 bits, so it is exact and a fused multiply-add is an
    addition.  Additions of n numbers in any order err by at most (n - 1) u sum |a_i b_i| with
    u = 2**-53 (Jeannerod and Rump, 2013), and by Cauchy and Schwarz sum |a_i b_i| <= |a| |b|.
    All products are multiples of quantum_a * quantum_b; if |a| |b| is below 2**53 of those, so is
    every partial sum, and nothing is ever rounded: the bound is 0.  Two units more serve `decide`.
    Values are 0 or from 2**-96 to 2**128, so products are from 2**-192 to 2**256: float64 neither
    underflows nor overflows.
    """
    bound = ((terms + 1) * UNIT * ENLARGED) * a.norm * b.norm
    return jnp.where(a.steps * b.steps < 2.0**53, 0.0, bound)


def operand(x: Array, contract: Axes, batch: Axes, carrier: Carrier, void: Array) -> Operand:
    """An operand of `product` whose sums run over `contract`, as the carrier takes it; if all
    results are void (bool scalar), zeros.

    In float64 it is made in a branch: compilers put what makes an array into each of its readers,
    here a product, its bounds and what is undecided, but cannot look into a branch.
    """

    def in_float64(matrix: Array) -> Operand:
        return Operand(wide(matrix), _bounds(matrix))

    def nothing(matrix: Array) -> Operand:
        like = jax.eval_shape(in_float64, matrix)
        return jax.tree.map(lambda part: jnp.zeros(part.shape, part.dtype), like)

    matrix = _matrix(x, contract, batch)
    if not carrier.float64:
        return Operand(matrix, split(matrix))
    return lax.cond(void, nothing, in_float64, matrix)


def _bounds(matrix: Array) -> Rows:
    """Of values [batches, rows, terms].

    The squares are exact in float64, and all terms of their sum are positive: K - 1 additions
    and the root err by less than K * 2**-53 < 2**-22 of the norm, K <= 2**30.
    """
    y = wide(matrix)
    norm = jnp.sqrt(jnp.sum(y * y, 2)) * ENLARGED
    # a row without any number has the norm 0
    return Rows(norm, norm * per_unit(common_bit(matrix, (2,))))


def result_shape(a: Array, b: Array, contract: tuple[Axes, Axes], batch: tuple[Axes, Axes]) -> Axes:
    """[batch.., free of a.., free of b..]"""
    return (
        *(a.shape[axis] for axis in batch[0]),
        *(a.shape[axis] for axis in _free(a, contract[0], batch[0])),
        *(b.shape[axis] for axis in _free(b, contract[1], batch[1])),
    )


def product(left: Operand, right: Operand) -> Array:
    """The sums of products [batches, rows of left, rows of right] of prepared operands."""
    batches, rows, terms = left.matrix.shape
    shape = (batches, rows, right.matrix.shape[1])
    if not terms * math.prod(shape):
        return jnp.zeros(shape, jnp.float32)
    marked = _by_blocks(left, right)
    return repair(marked, _again(left.matrix, right.matrix), terms)


def _matrix(x: Array, contract: Axes, batch: Axes) -> Array:
    """Values [batches, rows, terms]."""
    free = _free(x, contract, batch)
    sizes = [math.prod(x.shape[axis] for axis in axes) for axes in (batch, free, contract)]
    return jnp.transpose(x, (*batch, *free, *contract)).reshape(sizes)


def _free(x: Array, contract: Axes, batch: Axes) -> Axes:
    return tuple(axis for axis in range(x.ndim) if axis not in (*contract, *batch))


def _again(x: Array, y: Array) -> Callable[[Array], Array]:
    """For `repair`: the exact sums of elements of the product of two matrices."""
    shape = (*x.shape[:2], y.shape[1])

    def exact(index: Array) -> Array:
        batch, row, column = unravel(index, shape)
        p = gather_rows(x, (0, 1), (2,), (batch, row))
        q = gather_rows(y, (0, 1), (2,), (batch, column))

        def in_integers() -> Array:
            # float64 holds float32 values, so that the casts are exact
            a, b = p.astype(jnp.float32), q.astype(jnp.float32)
            return saturating(round_sum(products(a, b), PRODUCT_SUM), a, b)

        if x.dtype != jnp.float64:
            return in_integers()
        marked = decide(*tree_sum(p * q), PRODUCT_SUM)
        return lax.cond(jnp.any(marked == UNDECIDED), in_integers, lambda: marked)

    return exact


def tree_sum(terms: Array) -> tuple[Array, Array]:
    """(sums, bounds of their errors) of float64 terms [C, K] over the last axis.

    A sum by a tree of additions errs by at most its height times u sum |terms|, u = 2**-53 (Higham,
    2002, section 4.2).  HALVINGS additions of one half to the other leave K / 2**HALVINGS numbers,
    which the compiler adds in any order: so the bound is that much smaller than the product's.
    """
    width = -(-terms.shape[1] // 2**HALVINGS)
    short = width * 2**HALVINGS - terms.shape[1]
    padded = jnp.pad(terms, ((0, 0), (0, short))).reshape(len(terms), -1, width)

    def total(part: Array) -> Array:
        while part.shape[1] > 1:
            part = part[:, : part.shape[1] // 2] + part[:, part.shape[1] // 2 :]
        return jnp.sum(part, (1, 2))

    height = HALVINGS + width - 1
    return total(padded), (height + 2) * UNIT * ENLARGED * total(jnp.abs(padded))


def _by_blocks(left: Operand, right: Operand) -> Array:
    """The decided patterns [batches, rows of a, rows of b], made by some batches or rows at a time
    so that not more than BLOCK sums exist."""
    batches, rows = left.matrix.shape[:2]
    columns = right.matrix.shape[1]
    if batches * rows * columns <= BLOCK:
        return _decided(left, right)
    axis = 0 if batches > 1 else 1
    count, each = (batches, rows * columns) if batches > 1 else (rows, columns)
    size = block(count, each, BLOCK)

    def step(start: Array) -> Array:
        part = right if axis else right.part(0, start, size)
        return _decided(left.part(axis, start, size), part)

    found = lax.map(step, jnp.arange(0, count, size))
    return found.reshape(batches, rows, columns)


def block(count: int, each: int, elements: int) -> int:
    """The largest divisor of `count` with at most so many elements, of `each` a piece; or 1."""
    most = max(1, min(count, elements // max(each, 1)))
    return next(size for size in range(most, 0, -1) if count % size == 0)


def _decided(left: Operand, right: Operand) -> Array:
    if isinstance(left.rows, Digits) and isinstance(right.rows, Digits):
        return decided(left.rows, right.rows)
    s = lax.dot_general(
        left.matrix,
        right.matrix,
        (((2,), (2,)), ((0,), (0,))),
        precision=lax.Precision.HIGHEST,
        preferred_element_type=jnp.float64,
    )
    a = jax.tree.map(lambda x: x[:, :, None], left.rows)
    b = jax.tree.map(lambda x: x[:, None, :], right.rows)
    return decide(s, error_bound(a, b, left.matrix.shape[2]), PRODUCT_SUM)
