"""Calls of jax.numpy: shapes, indices, products, transforms."""

import jax
import jax.numpy as jnp
import numpy as np

from library.table import COUNTS, DEFINITE, INTEGERS, LABELS, SQUARE, WIDE, X, Y, call, each

# jax.numpy: shapes and indices
each(jnp, "jnp", "ravel transpose flip fliplr flipud rot90 squeeze atleast_3d", X)
each(jnp, "jnp", "trace diag diagonal tril triu", SQUARE)
call("jnp.reshape", lambda x: x.reshape(2, -1, 3), X)
call("jnp.swapaxes", lambda x: jnp.swapaxes(x, 0, 2), WIDE)
call("jnp.moveaxis", lambda x: jnp.moveaxis(x, 0, -1), WIDE)
call("jnp.rollaxis", lambda x: jnp.rollaxis(x, 2), WIDE)
call("jnp.roll", lambda x: jnp.roll(x, 3, axis=1), X)
call("jnp.roll by data", lambda x, i: jnp.roll(x, i[0], axis=1), X, LABELS)
call("jnp.concatenate", lambda x, y: jnp.concatenate([x, y[:, :1]], axis=1), X, Y)
each(jnp, "jnp", "stack vstack hstack dstack column_stack", np.stack([X, Y]))
call("jnp.split", lambda x: tuple(jnp.split(x, [2, 3], axis=1)), X)
call("jnp.array_split", lambda x: tuple(jnp.array_split(x, 3, axis=1)), X)
call("jnp.hsplit", lambda x: tuple(jnp.hsplit(x, 2)), X)
call("jnp.unstack", lambda x: tuple(jnp.unstack(x)), X)
call("jnp.tile", lambda x: jnp.tile(x, (2, 1, 2)), X)
call("jnp.repeat", lambda x: jnp.repeat(x, 2, axis=1), X)
call("jnp.repeat by counts", lambda x: jnp.repeat(x, np.array([1, 0, 2]), axis=0), X)
call("jnp.broadcast_to", lambda x: jnp.broadcast_to(x[:, None], (3, 2, 8)), X)
call("jnp.meshgrid", lambda x: tuple(jnp.meshgrid(x[0], x[1])), X)
call("jnp.expand_dims", lambda x: jnp.expand_dims(x, (0, 2)), X)
for _mode in ("constant", "edge", "reflect", "symmetric", "wrap", "linear_ramp", "mean"):
    call(f"jnp.pad {_mode}", lambda x, m=_mode: jnp.pad(x, ((1, 2), (0, 3)), mode=m), X)
call("jnp.take", lambda x, i: jnp.take(x, i, axis=1), X, LABELS)
call("jnp.take clip", lambda x, i: jnp.take(x, i + 5, axis=1, mode="clip"), X, LABELS)
call("jnp.take wrap", lambda x, i: jnp.take(x, i + 5, axis=1, mode="wrap"), X, LABELS)
call("jnp.take fill", lambda x, i: x.at[:, i + 5].get(mode="fill", fill_value=-3.0), X, LABELS)
call("jnp.take_along_axis", lambda x, i: jnp.take_along_axis(x, i, axis=1), X, COUNTS)
call(
    "jnp.put_along_axis",
    lambda x, i: jnp.put_along_axis(x, i[:, :1], 5.0, 1, inplace=False),
    X,
    COUNTS,
)
call("jnp.nextafter", jnp.nextafter, X, Y)
call("jnp.compress", lambda x: jnp.compress(np.array([True, False, True]), x, axis=0, size=2), X)
call("jnp.choose", lambda i, x: jnp.choose(i % 3, list(x), mode="clip"), COUNTS[0], X)
call("indexing", lambda x: (x[1], x[:, 2:5], x[::-1, ::2], x[..., None, -1], x[1:2, 3]), X)
call("indexing by data", lambda x, i: (x[0][i], x[:, i], x[i % 3, i]), X, LABELS)
call("indexing by a row", lambda x, i: x[i[0] % 3], X, LABELS)
call("at.set", lambda x, i: x.at[:, i].set(1.0), X, LABELS)
call("at.set slice", lambda x, y: x.at[1, 2:5].set(y[0, :3]), X, Y)
call("at.add", lambda x, i: x.at[0, i % 3].add(2.0), X, LABELS)
call("at.subtract", lambda x, i: x.at[0, i].subtract(2.0), X, LABELS)
call("at.multiply", lambda x, i: x.at[0, i].multiply(2.0), X, LABELS)
call("at.divide", lambda x, i: x.at[0, i].divide(2.0), X, LABELS)
call("at.max", lambda x, i: x.at[0, i].max(0.5), X, LABELS)
call("at.min", lambda x, i: x.at[0, i].min(0.5), X, LABELS)
call("at.power", lambda x, i: x.at[0, i].power(2), X, LABELS)
each(jnp, "jnp", "zeros_like ones_like", X)
call("jnp.full_like", lambda x: jnp.full_like(x, 2.5), X)
call("jnp.eye", lambda x: jnp.eye(4)[:3] @ jnp.ones((4, 8)) * x, X)
call("jnp.arange", lambda x: x + jnp.arange(8) * 0.5 + jnp.arange(1.0, 2.0, 0.125), X)
call("jnp.linspace", lambda x: x * jnp.linspace(0, 1, 8), X)
call("jnp.logspace", lambda x: x * jnp.logspace(0, 2, 8), X)
call("jnp.geomspace", lambda x: x * jnp.geomspace(1, 64, 8), X)
call("jnp.tri", lambda x: x * jnp.tri(3, 8), X)
call("jnp.hanning", lambda x: x * jnp.hanning(8) * jnp.hamming(8) * jnp.blackman(8), X)
call("jnp.indices", lambda x: x + jnp.indices((3, 8))[0], X)
call("jnp.triu_indices", lambda x: x[jnp.triu_indices(3, k=1)], X)
call("jnp.unravel_index", lambda i: jnp.unravel_index(i, (3, 3)), COUNTS)
call("jnp.ravel_multi_index", lambda i: jnp.ravel_multi_index((i, i), (8, 8), mode="clip"), COUNTS)
call("jnp.apply_along_axis", lambda x: jnp.apply_along_axis(jnp.cumsum, 0, x), X)
call("jnp.vectorize", lambda x: jnp.vectorize(lambda a: a @ a, signature="(n)->()")(x), X)

# jax.numpy: products
call("jnp.dot", lambda x, y: jnp.dot(x, y.T), X, Y)
call("jnp.matmul", lambda x, y: x @ y.T, X, Y)
call("jnp.matmul batched", lambda x: x @ x.transpose(0, 2, 1), WIDE)
call("jnp.matmul integers", lambda a, b: a @ b.T, INTEGERS, COUNTS)
each(jnp, "jnp", "vdot inner kron", X, Y)
call("jnp.outer", lambda x, y: jnp.outer(x[0], y[1]), X, Y)
call("jnp.tensordot", lambda x, y: jnp.tensordot(x, y, 2), X, Y)
call("jnp.vecdot", lambda x, y: jnp.vecdot(x, y), X, Y)
call("jnp.cross", lambda x, y: jnp.cross(x[:, :3], y[:, :3]), X, Y)
call("jnp.convolve", lambda x, y: jnp.convolve(x[0], y[0, :3]), X, Y)
call("jnp.correlate", lambda x, y: jnp.correlate(x[0], y[0, :3], mode="same"), X, Y)
for _form in ("ij,kj->ik", "ij,ij->i", "ij,ij->", "ij->ji", "ij->j", "ij,kl->ijkl", "ij,kj->k"):
    _arrays = (X,) if "," not in _form else (X, Y)
    call(f"jnp.einsum {_form}", lambda *a, f=_form: jnp.einsum(f, *a), *_arrays)
call("jnp.einsum diagonal", lambda a: jnp.einsum("ii->i", a), SQUARE)
call("jnp.einsum three", lambda a, b: jnp.einsum("abc,cd,de->abe", a, b, b), WIDE, SQUARE)
each(
    jnp.linalg,
    "jnp.linalg",
    "norm det inv slogdet trace matrix_transpose",
    DEFINITE,
    tolerance=1e-3,
)
call("jnp.linalg.norm axis", lambda x: jnp.linalg.norm(x, axis=1, ord=1), X)
call("jnp.linalg.cholesky", jnp.linalg.cholesky, DEFINITE)
call("jnp.linalg.cholesky batched", lambda a: jnp.linalg.cholesky(jnp.stack([a, 2 * a])), DEFINITE)
call(
    "jnp.linalg.solve",
    lambda a, b: jnp.linalg.solve(a, b.reshape(4, -1)),
    DEFINITE,
    SQUARE,
    tolerance=1e-4,
)
call("jnp.linalg.matrix_power", lambda a: jnp.linalg.matrix_power(a, 3), SQUARE)
call("jnp.linalg.multi_dot", lambda a: jnp.linalg.multi_dot([a, a, a]), SQUARE)
call(
    "solve_triangular",
    lambda a, b: jax.scipy.linalg.solve_triangular(a, b, lower=True),
    DEFINITE,
    SQUARE,
)
call(
    "cho_solve",
    lambda a, b: jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(a), b),
    DEFINITE,
    SQUARE,
)

# transforms
call("jnp.fft.rfft", lambda x: jnp.abs(jnp.fft.rfft(x)), X)
call("jnp.fft.fft", lambda x: jnp.real(jnp.fft.fft(x)), X)
call("jnp.fft.fft2", lambda x: jnp.real(jnp.fft.fft2(x)), X)
call("jnp.fft.ifft", lambda x: jnp.imag(jnp.fft.ifft(jnp.fft.fft(x) * 1j)), X)
call("jnp.fft.irfft", lambda x: jnp.fft.irfft(jnp.fft.rfft(x) * jnp.fft.rfft(x[::-1])), X)
call("jnp.fft.irfft odd", lambda x: jnp.fft.irfft(jnp.fft.rfft(x[:, :7]), n=7), X)
call("jnp.fft.rfft2", lambda x: jnp.abs(jnp.fft.rfft2(x)), X)
call("jnp.fft.fftshift", lambda x: jnp.fft.fftshift(jnp.angle(jnp.fft.fft(x)[:, 1:3])), X)
