"""What transformations make of loops, windows, sorts and draws: vmap, derivatives, named axes."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax

from library.table import COUNTS, FLAGS, IMAGE, LABELS, SQUARE, X, Y, call, normal


def _shrink(v: Any) -> Any:
    return lax.while_loop(lambda s: jnp.sum(s * s) > 0.5, lambda s: s * 0.7, v)


def _counted(v: Any) -> Any:
    """A state of three parts, one of them a random key."""

    def once(s: Any) -> Any:
        key, used = jax.random.split(s[1])
        return s[0] + 1, key, s[2] - jax.random.uniform(used)

    start = (0, jax.random.key(5), jnp.sum(v * v))
    return lax.while_loop(lambda s: s[2] > 0, once, start)[0]


# loops whose length is each row's own
call("vmap while", jax.vmap(_shrink), X)
call("vmap while twice", jax.vmap(jax.vmap(_shrink)), normal(2, 3, 4))
call(
    "vmap while, constants",
    lambda x, y: jax.vmap(
        lambda v, w: lax.while_loop(
            lambda s: jnp.sum(s * s) > jnp.sum(w * w) / 9, lambda s: s * 0.7 - w / 99, v
        )
    )(x, y),
    X,
    Y,
)
call("vmap while, a key", jax.vmap(_counted), X)
call(
    "vmap while, complex",
    jax.vmap(
        lambda v: jnp.abs(
            lax.while_loop(lambda z: jnp.abs(z).sum() < 60, lambda z: z * (1 + 0.5j), v + 0j)
        )
    ),
    X,
)
call(
    "vmap while in a scan",
    lambda x: lax.scan(lambda s, v: (s, jax.vmap(_shrink)(v + s)), jnp.ones(4), x.reshape(3, 2, 4))[
        1
    ],
    X,
)
call(
    "vmap fori by data",
    jax.vmap(lambda n, v: lax.fori_loop(0, n, lambda i, s: s * 0.5 + i, v)),
    LABELS,
    X,
)
call("vmap cond", jax.vmap(lambda v: lax.cond(v[0] > 0, jnp.sin, jnp.exp, v)), X)
call(
    "vmap switch",
    jax.vmap(lambda i, v: lax.switch(i % 3, [jnp.sin, jnp.cos, jnp.tanh], v)),
    LABELS,
    X,
)
call("vmap scan", jax.vmap(lambda v: lax.scan(lambda s, w: (s * 0.5 + w, s), 0.0, v)[1]), X)
call("vmap scatter", jax.vmap(lambda v, i: v.at[i].add(1.0)), X, COUNTS)
call("vmap sort", jax.vmap(lambda v: lax.sort_key_val(v, jnp.arange(8))[1]), X)
call(
    "while over two parts",
    lambda x: lax.while_loop(
        lambda s: (s[0] < 9) & (jnp.sum(s[1] ** 2) > 0.1), lambda s: (s[0] + 2, s[1] * 0.7), (0, x)
    )[1],
    X,
)


# axes with a name
def _named(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return jax.vmap(function, axis_name="rows")


call("vmap pmean", _named(lambda v: v - lax.pmean(v, "rows")), X)
call("vmap psum of two", _named(lambda v: sum(lax.psum((v, 2 * v), "rows")) + 0 * v), X)
call("vmap pmax", _named(lambda v: (v - lax.pmax(v, "rows"), v - lax.pmin(v, "rows"))), X)
call("vmap axis_index", _named(lambda v: v + lax.axis_index("rows")), X)
call("vmap all_gather", _named(lambda v: lax.all_gather(v, "rows").sum(0)), X)


# windows
def _window(function: Callable[..., Any], start: float, **options: Any) -> Callable[..., Any]:
    return lambda x: lax.reduce_window(x, start, function, (2, 3), (1, 2), "SAME", **options)


call("lax.reduce_window mul", _window(lax.mul, 1.0), X)
call("lax.reduce_window logaddexp", _window(jnp.logaddexp, -jnp.inf), X)
call("lax.reduce_window by hand", _window(lambda a, b: a + b + a * b, 0.0), X)
call(
    "lax.reduce_window dilated",
    _window(lax.mul, 1.0, base_dilation=(2, 1), window_dilation=(1, 2)),
    X,
)
call(
    "lax.reduce_window pairs",
    lambda x: lax.reduce_window(
        (x, x * x), (0.0, 1.0), lambda a, b: (a[0] + b[0], a[1] * b[1]), (1, 3), (1, 1), "VALID"
    ),
    X,
)
for _padding in ("VALID", "SAME"):
    call(
        f"gradient of max_pool {_padding}",
        jax.grad(lambda x, p=_padding: jnp.sum(nn.max_pool(x, (3, 3), (2, 2), p) ** 2)),
        IMAGE,
    )
call(
    "gradient of max_pool, ties",
    jax.grad(lambda x: jnp.sum(nn.max_pool(jnp.round(x), (3, 3), (1, 1)) * jnp.arange(2.0))),
    IMAGE,
)
call(
    "tangent of max_pool",
    lambda x: jax.jvp(lambda v: nn.max_pool(v, (2, 2), (1, 1), "SAME"), (x,), (x * x,))[1],
    IMAGE,
)
call(
    "gradient of avg_pool", jax.grad(lambda x: jnp.sum(nn.avg_pool(x, (2, 2), (2, 2)) ** 2)), IMAGE
)

# derivatives inside a model
for _name, _inner in {
    "scan": lambda x: lax.scan(lambda s, v: (jnp.tanh(s + v), s.sum()), jnp.zeros(8), x)[1].sum(),
    "cumsum": lambda x: jnp.sum(jnp.cumsum(x, 1) ** 2),
    "cumprod": lambda x: jnp.sum(jnp.cumprod(x, 1) ** 2),
    "cummax": lambda x: jnp.sum(lax.cummax(x, 1) ** 2),
    "cumlogsumexp": lambda x: jnp.sum(lax.cumlogsumexp(x, 1)),
    "sort": lambda x: jnp.sum(jnp.sort(x) * jnp.arange(8.0)),
    "maxima": lambda x: jnp.sum(x.max(1) ** 2),
    "prod": lambda x: jnp.sum(x.prod(1)),
    "indexing": lambda x: jnp.sum(x[:, jnp.array([1, 1, 2])] ** 2),
    "norm": jnp.linalg.norm,
    "rfft": lambda x: jnp.sum(jnp.abs(jnp.fft.rfft(x)) ** 2),
    "a complex exponential": lambda x: jnp.sum(jnp.abs(jnp.exp(x + 1j * x))),
}.items():
    call(f"gradient of {_name}", jax.grad(_inner), X, tolerance=1e-4)
call("jvp", lambda x: jax.jvp(jnp.tanh, (x,), (x,))[1], X)
call("vjp", lambda x: jax.vjp(jnp.tanh, x)[1](x)[0], X)
call("hessian", lambda x: jax.hessian(lambda v: jnp.sum(jnp.tanh(v) ** 2))(x[0]), X)
call("jacfwd", lambda x: jax.jacfwd(lambda v: jnp.tanh(v) * v.sum())(x[0]), X)
call(
    "gradient of a convolution",
    jax.grad(lambda k, x: jnp.sum(lax.conv(x, k, (1, 1), "SAME") ** 2)),
    normal(4, 2, 3, 3),
    normal(1, 2, 6, 6),
    tolerance=1e-4,
)
call(
    "gradient of attention",
    jax.grad(lambda q: jnp.sum(jax.nn.dot_product_attention(q, q, q, is_causal=True) ** 2)),
    normal(1, 6, 2, 4),
)
call(
    "custom_root",
    lambda x: lax.custom_root(
        lambda y: y**3 - x.sum() ** 2 - 1,
        jnp.ones(()),
        lambda f, y: lax.fori_loop(0, 20, lambda i, y: y - f(y) / (3 * y * y + 1e-6), y),
        lambda g, y: y / g(1.0),
    ),
    X,
    tolerance=1e-4,
)
call(
    "custom_linear_solve",
    lambda a: lax.custom_linear_solve(
        lambda v: a @ v + 4 * v,
        jnp.ones(4),
        lambda mv, b: jnp.linalg.solve(a + 4 * jnp.eye(4), b),
        symmetric=True,
    ),
    SQUARE,
    tolerance=1e-3,
)

# words of other widths, sizes known beforehand
call("view bytes", lambda x: x.view(jnp.uint8), X)
call("view halves", lambda i: lax.bitcast_convert_type(i, jnp.int16), COUNTS)
call(
    "view words",
    lambda i: lax.bitcast_convert_type(i.reshape(3, 2, 4).astype(jnp.uint8), jnp.int32),
    COUNTS,
)
call("lax.approx_min_k", lambda x: lax.approx_min_k(x, 3), X)
call(
    "jnp.unique",
    lambda i: jnp.unique(i, size=8, fill_value=-1, return_inverse=True, return_counts=True),
    COUNTS,
)
call("jnp.nonzero", lambda f: jnp.nonzero(f, size=10, fill_value=0), FLAGS)
call("jnp.searchsorted", lambda x: jnp.searchsorted(jnp.sort(x[0]), x[1], side="right"), X)
call("jnp.bincount", lambda i, x: jnp.bincount(i[0], weights=x[0], length=8), COUNTS, X)
call("jnp.isin", lambda i, j: jnp.isin(i, j), COUNTS, LABELS)
call(
    "jnp.histogram2d",
    lambda x: jnp.histogram2d(x[0], x[1], bins=4, range=((-2.0, 2.0), (-2.0, 2.0)))[0],
    X,
)
