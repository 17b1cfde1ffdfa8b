"""Calls of jax.nn, jax.numpy, jax.lax, jax.random and optax that a model may make: name -> a
function and the arrays that it is called with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

_RNG = np.random.default_rng(11)


class Call(NamedTuple):
    """`function(*arrays)` -> an array, or a tuple of them.

    `tolerance` is that of a float32 evaluation against JAX's own, of the largest element.
    """

    function: Callable[..., Any]
    arrays: tuple[np.ndarray, ...]
    tolerance: float = 2e-5


def _normal(*shape: int) -> np.ndarray:
    return _RNG.standard_normal(shape).astype(np.float32)


def _between(low: float, high: float, *shape: int) -> np.ndarray:
    return _RNG.uniform(low, high, shape).astype(np.float32)


X, Y = _normal(3, 8), _normal(3, 8)
SQUARE, WIDE = _normal(4, 4), _normal(3, 5, 4)
UNIT, POSITIVE = _between(-0.9, 0.9, 3, 8), _between(0.2, 3.0, 3, 8)
SHARE = _between(0.05, 0.95, 3, 8)
INTEGERS = _RNG.integers(-9, 9, (3, 8)).astype(np.int32)
COUNTS = _RNG.integers(0, 8, (3, 8)).astype(np.int32)
BITS = _RNG.integers(0, 2**31, (3, 8)).astype(np.uint32)
FLAGS = _RNG.integers(0, 2, (3, 8)).astype(bool)
LABELS = np.array([0, 3, 7], np.int32)
DISTRIBUTION = (SHARE / SHARE.sum(-1, keepdims=True)).astype(np.float32)
OTHER = (POSITIVE / POSITIVE.sum(-1, keepdims=True)).astype(np.float32)
DEFINITE = (SQUARE @ SQUARE.T + 4 * np.eye(4)).astype(np.float32)
IMAGE = _normal(1, 6, 6, 2)

CALLS: dict[str, Call] = {}


def _each(module: Any, prefix: str, names: str, *arrays: np.ndarray, **options: Any) -> None:
    for name in names.split():
        CALLS[f"{prefix}.{name}"] = Call(getattr(module, name), arrays, **options)


def _call(name: str, function: Callable[..., Any], *arrays: np.ndarray, **options: Any) -> None:
    CALLS[name] = Call(function, arrays, **options)


# --- jax.nn
_each(
    jax.nn,
    "nn",
    "relu relu6 sigmoid softplus sparse_plus sparse_sigmoid soft_sign silu swish log_sigmoid "
    "leaky_relu hard_sigmoid hard_silu hard_swish hard_tanh elu celu selu gelu glu squareplus mish "
    "identity tanh softmax log_softmax logsumexp standardize logmeanexp",
    X,
)
_call("nn.gelu exact", lambda x: jax.nn.gelu(x, approximate=False), X)
_call("nn.one_hot", lambda i: jax.nn.one_hot(i, 8), LABELS)
_call("nn.softmax where", lambda x, w: jax.nn.softmax(x, where=w, axis=0), X, FLAGS)
_call("nn.softmax two axes", lambda x: jax.nn.softmax(x, axis=(0, 1)), X)
_call("nn.logsumexp weights", lambda x, b: jax.nn.logsumexp(x, axis=1, b=b), X, POSITIVE)
_call("nn.log1mexp", jax.nn.log1mexp, POSITIVE)
_call(
    "nn.dot_product_attention",
    lambda q, k: jax.nn.dot_product_attention(q, k, k, is_causal=True),
    _normal(1, 6, 2, 4),
    _normal(1, 6, 2, 4),
)
_call(
    "nn.dot_product_attention grouped, biased, masked",
    lambda q, k, b: jax.nn.dot_product_attention(
        q, k, k, bias=b, local_window_size=3, query_seq_lengths=jnp.array([5])
    ),
    _normal(1, 6, 4, 4),
    _normal(1, 6, 2, 4),
    _normal(1, 4, 6, 6),
)

# --- jax.numpy: element by element
_each(
    jnp,
    "jnp",
    "abs absolute fabs negative positive sign square exp exp2 expm1 sin cos tan sinh cosh tanh "
    "arctan arcsinh cbrt floor ceil trunc rint round sinc isnan isfinite "
    "isinf isposinf isneginf signbit deg2rad rad2deg degrees radians nan_to_num real imag conj "
    "reciprocal frexp modf",
    X,
)
_each(jnp, "jnp", "sqrt log log2 log10 log1p", POSITIVE)
_each(jnp, "jnp", "arcsin arccos arctanh", UNIT)
_call("jnp.arccosh", lambda x: jnp.arccosh(1 + x), POSITIVE)
_each(
    jnp,
    "jnp",
    "add subtract multiply divide true_divide maximum minimum fmax fmin arctan2 hypot copysign "
    "logaddexp logaddexp2 equal not_equal less less_equal greater greater_equal heaviside",
    X,
    Y,
)
_each(jnp, "jnp", "mod remainder fmod floor_divide divmod", X, POSITIVE, tolerance=1e-4)
_each(jnp, "jnp", "power float_power", POSITIVE, X)
_call("jnp.power integer", lambda x: x**5, X)
_call("jnp.power negative", lambda x: x**-2, X, tolerance=1e-4)
_call("jnp.power of a float", lambda x: x**2.5, POSITIVE)
_call("jnp.power of a base", lambda x: 2.0**x, X)
_call("jnp.power integers", lambda a, b: a**b, INTEGERS, COUNTS)
_call("jnp.ldexp", jnp.ldexp, X, INTEGERS)
_call("jnp.clip", lambda x: jnp.clip(x, -0.5, 0.7), X)
_call("jnp.where", lambda f, x, y: jnp.where(f, x, y), FLAGS, X, Y)
_call("jnp.where scalar", lambda f, x: jnp.where(f, x, -jnp.inf).max(-1), FLAGS, X)
_call("jnp.select", lambda x: jnp.select([x < -1, x > 1], [x * 2, x * 3], x), X)
_call("jnp.piecewise", lambda x: jnp.piecewise(x, [x < 0], [lambda a: -a, lambda a: a * a]), X)
_call("jnp.interp", lambda x: jnp.interp(x, jnp.arange(-2.0, 3.0), jnp.arange(5.0) ** 2), X)
_call("jnp.polyval", lambda x: jnp.polyval(jnp.array([1.0, -2.0, 0.5]), x), X)
_call("jnp.vander", lambda x: jnp.vander(x, 4), X[0])
_call("jnp.unwrap", lambda x: jnp.unwrap(3 * x), X, tolerance=1e-4)
_call("jnp.bool", lambda x: (x > 0) & ~(x > 1) | (x < -1), X)
_each(jnp, "jnp", "logical_and logical_or logical_xor", FLAGS, FLAGS[::-1].copy())
_each(jnp, "jnp", "logical_not", FLAGS)
_each(jnp, "jnp", "bitwise_and bitwise_or bitwise_xor", INTEGERS, COUNTS)
_each(jnp, "jnp", "bitwise_not invert bitwise_count", COUNTS)
_each(jnp, "jnp", "left_shift right_shift", INTEGERS, COUNTS)
_each(jnp, "jnp", "gcd lcm", INTEGERS, COUNTS)
_call("jnp integers", lambda a, b: (a + b) * a - b // 3 + a % 5, INTEGERS, COUNTS)
_call("jnp.astype", lambda x: (3 * x).astype(jnp.int32).astype(jnp.float32), X)
_call("jnp.astype bfloat16", lambda x: (x > 0).astype(jnp.bfloat16) * 2, X)

# --- jax.numpy: reductions
_each(
    jnp,
    "jnp",
    "sum prod mean std var max min amax amin ptp median cumsum cumprod argmax argmin nansum "
    "nanmean nanmax nanmin nanprod nancumsum nanargmax count_nonzero average sort argsort "
    "nanstd nanvar nanmedian",
    X,
)
_each(jnp, "jnp", "all any", FLAGS)
for _axis in (0, 1, (0, 1)):
    for _name in ("sum", "mean", "max", "min", "var", "prod"):
        _reduce = getattr(jnp, _name)
        _call(
            f"jnp.{_name} axis {_axis}",
            lambda x, f=_reduce, a=_axis: f(x, axis=a, keepdims=True),
            X,
        )
for _name in ("cumsum", "cumprod", "sort", "argsort", "argmax", "median", "flip"):
    _along = getattr(jnp, _name)
    _call(f"jnp.{_name} axis 0", lambda x, f=_along: f(x, axis=0), X)
_call("jnp.sum where", lambda x, f: jnp.sum(x, axis=1, where=f), X, FLAGS)
_call("jnp.mean where", lambda x, f: jnp.mean(x, where=f), X, FLAGS)
_call("jnp.max where", lambda x, f: jnp.max(x, axis=1, where=f, initial=-9.0), X, FLAGS)
_call("jnp.sum integers", lambda i: jnp.sum(i, axis=0), INTEGERS)
_call("jnp.sum flags", lambda f: jnp.sum(f, axis=0), FLAGS)
_call("jnp.max integers", lambda i: (jnp.max(i, axis=0), jnp.argmax(i)), INTEGERS)
_call("jnp.max flags", lambda f: jnp.max(f, axis=0), FLAGS)
_call("jnp.quantile", lambda x: jnp.quantile(x, 0.3, axis=1), X)
_call("jnp.percentile", lambda x: jnp.percentile(x, jnp.array([10.0, 90.0])), X)
_call("jnp.ediff1d", jnp.ediff1d, X)
_call("jnp.diff", jnp.diff, X)
_call("jnp.gradient", lambda x: tuple(jnp.gradient(x)), X)
_call("jnp.trapezoid", jnp.trapezoid, X)
_call("jnp.cov", jnp.cov, X)
_call("jnp.corrcoef", jnp.corrcoef, X)
_call("jnp.histogram", lambda x: jnp.histogram(x, bins=5, range=(-2.0, 2.0))[0], X)
_call("jnp.digitize", lambda x: jnp.digitize(x, jnp.array([-1.0, 0.0, 1.0])), X)
_call("jnp.searchsorted", lambda x: jnp.searchsorted(jnp.arange(-2.0, 3.0), x), X)
_call("jnp.bincount", lambda i: jnp.bincount(i.ravel(), length=8), COUNTS)
_call("jnp.argpartition", lambda x: jnp.sort(jnp.argpartition(x, 3, axis=1)[:, :3]), X)
_call("jnp.partition", lambda x: jnp.sort(jnp.partition(x, 3, axis=1)[:, :3]), X)
_call("jnp.lexsort", lambda i, x: jnp.lexsort((x[0], i[0])), COUNTS, X)
_call("jnp.cumulative_sum", lambda x: jnp.cumulative_sum(x, axis=1, include_initial=True), X)

# --- jax.numpy: shapes and indices
_each(jnp, "jnp", "ravel transpose flip fliplr flipud rot90 squeeze atleast_3d", X)
_each(jnp, "jnp", "trace diag diagonal tril triu", SQUARE)
_call("jnp.reshape", lambda x: x.reshape(2, -1, 3), X)
_call("jnp.swapaxes", lambda x: jnp.swapaxes(x, 0, 2), WIDE)
_call("jnp.moveaxis", lambda x: jnp.moveaxis(x, 0, -1), WIDE)
_call("jnp.rollaxis", lambda x: jnp.rollaxis(x, 2), WIDE)
_call("jnp.roll", lambda x: jnp.roll(x, 3, axis=1), X)
_call("jnp.roll by data", lambda x, i: jnp.roll(x, i[0], axis=1), X, LABELS)
_call("jnp.concatenate", lambda x, y: jnp.concatenate([x, y[:, :1]], axis=1), X, Y)
_each(jnp, "jnp", "stack vstack hstack dstack column_stack", np.stack([X, Y]))
_call("jnp.split", lambda x: tuple(jnp.split(x, [2, 3], axis=1)), X)
_call("jnp.array_split", lambda x: tuple(jnp.array_split(x, 3, axis=1)), X)
_call("jnp.hsplit", lambda x: tuple(jnp.hsplit(x, 2)), X)
_call("jnp.unstack", lambda x: tuple(jnp.unstack(x)), X)
_call("jnp.tile", lambda x: jnp.tile(x, (2, 1, 2)), X)
_call("jnp.repeat", lambda x: jnp.repeat(x, 2, axis=1), X)
_call("jnp.repeat by counts", lambda x: jnp.repeat(x, np.array([1, 0, 2]), axis=0), X)
_call("jnp.broadcast_to", lambda x: jnp.broadcast_to(x[:, None], (3, 2, 8)), X)
_call("jnp.meshgrid", lambda x: tuple(jnp.meshgrid(x[0], x[1])), X)
_call("jnp.expand_dims", lambda x: jnp.expand_dims(x, (0, 2)), X)
for _mode in ("constant", "edge", "reflect", "symmetric", "wrap", "linear_ramp", "mean"):
    _call(f"jnp.pad {_mode}", lambda x, m=_mode: jnp.pad(x, ((1, 2), (0, 3)), mode=m), X)
_call("jnp.take", lambda x, i: jnp.take(x, i, axis=1), X, LABELS)
_call("jnp.take clip", lambda x, i: jnp.take(x, i + 5, axis=1, mode="clip"), X, LABELS)
_call("jnp.take wrap", lambda x, i: jnp.take(x, i + 5, axis=1, mode="wrap"), X, LABELS)
_call("jnp.take fill", lambda x, i: x.at[:, i + 5].get(mode="fill", fill_value=-3.0), X, LABELS)
_call("jnp.take_along_axis", lambda x, i: jnp.take_along_axis(x, i, axis=1), X, COUNTS)
_call("jnp.put_along_axis", lambda x, i: jnp.put_along_axis(x, i[:, :1], 5.0, 1, inplace=False), X, COUNTS)  # fmt: skip
_call("jnp.nextafter", jnp.nextafter, X, Y)
_call("jnp.compress", lambda x: jnp.compress(np.array([True, False, True]), x, axis=0, size=2), X)
_call("jnp.choose", lambda i, x: jnp.choose(i % 3, list(x), mode="clip"), COUNTS[0], X)
_call("indexing", lambda x: (x[1], x[:, 2:5], x[::-1, ::2], x[..., None, -1], x[1:2, 3]), X)
_call("indexing by data", lambda x, i: (x[0][i], x[:, i], x[i % 3, i]), X, LABELS)
_call("indexing by a row", lambda x, i: x[i[0] % 3], X, LABELS)
_call("at.set", lambda x, i: x.at[:, i].set(1.0), X, LABELS)
_call("at.set slice", lambda x, y: x.at[1, 2:5].set(y[0, :3]), X, Y)
_call("at.add", lambda x, i: x.at[0, i % 3].add(2.0), X, LABELS)
_call("at.subtract", lambda x, i: x.at[0, i].subtract(2.0), X, LABELS)
_call("at.multiply", lambda x, i: x.at[0, i].multiply(2.0), X, LABELS)
_call("at.divide", lambda x, i: x.at[0, i].divide(2.0), X, LABELS)
_call("at.max", lambda x, i: x.at[0, i].max(0.5), X, LABELS)
_call("at.min", lambda x, i: x.at[0, i].min(0.5), X, LABELS)
_call("at.power", lambda x, i: x.at[0, i].power(2), X, LABELS)
_each(jnp, "jnp", "zeros_like ones_like", X)
_call("jnp.full_like", lambda x: jnp.full_like(x, 2.5), X)
_call("jnp.eye", lambda x: jnp.eye(4)[:3] @ jnp.ones((4, 8)) * x, X)
_call("jnp.arange", lambda x: x + jnp.arange(8) * 0.5 + jnp.arange(1.0, 2.0, 0.125), X)
_call("jnp.linspace", lambda x: x * jnp.linspace(0, 1, 8), X)
_call("jnp.logspace", lambda x: x * jnp.logspace(0, 2, 8), X)
_call("jnp.geomspace", lambda x: x * jnp.geomspace(1, 64, 8), X)
_call("jnp.tri", lambda x: x * jnp.tri(3, 8), X)
_call("jnp.hanning", lambda x: x * jnp.hanning(8) * jnp.hamming(8) * jnp.blackman(8), X)
_call("jnp.indices", lambda x: x + jnp.indices((3, 8))[0], X)
_call("jnp.triu_indices", lambda x: x[jnp.triu_indices(3, k=1)], X)
_call("jnp.unravel_index", lambda i: jnp.unravel_index(i, (3, 3)), COUNTS)
_call("jnp.ravel_multi_index", lambda i: jnp.ravel_multi_index((i, i), (8, 8), mode="clip"), COUNTS)
_call("jnp.apply_along_axis", lambda x: jnp.apply_along_axis(jnp.cumsum, 0, x), X)
_call("jnp.vectorize", lambda x: jnp.vectorize(lambda a: a @ a, signature="(n)->()")(x), X)

# --- jax.numpy: products
_call("jnp.dot", lambda x, y: jnp.dot(x, y.T), X, Y)
_call("jnp.matmul", lambda x, y: x @ y.T, X, Y)
_call("jnp.matmul batched", lambda x: x @ x.transpose(0, 2, 1), WIDE)
_call("jnp.matmul integers", lambda a, b: a @ b.T, INTEGERS, COUNTS)
_each(jnp, "jnp", "vdot inner kron", X, Y)
_call("jnp.outer", lambda x, y: jnp.outer(x[0], y[1]), X, Y)
_call("jnp.tensordot", lambda x, y: jnp.tensordot(x, y, 2), X, Y)
_call("jnp.vecdot", lambda x, y: jnp.vecdot(x, y), X, Y)
_call("jnp.cross", lambda x, y: jnp.cross(x[:, :3], y[:, :3]), X, Y)
_call("jnp.convolve", lambda x, y: jnp.convolve(x[0], y[0, :3]), X, Y)
_call("jnp.correlate", lambda x, y: jnp.correlate(x[0], y[0, :3], mode="same"), X, Y)
for _form in ("ij,kj->ik", "ij,ij->i", "ij,ij->", "ij->ji", "ij->j", "ij,kl->ijkl", "ij,kj->k"):
    _arrays = (X,) if "," not in _form else (X, Y)
    _call(f"jnp.einsum {_form}", lambda *a, f=_form: jnp.einsum(f, *a), *_arrays)
_call("jnp.einsum diagonal", lambda a: jnp.einsum("ii->i", a), SQUARE)
_call("jnp.einsum three", lambda a, b: jnp.einsum("abc,cd,de->abe", a, b, b), WIDE, SQUARE)
_each(jnp.linalg, "jnp.linalg", "norm det inv slogdet trace matrix_transpose", DEFINITE, tolerance=1e-3)  # fmt: skip
_call("jnp.linalg.norm axis", lambda x: jnp.linalg.norm(x, axis=1, ord=1), X)
_call("jnp.linalg.cholesky", jnp.linalg.cholesky, DEFINITE)
_call("jnp.linalg.cholesky batched", lambda a: jnp.linalg.cholesky(jnp.stack([a, 2 * a])), DEFINITE)
_call("jnp.linalg.solve", lambda a, b: jnp.linalg.solve(a, b.reshape(4, -1)), DEFINITE, SQUARE, tolerance=1e-4)  # fmt: skip
_call("jnp.linalg.matrix_power", lambda a: jnp.linalg.matrix_power(a, 3), SQUARE)
_call("jnp.linalg.multi_dot", lambda a: jnp.linalg.multi_dot([a, a, a]), SQUARE)
_call("solve_triangular", lambda a, b: jax.scipy.linalg.solve_triangular(a, b, lower=True), DEFINITE, SQUARE)  # fmt: skip
_call("cho_solve", lambda a, b: jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(a), b), DEFINITE, SQUARE)  # fmt: skip

# --- transforms
_call("jnp.fft.rfft", lambda x: jnp.abs(jnp.fft.rfft(x)), X)
_call("jnp.fft.fft", lambda x: jnp.real(jnp.fft.fft(x)), X)
_call("jnp.fft.fft2", lambda x: jnp.real(jnp.fft.fft2(x)), X)
_call("jnp.fft.ifft", lambda x: jnp.imag(jnp.fft.ifft(jnp.fft.fft(x) * 1j)), X)
_call("jnp.fft.irfft", lambda x: jnp.fft.irfft(jnp.fft.rfft(x) * jnp.fft.rfft(x[::-1])), X)
_call("jnp.fft.irfft odd", lambda x: jnp.fft.irfft(jnp.fft.rfft(x[:, :7]), n=7), X)
_call("jnp.fft.rfft2", lambda x: jnp.abs(jnp.fft.rfft2(x)), X)
_call("jnp.fft.fftshift", lambda x: jnp.fft.fftshift(jnp.angle(jnp.fft.fft(x)[:, 1:3])), X)
_call("complex", lambda x, y: jnp.abs((x + 1j * y) ** 2 / (1 + 1j * x) - jnp.exp(1j * y)), X, Y)
_call("complex sqrt", lambda x, y: jnp.real(jnp.sqrt(x + 1j * y) * jnp.conj(x - 2j)), X, Y)
_call("complex product", lambda x, y: jnp.imag((x + 1j * y) @ (y - 1j * x).T), X, Y)

# --- jax.lax
_each(lax, "lax", "rsqrt logistic erf erfc is_finite", POSITIVE)
_each(lax, "lax", "lgamma digamma", POSITIVE, tolerance=1e-4)
_call("lax.erf_inv", lax.erf_inv, UNIT, tolerance=1e-4)
_each(lax, "lax", "population_count clz", BITS)
_each(lax, "lax", "shift_left shift_right_logical shift_right_arithmetic", BITS, COUNTS.astype(np.uint32))  # fmt: skip
_call("lax.integer_pow", lambda x: lax.integer_pow(x, 3), X)
_call("lax.clamp", lambda x: lax.clamp(-0.5, x, 0.5), X)
_call("lax.round", lambda x: lax.round(4 * x, lax.RoundingMethod.AWAY_FROM_ZERO), X)
_call("lax.reduce_precision", lambda x: lax.reduce_precision(x, 8, 23), X)
_call("lax.top_k", lambda x: lax.top_k(x, 3), X)
_call("lax.approx_max_k", lambda x: lax.approx_max_k(x, 3)[0], X)
_call("lax.sort two keys", lambda i, x: lax.sort((i, x), num_keys=2), COUNTS, X)
_call("lax.sort unstable", lambda i, x: lax.sort((i, x), num_keys=1, is_stable=False)[0], COUNTS, X)
_call("lax.cumlogsumexp", lambda x: lax.cumlogsumexp(x, axis=1), X)
_call("lax.cummax", lambda x: lax.cummax(x, axis=1, reverse=True), X)
_call("lax.cummin", lambda x: lax.cummin(x, axis=0), X)
_call("lax.associative_scan", lambda x: lax.associative_scan(jnp.add, x, axis=1), X)
_call("lax.dynamic_slice", lambda x, i: lax.dynamic_slice(x, (i[0], i[2]), (2, 3)), X, LABELS)
_call("lax.dynamic_update_slice", lambda x, y, i: lax.dynamic_update_slice(x, y[:2, :3], (i[1], i[2])), X, Y, LABELS)  # fmt: skip
_call("lax.dynamic_index_in_dim", lambda x, i: lax.dynamic_index_in_dim(x, i[1], 1), X, LABELS)
_call("lax.pad", lambda x: lax.pad(x, 1.5, ((1, -1, 1), (-2, 3, 0))), X)
_call("lax.rev", lambda x: lax.rev(x, (0, 1)), X)
_call("lax.scan", lambda x: lax.scan(lambda c, v: (c * 0.5 + v, c.sum()), jnp.zeros(8), x), X)
_call("lax.scan reverse", lambda x: lax.scan(lambda c, v: (c + v, c), jnp.zeros(8), x, reverse=True), X)  # fmt: skip
_call("lax.scan one step", lambda x: lax.scan(lambda c, v: (c + v, c), jnp.zeros(8), x[:1]), X)
_call("lax.map", lambda x: lax.map(lambda v: v @ v, x), X)
_call("lax.fori_loop", lambda x: lax.fori_loop(0, 4, lambda i, s: s * 0.5 + i, x), X)
_call("lax.while_loop", lambda x: lax.while_loop(lambda s: jnp.sum(s * s) > 0.5, lambda s: s * 0.7, x), X)  # fmt: skip
_call("lax.while_loop counted", lambda x: lax.while_loop(lambda s: s[0] < 3, lambda s: (s[0] + 1, s[1] * 0.5), (0, x))[1], X)  # fmt: skip
_call("lax.cond", lambda x: lax.cond(x[0, 0] > 0, jnp.sin, jnp.cos, x), X)
_call("lax.switch", lambda x, i: lax.switch(i[1], [jnp.sin, jnp.cos, jnp.tanh], x), X, LABELS)
_call("lax.select_n", lambda i, x, y: lax.select_n(i % 3, x, y, x * y), COUNTS, X, Y)
_call("lax.reduce", lambda x: lax.reduce(x, 0.0, lambda a, b: a * 0.5 + b, (1,)), X)
_call("lax.reduce_and", lambda i: lax.reduce_and(i, (1,)), BITS)
_call("lax.reduce_xor", lambda i: lax.reduce_xor(i, (1,)), BITS)
_call("lax.argmax", lambda x: lax.argmax(x, 1, jnp.int32), X)
_call("lax.mul int8", lambda i: lax.dot_general(i.astype(jnp.int8), i.astype(jnp.int8).T, (((1,), (0,)), ((), ())), preferred_element_type=jnp.float32), COUNTS)  # fmt: skip
_call("lax.dot int32", lambda i: lax.dot_general(i.astype(jnp.int8), i.astype(jnp.int8).T, (((1,), (0,)), ((), ())), preferred_element_type=jnp.int32), COUNTS)  # fmt: skip
_call("lax.bitcast", lambda x: lax.bitcast_convert_type(lax.bitcast_convert_type(x, jnp.int32) ^ 1, jnp.float32), X)  # fmt: skip
_call("lax.ragged_dot", lambda x, m: lax.ragged_dot(x, m, jnp.array([1, 2])), X, _normal(2, 8, 4))
_call("lax.ragged_dot by data", lambda x, m, i: lax.ragged_dot(x, m, jnp.array([1, 0]) + i[:2] % 2), X, _normal(2, 8, 4), LABELS)  # fmt: skip
_call("lax.stop_gradient", lambda x: x + lax.stop_gradient(jnp.round(x) - x), X)
_call("checkpoint", jax.checkpoint(lambda x: jnp.sin(x) * 2), X)
_call("vmap of a loop", jax.vmap(lambda v: lax.fori_loop(0, 3, lambda i, s: jnp.sin(s) + v, v)), X)
_call("gradient inside", jax.grad(lambda x: jnp.sum(jnp.tanh(x) * jax.nn.softmax(x))), X)
_call("segment_sum", lambda x, i: jax.ops.segment_sum(x, i % 2, 2), X, LABELS)
_call("segment_max", lambda x, i: jax.ops.segment_max(x, i % 2, 2), X, LABELS)
_call("segment_prod", lambda x, i: jax.ops.segment_prod(x, i % 2, 2), X, LABELS)


def _conv(**options: Any) -> Callable[..., Any]:
    numbers = ("NHWC", "HWIO", "NHWC")
    return lambda x, k: lax.conv_general_dilated(x, k, dimension_numbers=numbers, **options)


_KERNEL = _normal(3, 3, 2, 4)
_call("lax.conv same", _conv(window_strides=(1, 1), padding="SAME"), IMAGE, _KERNEL)
_call("lax.conv strided", _conv(window_strides=(2, 2), padding="VALID"), IMAGE, _KERNEL)
_call("lax.conv dilated", _conv(window_strides=(1, 1), padding=((2, 1), (0, 2)), rhs_dilation=(2, 2)), IMAGE, _KERNEL)  # fmt: skip
_call("lax.conv transposed", _conv(window_strides=(1, 1), padding=((2, 2), (2, 2)), lhs_dilation=(2, 2)), IMAGE, _KERNEL)  # fmt: skip
_call("lax.conv grouped", _conv(window_strides=(1, 1), padding="SAME", feature_group_count=2), IMAGE, _normal(3, 3, 1, 4))  # fmt: skip
_call("lax.conv batch groups", _conv(window_strides=(1, 1), padding="SAME", batch_group_count=2), _normal(2, 6, 6, 2), _KERNEL)  # fmt: skip
_call("lax.conv 1x1", _conv(window_strides=(1, 1), padding="SAME"), IMAGE, _normal(1, 1, 2, 4))
_call("lax.conv NCHW", lambda x, k: lax.conv(x, k, (1, 1), "SAME"), _normal(1, 2, 6, 6), _normal(4, 2, 3, 3))  # fmt: skip
_call("lax.conv 1d", lambda x, k: lax.conv_general_dilated(x, k, (1,), "SAME", dimension_numbers=("NWC", "WIO", "NWC")), _normal(1, 6, 2), _normal(3, 2, 4))  # fmt: skip
_call("lax.conv_transpose", lambda x, k: lax.conv_transpose(x, k, (2, 2), "SAME"), IMAGE, _KERNEL)
_call("lax.reduce_window max", lambda x: lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "SAME"), IMAGE)  # fmt: skip
_call("lax.reduce_window sum", lambda x: lax.reduce_window(x, 0.0, lax.add, (1, 3, 3, 1), (1, 1, 1, 1), "SAME"), IMAGE)  # fmt: skip
_call("lax.conv patches", lambda x: lax.conv_general_dilated_patches(x, (2, 2), (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")), IMAGE)  # fmt: skip
for _kind in ("nearest", "bilinear", "bicubic", "lanczos3"):
    _call(f"image.resize {_kind}", lambda x, k=_kind: jax.image.resize(x, (1, 9, 4, 2), k), IMAGE)

# --- jax.scipy
_each(
    jax.scipy.special,
    "scipy.special",
    "erf erfc expit logit ndtr log_ndtr entr",
    SHARE,
    tolerance=1e-4,
)
_each(jax.scipy.special, "scipy.special", "gammaln digamma gamma", POSITIVE, tolerance=1e-4)
_each(jax.scipy.special, "scipy.special", "xlogy xlog1py rel_entr kl_div", POSITIVE, SHARE)
_call("scipy.special.ndtri", jax.scipy.special.ndtri, SHARE, tolerance=1e-4)
_call("scipy.special.erfinv", jax.scipy.special.erfinv, UNIT, tolerance=1e-4)
_call("scipy.special.betaln", jax.scipy.special.betaln, POSITIVE, SHARE, tolerance=1e-4)
_call("scipy.special.softmax", jax.scipy.special.softmax, X)
_call("scipy.special.logsumexp", jax.scipy.special.logsumexp, X)
_call("scipy.stats.norm.logpdf", jax.scipy.stats.norm.logpdf, X)
_call("scipy.stats.norm.cdf", jax.scipy.stats.norm.cdf, X)
_call("scipy.stats.laplace.logpdf", jax.scipy.stats.laplace.logpdf, X)
_call("scipy.stats.gamma.logpdf", lambda x: jax.scipy.stats.gamma.logpdf(x, 2.0), POSITIVE, tolerance=1e-4)  # fmt: skip
_call("scipy.stats.beta.logpdf", lambda x: jax.scipy.stats.beta.logpdf(x, 2.0, 3.0), SHARE, tolerance=1e-4)  # fmt: skip
_call("scipy.signal.convolve", lambda x, y: jax.scipy.signal.convolve(x, y[:2, :3], "same"), X, Y)
_call("scipy.ndimage.map_coordinates", lambda x, y: jax.scipy.ndimage.map_coordinates(x, [jnp.abs(y), 2 * jnp.abs(y)], order=1), X, Y)  # fmt: skip


# --- jax.random inside a model
def _random(name: str, draw: Callable[[Any], Any], **options: Any) -> None:
    _call(f"random.{name}", lambda x: x + draw(jax.random.key(7)), X, **options)


_random("bits", lambda k: (jax.random.bits(k, (8,)) >> 8).astype(jnp.float32) * 2.0**-24)
_random("uniform", lambda k: jax.random.uniform(k, (3, 8)))
_random("normal", lambda k: jax.random.normal(k, (3, 8)), tolerance=1e-4)
_random("bernoulli", lambda k: jax.random.bernoulli(k, 0.3, (3, 8)))
_random("randint", lambda k: jax.random.randint(k, (3, 8), 0, 10))
_random("split", lambda k: jax.random.uniform(jax.random.split(k, 3)[1], (8,)))
_random("split vmapped", lambda k: jax.vmap(lambda q: jax.random.uniform(q, (8,)))(jax.random.split(k, 3)))  # fmt: skip
_random("fold_in", lambda k: jax.random.uniform(jax.random.fold_in(k, 5), (8,)))
_random("PRNGKey", lambda k: jax.random.uniform(jax.random.PRNGKey(3), (8,)))
_random("gumbel", lambda k: jax.random.gumbel(k, (3, 8)), tolerance=1e-4)
_random("categorical", lambda k: jax.random.categorical(k, jnp.zeros((3, 8))).astype(jnp.float32)[:, None])  # fmt: skip
_random("exponential", lambda k: jax.random.exponential(k, (8,)), tolerance=1e-4)
_random("laplace", lambda k: jax.random.laplace(k, (8,)), tolerance=1e-4)
_random("logistic", lambda k: jax.random.logistic(k, (8,)), tolerance=1e-4)
_random("truncated_normal", lambda k: jax.random.truncated_normal(k, -1.0, 1.0, (8,)), tolerance=1e-4)  # fmt: skip
_random("rademacher", lambda k: jax.random.rademacher(k, (8,)))
_random("permutation", lambda k: jax.random.permutation(k, 8))
_random("choice", lambda k: jax.random.choice(k, 5, (8,)))
_call("random by data", lambda i: jax.random.uniform(jax.random.key(i[0]), (8,)), LABELS)

# --- optax
_each(optax, "optax", "squared_error l2_loss huber_loss log_cosh sigmoid_binary_cross_entropy", X, DISTRIBUTION)  # fmt: skip
_each(optax, "optax", "softmax_cross_entropy safe_softmax_cross_entropy", X, DISTRIBUTION)
_each(optax, "optax", "cosine_similarity cosine_distance", X, Y)
_each(optax.losses, "optax", "hinge_loss perceptron_loss", X, np.sign(Y))
_call("optax.softmax_cross_entropy_with_integer_labels", optax.softmax_cross_entropy_with_integer_labels, X, LABELS)  # fmt: skip
_call("optax.multiclass_hinge_loss", optax.losses.multiclass_hinge_loss, X, LABELS)
_call("optax.poly_loss_cross_entropy", optax.losses.poly_loss_cross_entropy, X, DISTRIBUTION)
_call(
    "optax.kl_divergence",
    lambda x, y: optax.losses.kl_divergence(jnp.log(x), y),
    DISTRIBUTION,
    OTHER,
)
_call("optax.convex_kl_divergence", lambda x, y: optax.losses.convex_kl_divergence(jnp.log(x), y), DISTRIBUTION, OTHER)  # fmt: skip
_call("optax.smooth_labels", lambda y: optax.losses.smooth_labels(y, 0.1), DISTRIBUTION)
_call("optax.sigmoid_focal_loss", optax.losses.sigmoid_focal_loss, X, DISTRIBUTION)
_call("optax.dice_loss", optax.losses.dice_loss, X, DISTRIBUTION)
_call("optax.ntxent", lambda x, i: optax.losses.ntxent(x, i % 2), X, LABELS)
_call(
    "optax.triplet_margin_loss", lambda x, y: optax.losses.triplet_margin_loss(x, y, x[::-1]), X, Y
)
_call("optax.ctc_loss", lambda x: optax.losses.ctc_loss(jnp.stack([x, -x]), jnp.zeros((2, 3)), jnp.array([[1, 2], [3, 1]]), jnp.zeros((2, 2))), X)  # fmt: skip
_call("optax.ranking_softmax_loss", lambda x, y: optax.losses.ranking_softmax_loss(x, y), X, POSITIVE)  # fmt: skip
