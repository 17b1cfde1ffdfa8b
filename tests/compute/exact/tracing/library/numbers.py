"""Calls of jax.numpy: element by element, reductions."""

import jax.numpy as jnp

from library.table import COUNTS, FLAGS, INTEGERS, POSITIVE, UNIT, X, Y, call, each

# jax.numpy: element by element
each(
    jnp,
    "jnp",
    "abs absolute fabs negative positive sign square exp exp2 expm1 sin cos tan sinh cosh tanh "
    "arctan arcsinh cbrt floor ceil trunc rint round sinc isnan isfinite "
    "isinf isposinf isneginf signbit deg2rad rad2deg degrees radians nan_to_num real imag conj "
    "reciprocal frexp modf",
    X,
)
each(jnp, "jnp", "sqrt log log2 log10 log1p", POSITIVE)
each(jnp, "jnp", "arcsin arccos arctanh", UNIT)
call("jnp.arccosh", lambda x: jnp.arccosh(1 + x), POSITIVE)
each(
    jnp,
    "jnp",
    "add subtract multiply divide true_divide maximum minimum fmax fmin arctan2 hypot copysign "
    "logaddexp logaddexp2 equal not_equal less less_equal greater greater_equal heaviside",
    X,
    Y,
)
each(jnp, "jnp", "mod remainder fmod floor_divide divmod", X, POSITIVE, tolerance=1e-4)
each(jnp, "jnp", "power float_power", POSITIVE, X)
call("jnp.power integer", lambda x: x**5, X)
call("jnp.power negative", lambda x: x**-2, X, tolerance=1e-4)
call("jnp.power of a float", lambda x: x**2.5, POSITIVE)
call("jnp.power of a base", lambda x: 2.0**x, X)
call("jnp.power integers", lambda a, b: a**b, INTEGERS, COUNTS)
call("jnp.ldexp", jnp.ldexp, X, INTEGERS)
call("jnp.clip", lambda x: jnp.clip(x, -0.5, 0.7), X)
call("jnp.where", lambda f, x, y: jnp.where(f, x, y), FLAGS, X, Y)
call("jnp.where scalar", lambda f, x: jnp.where(f, x, -jnp.inf).max(-1), FLAGS, X)
call("jnp.select", lambda x: jnp.select([x < -1, x > 1], [x * 2, x * 3], x), X)
call("jnp.piecewise", lambda x: jnp.piecewise(x, [x < 0], [lambda a: -a, lambda a: a * a]), X)
call("jnp.interp", lambda x: jnp.interp(x, jnp.arange(-2.0, 3.0), jnp.arange(5.0) ** 2), X)
call("jnp.polyval", lambda x: jnp.polyval(jnp.array([1.0, -2.0, 0.5]), x), X)
call("jnp.vander", lambda x: jnp.vander(x, 4), X[0])
call("jnp.unwrap", lambda x: jnp.unwrap(3 * x), X, tolerance=1e-4)
call("jnp.bool", lambda x: (x > 0) & ~(x > 1) | (x < -1), X)
each(jnp, "jnp", "logical_and logical_or logical_xor", FLAGS, FLAGS[::-1].copy())
each(jnp, "jnp", "logical_not", FLAGS)
each(jnp, "jnp", "bitwise_and bitwise_or bitwise_xor", INTEGERS, COUNTS)
each(jnp, "jnp", "bitwise_not invert bitwise_count", COUNTS)
each(jnp, "jnp", "left_shift right_shift", INTEGERS, COUNTS)
each(jnp, "jnp", "gcd lcm", INTEGERS, COUNTS)
call("jnp integers", lambda a, b: (a + b) * a - b // 3 + a % 5, INTEGERS, COUNTS)
call("jnp.astype", lambda x: (3 * x).astype(jnp.int32).astype(jnp.float32), X)
call("jnp.astype bfloat16", lambda x: (x > 0).astype(jnp.bfloat16) * 2, X)

# jax.numpy: reductions
each(
    jnp,
    "jnp",
    "sum prod mean std var max min amax amin ptp median cumsum cumprod argmax argmin nansum "
    "nanmean nanmax nanmin nanprod nancumsum nanargmax count_nonzero average sort argsort "
    "nanstd nanvar nanmedian",
    X,
)
each(jnp, "jnp", "all any", FLAGS)
for _axis in (0, 1, (0, 1)):
    for _name in ("sum", "mean", "max", "min", "var", "prod"):
        _reduce = getattr(jnp, _name)
        call(
            f"jnp.{_name} axis {_axis}",
            lambda x, f=_reduce, a=_axis: f(x, axis=a, keepdims=True),
            X,
        )
for _name in ("cumsum", "cumprod", "sort", "argsort", "argmax", "median", "flip"):
    _along = getattr(jnp, _name)
    call(f"jnp.{_name} axis 0", lambda x, f=_along: f(x, axis=0), X)
call("jnp.sum where", lambda x, f: jnp.sum(x, axis=1, where=f), X, FLAGS)
call("jnp.mean where", lambda x, f: jnp.mean(x, where=f), X, FLAGS)
call("jnp.max where", lambda x, f: jnp.max(x, axis=1, where=f, initial=-9.0), X, FLAGS)
call("jnp.sum integers", lambda i: jnp.sum(i, axis=0), INTEGERS)
call("jnp.sum flags", lambda f: jnp.sum(f, axis=0), FLAGS)
call("jnp.max integers", lambda i: (jnp.max(i, axis=0), jnp.argmax(i)), INTEGERS)
call("jnp.max flags", lambda f: jnp.max(f, axis=0), FLAGS)
call("jnp.quantile", lambda x: jnp.quantile(x, 0.3, axis=1), X)
call("jnp.percentile", lambda x: jnp.percentile(x, jnp.array([10.0, 90.0])), X)
call("jnp.ediff1d", jnp.ediff1d, X)
call("jnp.diff", jnp.diff, X)
call("jnp.gradient", lambda x: tuple(jnp.gradient(x)), X)
call("jnp.trapezoid", jnp.trapezoid, X)
call("jnp.cov", jnp.cov, X)
call("jnp.corrcoef", jnp.corrcoef, X)
call("jnp.histogram", lambda x: jnp.histogram(x, bins=5, range=(-2.0, 2.0))[0], X)
call("jnp.digitize", lambda x: jnp.digitize(x, jnp.array([-1.0, 0.0, 1.0])), X)
call("jnp.searchsorted", lambda x: jnp.searchsorted(jnp.arange(-2.0, 3.0), x), X)
call("jnp.bincount", lambda i: jnp.bincount(i.ravel(), length=8), COUNTS)
call("jnp.argpartition", lambda x: jnp.sort(jnp.argpartition(x, 3, axis=1)[:, :3]), X)
call("jnp.partition", lambda x: jnp.sort(jnp.partition(x, 3, axis=1)[:, :3]), X)
call("jnp.lexsort", lambda i, x: jnp.lexsort((x[0], i[0])), COUNTS, X)
call("jnp.cumulative_sum", lambda x: jnp.cumulative_sum(x, axis=1, include_initial=True), X)
