"""Factorisations of matrices and solutions of linear systems, in loops over rows and columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from compute.exact.tracing.compositions import composed

SWEEPS = 12  # of Jacobi's method, which converges quadratically: 6 to 10 are enough for 24 bits
LARGEST = 2048  # columns of Jacobi's method: a list of their pairs is a constant


def _over_batch(function: Callable[..., Any], batch_axes: int) -> Callable[..., Any]:
    for _ in range(batch_axes):
        function = jax.vmap(function)
    return function


@composed("cholesky", whole=True)
def _cholesky(matrix: Array, **_: Any) -> Array:
    """Column by column; a pivot that is not positive saturates."""
    size = matrix.shape[-1]
    rows = jnp.arange(size)

    def factor(a: Array) -> Array:
        def column(j: Array, lower: Array) -> Array:
            rest = a[:, j] - lower @ jnp.conj(lower[j])
            values = jnp.where(rows > j, rest / jnp.sqrt(rest[j]), 0.0)
            values = jnp.where(rows == j, jnp.sqrt(rest[j]), values)
            return lower.at[:, j].set(values)

        return lax.fori_loop(0, size, column, jnp.zeros_like(a))

    return _over_batch(factor, matrix.ndim - 2)(matrix)


@composed("triangular_solve", whole=True)
def _triangular_solve(
    a: Array,
    b: Array,
    *,
    left_side: bool,
    lower: bool,
    transpose_a: bool,
    unit_diagonal: bool,
    conjugate_a: bool = False,
    **_: Any,
) -> Array:
    """By substitution, row after row."""
    if conjugate_a:
        a = jnp.conj(a)

    def solve(a: Array, b: Array) -> Array:
        if transpose_a:
            a = a.T
        below = lower != transpose_a
        if not left_side:
            a, b, below = a.T, b.T, not below
        size = len(a)

        def row(i: Array, x: Array) -> Array:
            at = i if below else size - 1 - i
            weights = jnp.where(jnp.arange(size) == at, 0.0, a[at])
            rest = b[at] - weights @ x
            return x.at[at].set(rest if unit_diagonal else rest / a[at, at])

        # rows that are not solved yet are 0, so that the other triangle does not count
        x = lax.fori_loop(0, size, row, jnp.zeros_like(b))
        return x if left_side else x.T

    return _over_batch(solve, a.ndim - 2)(a, b)


@composed("lu", whole=True)
def _lu(matrix: Array, **_: Any) -> tuple[Array, Array, Array]:
    """With partial pivoting, the first of equal pivots: (both factors, pivots, permutation)."""
    height, width = matrix.shape[-2:]
    rows, columns = jnp.arange(height), jnp.arange(width)

    def swapped(x: Array, i: Array, j: Array) -> Array:
        return x.at[i].set(x[j]).at[j].set(x[i])

    def factor(a: Array) -> tuple[Array, Array, Array]:
        def column(k: Array, state: Any) -> Any:
            a, pivots, order = state
            pivot = jnp.argmax(jnp.where(rows >= k, jnp.abs(a[:, k]), -1.0)).astype(jnp.int32)
            a, order = swapped(a, k, pivot), swapped(order, k, pivot)
            below = jnp.where(rows > k, a[:, k] / jnp.where(a[k, k] == 0, 1.0, a[k, k]), 0.0)
            right = jnp.where(columns > k, a[k], 0.0)
            a = a.at[:, k].set(jnp.where(rows > k, below, a[:, k])) - below[:, None] * right
            return a, pivots.at[k].set(pivot), order

        steps = min(height, width)
        start = (a, jnp.zeros(steps, jnp.int32), jnp.arange(height, dtype=jnp.int32))
        return lax.fori_loop(0, steps, column, start)

    return _over_batch(factor, matrix.ndim - 2)(matrix)


@composed("lu_pivots_to_permutation")
def _permutation(pivots: Array, *, permutation_size: int, **_: Any) -> Array:
    def permuted(pivots: Array) -> Array:
        def swap(i: Array, order: Array) -> Array:
            j = pivots[i]
            return order.at[i].set(order[j]).at[j].set(order[i])

        start = jnp.arange(permutation_size, dtype=jnp.int32)
        return lax.fori_loop(0, len(pivots), swap, start)

    return _over_batch(permuted, pivots.ndim - 1)(pivots)


def _size(a: Array) -> Array:
    """The largest magnitude, or 1 for zeros.  Of what is divided by it no square is dust or beyond
    the sums of products."""
    largest = jnp.max(jnp.abs(a))
    return jnp.where(largest == 0, 1.0, largest)


def _reflected(a: Array, j: Array) -> tuple[Array, Array]:
    """Householder's (vector, factor) that leaves column j no elements below the diagonal, with
    LAPACK's signs."""
    rows = jnp.arange(len(a))
    whole = jnp.where(rows >= j, a[:, j], 0.0)
    column = whole / _size(whole)
    top, below = column[j], jnp.where(rows > j, column, 0.0)
    rest = jnp.sum(below * below)
    size = jnp.sqrt(top * top + rest)
    first = jnp.where(top < 0, size, -size)
    nothing = rest == 0
    vector = below / jnp.where(nothing, 1.0, top - first) + (rows == j)
    factor = jnp.where(nothing, 0.0, (first - top) / jnp.where(nothing, 1.0, first))
    return vector, factor


def _orthogonal(a: Array) -> tuple[Array, Array]:
    """The whole Q and R of a matrix."""

    def column(j: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        q, r = state
        v, factor = _reflected(r, j)
        return q - factor * jnp.outer(q @ v, v), r - factor * jnp.outer(v, v @ r)

    q, r = lax.fori_loop(0, min(a.shape), column, (jnp.eye(len(a), dtype=a.dtype), a))
    return q, jnp.triu(r)


@composed("qr")
def _qr(matrix: Array, *, full_matrices: bool, pivoting: bool = False, **_: Any) -> Any:
    if pivoting:
        raise NotImplementedError("pivoting")
    kept = matrix.shape[-2] if full_matrices else min(matrix.shape[-2:])

    def factor(a: Array) -> tuple[Array, Array]:
        q, r = _orthogonal(a)
        return q[:, :kept], r[:kept]

    return _over_batch(factor, matrix.ndim - 2)(matrix)


@composed("householder_product")
def _reflections(vectors: Array, factors: Array, **_: Any) -> Array:
    def product(a: Array, taus: Array) -> Array:
        rows = jnp.arange(len(a))

        def reflect(i: Array, q: Array) -> Array:
            j = len(taus) - 1 - i
            v = jnp.where(rows > j, a[:, j], 0.0) + (rows == j)
            return q - taus[j] * jnp.outer(v, v @ q)

        return lax.fori_loop(0, len(taus), reflect, jnp.eye(len(a), a.shape[1], dtype=a.dtype))

    return _over_batch(product, vectors.ndim - 2)(vectors, factors)


@composed("tridiagonal_solve")
def _tridiagonal(below: Array, diagonal: Array, above: Array, b: Array, **_: Any) -> Array:
    """Gauss without pivoting (Thomas), row after row and back."""

    def solve(below: Array, diagonal: Array, above: Array, b: Array) -> Array:
        def forward(before: Any, row: Any) -> Any:
            lower, middle, upper, right = row
            pivot = middle - lower * before[0]
            result = upper / pivot, (right - lower * before[1]) / pivot
            return result, result

        def back(after: Array, row: Any) -> Any:
            x = row[1] - row[0] * after
            return x, x

        nothing = jnp.zeros_like(b[0])
        below = below.at[0].set(0)
        _, rows = lax.scan(
            forward, (jnp.zeros_like(diagonal[0]), nothing), (below, diagonal, above, b)
        )
        return lax.scan(back, nothing, rows, reverse=True)[1]

    return _over_batch(solve, diagonal.ndim - 1)(below, diagonal, above, b)


def _rotation(one: Array, other: Array, mixed: Array) -> tuple[Array, Array]:
    """(cosine, sine) of Jacobi's rotation that diagonalises [[one, mixed], [mixed, other]]."""
    nothing = jnp.abs(mixed) <= 2.0**-40 * (jnp.abs(one) + jnp.abs(other))
    slope = (other - one) / (2 * jnp.where(nothing, 1.0, mixed))
    sign = jnp.where(slope < 0, -1.0, 1.0)
    slope = jnp.clip(slope, -(2.0**42), 2.0**42)
    tangent = jnp.where(nothing, 0.0, sign / (jnp.abs(slope) + jnp.sqrt(slope * slope + 1)))
    cosine = lax.rsqrt(tangent * tangent + 1)
    return cosine, tangent * cosine


def _columns_turned(a: Array, i: Array, j: Array, cosine: Array, sine: Array) -> Array:
    x, y = a[:, i], a[:, j]
    return a.at[:, i].set(cosine * x - sine * y).at[:, j].set(sine * x + cosine * y)


def _sweeps(size: int, turn: Callable[[Any, Array, Array], Any], state: Any) -> Any:
    """All pairs of columns, several times."""
    if size > LARGEST:
        raise NotImplementedError(f"Jacobi's method on more than {LARGEST} columns")
    left, right = np.triu_indices(size, 1)
    if not len(left):
        return state
    pairs = jnp.asarray(np.stack([left, right], 1).astype(np.int32))

    def sweep(_: Array, state: Any) -> Any:
        return lax.scan(lambda s, pair: (turn(s, pair[0], pair[1]), None), state, pairs)[0]

    return lax.fori_loop(0, SWEEPS, sweep, state)


@composed("eigh")
def _symmetric(
    matrix: Array, *, lower: bool, sort_eigenvalues: bool, subset_by_index: Any = None, **_: Any
) -> tuple[Array, Array]:
    """(eigenvectors, eigenvalues) by Jacobi's method; the vectors' signs are its own."""
    _whole_spectrum(subset_by_index)

    def turn(state: tuple[Array, Array], i: Array, j: Array) -> tuple[Array, Array]:
        a, v = state
        angle = _rotation(a[i, i], a[j, j], a[i, j])
        a = _columns_turned(_columns_turned(a, i, j, *angle).T, i, j, *angle).T
        return a, _columns_turned(v, i, j, *angle)

    def factor(a: Array) -> tuple[Array, Array]:
        half = jnp.tril(a, -1) if lower else jnp.triu(a, 1).T
        whole = half + half.T + jnp.diag(jnp.diag(a))
        turned, v = _sweeps(len(a), turn, (whole, jnp.eye(len(a), dtype=a.dtype)))
        w = jnp.diag(turned)
        order = jnp.argsort(w) if sort_eigenvalues else jnp.arange(len(w))
        return v[:, order], w[order]

    return _over_batch(factor, matrix.ndim - 2)(matrix)


@composed("svd")
def _singular(
    matrix: Array, *, full_matrices: bool, compute_uv: bool, subset_by_index: Any = None, **_: Any
) -> tuple[Array, ...]:
    """By Jacobi's method on columns (Hestenes); the vectors' signs are its own."""
    _whole_spectrum(subset_by_index)
    kept = None if full_matrices else min(matrix.shape[-2:])

    def turn(state: tuple[Array, Array], i: Array, j: Array) -> tuple[Array, Array]:
        a, v = state
        x, y = a[:, i], a[:, j]
        angle = _rotation(x @ x, y @ y, x @ y)
        return _columns_turned(a, i, j, *angle), _columns_turned(v, i, j, *angle)

    def factor(a: Array) -> tuple[Array, ...]:
        if a.shape[0] < a.shape[1]:
            found = factor(a.T)
            return (found[0], found[2].T, found[1].T) if compute_uv else found
        scale = _size(a)
        columns, v = _sweeps(a.shape[1], turn, (a / scale, jnp.eye(a.shape[1], dtype=a.dtype)))
        values = scale * jnp.sqrt(jnp.sum(columns * columns, 0))
        order = jnp.argsort(-values)
        if not compute_uv:
            return (values[order],)
        u, r = _orthogonal(columns[:, order])  # of orthogonal columns: R is diagonal
        sign = jnp.where(jnp.diag(r) < 0, -1.0, 1.0)
        signs = jnp.concatenate([sign, jnp.ones(len(a) - len(sign))])
        return values[order], (u * signs)[:, :kept], v[:, order].T

    return _over_batch(factor, matrix.ndim - 2)(matrix)


def _whole_spectrum(subset: Any) -> None:
    if subset is not None:
        raise NotImplementedError("a part of the spectrum")
