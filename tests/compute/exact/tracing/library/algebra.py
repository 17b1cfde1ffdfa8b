"""Calls of jax.numpy.linalg and jax.scipy.linalg beside those of `shapes`: factorisations."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy import linalg

from library.table import DEFINITE, SQUARE, X, call, normal

VECTOR = normal(4)


def _solved(name: str, function: Callable[..., Any], *arrays: Any) -> None:
    call(name, function, *arrays, tolerance=1e-3)


def _signless(a: Any, b: Any) -> Any:
    """What does not change with the signs of singular vectors."""
    return jnp.abs(a), jnp.abs(b)


_solved("linalg.qr", lambda a: tuple(jnp.linalg.qr(a)), SQUARE)
_solved("linalg.qr tall", lambda x: tuple(jnp.linalg.qr(x.T)), X)
_solved("linalg.qr wide", lambda x: tuple(jnp.linalg.qr(x)), X)
_solved("linalg.qr complete", lambda x: tuple(jnp.linalg.qr(x.T, mode="complete")), X)
_solved("linalg.qr batched", lambda x: jnp.linalg.qr(jnp.stack([x.T, 2 * x.T]))[1], X)
_solved("linalg.qr of a zero column", lambda x: jnp.linalg.qr(x.at[:, 1].set(0))[1], SQUARE)
_solved("linalg.eigvalsh", jnp.linalg.eigvalsh, DEFINITE)
_solved("linalg.eigh", lambda a: _signless(*jnp.linalg.eigh(a)), DEFINITE)
_solved("linalg.eigh batched", lambda a: jnp.linalg.eigh(jnp.stack([a, 3 * a]))[0], DEFINITE)
_solved("linalg.eigh of zeros", lambda a: jnp.linalg.eigh(0 * a)[0], DEFINITE)
_solved(
    "linalg.eigh off the diagonal", lambda a: jnp.linalg.eigh(a * 0 + 1 - jnp.eye(4))[0], DEFINITE
)
_solved("linalg.svdvals", jnp.linalg.svdvals, SQUARE)
_solved("linalg.svd wide", lambda x: _signless(*jnp.linalg.svd(x, full_matrices=False)[::2]), X)
_solved("linalg.svd whole", lambda x: jnp.abs(jnp.linalg.svd(x.T)[0][:, :3]), X)


def _put_together(x: Any) -> Any:
    u, s, v = jnp.linalg.svd(x, full_matrices=False)
    return (u * s) @ v, u.T @ u


_solved("linalg.svd put together", lambda x: _put_together(x.at[2].set(x[1])), X)
for _size in (1e-17, 1e12):  # whose squares are dust, or beyond the sums of products
    _solved(f"linalg.svdvals at {_size}", lambda x, s=_size: jnp.linalg.svdvals(x * s) / s, X)
    _solved(f"linalg.qr at {_size}", lambda x, s=_size: jnp.linalg.qr(x * s)[1] / s, X)
_solved("linalg.pinv", jnp.linalg.pinv, X)
_solved("linalg.lstsq", lambda x: jnp.linalg.lstsq(x.T, x.T[:, 0])[0], X)
_solved("linalg.matrix_rank", lambda x: jnp.linalg.matrix_rank(x.at[2].set(x[1])), X)
_solved("linalg.norm 2", lambda a: (jnp.linalg.norm(a, 2), jnp.linalg.norm(a, "nuc")), SQUARE)
_solved("linalg.cond", jnp.linalg.cond, DEFINITE)
_solved(
    "linalg.tensorsolve",
    lambda a, b: jnp.linalg.tensorsolve(a.reshape(2, 2, 2, 2), b.reshape(2, 2)),
    DEFINITE,
    VECTOR,
)
_solved("linalg.inv complex", lambda a: jnp.real(jnp.linalg.inv(a + 1j * jnp.eye(4))), DEFINITE)
_solved(
    "linalg.cholesky complex",
    lambda a: jnp.imag(jnp.linalg.cholesky(a + 1j * (jnp.triu(a) - jnp.tril(a)) / 9)),
    DEFINITE,
)
_solved("linalg.expm", lambda a: linalg.expm(a / 8), SQUARE)
_solved("linalg.lu", lambda a: tuple(linalg.lu(a)), SQUARE)
_solved("linalg.lu_solve", lambda a, b: linalg.lu_solve(linalg.lu_factor(a), b), DEFINITE, VECTOR)
_solved("linalg.polar", lambda a: linalg.polar(a)[0], DEFINITE)
_solved("linalg.solve positive", lambda a, b: linalg.solve(a, b, assume_a="pos"), DEFINITE, VECTOR)
_solved("linalg.tridiagonal", lambda x: lax.linalg.tridiagonal_solve(x[0], 6 + x[1], x[2], x.T), X)
_solved("linalg.householder", lambda x: lax.linalg.householder_product(x.T, x[:, 0]), X)
_solved("linalg.toeplitz", lambda x: linalg.toeplitz(x[0]), X)
_solved(
    "initializer orthogonal",
    lambda x: x @ jax.nn.initializers.orthogonal()(jax.random.key(0), (8, 4)),
    X,
)
_solved(
    "conjugate gradients",
    lambda a, b: jax.scipy.sparse.linalg.cg(lambda v: a @ v, b, maxiter=8)[0],
    DEFINITE,
    VECTOR,
)
_solved(
    "gmres",
    lambda a, b: jax.scipy.sparse.linalg.gmres(lambda v: a @ v, b, maxiter=4)[0],
    DEFINITE,
    VECTOR,
)
_solved("gradient of solve", jax.grad(lambda a: jnp.linalg.solve(a, jnp.ones(4)).sum()), DEFINITE)
_solved("gradient of cholesky", jax.grad(lambda a: jnp.linalg.cholesky(a).sum()), DEFINITE)
_solved("gradient of slogdet", jax.grad(lambda a: jnp.linalg.slogdet(a)[1]), DEFINITE)
