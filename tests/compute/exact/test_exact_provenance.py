"""No way of moving, joining or hiding what positions know lets a later one be felt by an earlier.

Every attack below is causal in real numbers whatever the parameters are, and shares a grid between
positions if provenance is followed carelessly.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from compute.exact import exact

LENGTH, WIDTH = 6, 4
TOKENS = np.arange(LENGTH, dtype=np.int32)
LAYOUT = ("NHC", "HIO", "NHC")

Attack = Callable[[Array, Array], Array]
ATTACKS: dict[str, Attack] = {}


def attack(function: Attack) -> Attack:
    ATTACKS[function.__name__] = function
    return function


def lower() -> Array:
    return jnp.tril(jnp.ones((LENGTH, LENGTH)))


def mix(flat: Array) -> Array:
    """Prefix sums of what should be [LENGTH, WIDTH], by a product with a constant."""
    return jnp.einsum("ts,sd->td", lower(), flat.reshape(LENGTH, WIDTH))


def pieces(x: Array) -> list[Array]:
    return [x[t] for t in range(LENGTH)]


def with_next(x: Array) -> Array:
    """Features of the next position beside one's own, which alone are read in the end."""
    return jnp.concatenate([x, jnp.concatenate([x[1:], jnp.zeros((1, WIDTH))])], -1)


def place(t: int) -> np.ndarray:
    mask = np.zeros(LENGTH * WIDTH, np.float32)
    mask[t * WIDTH : (t + 1) * WIDTH] = 1
    return mask


@attack
def concatenated(p, x):
    return mix(jnp.concatenate(pieces(x)))


@attack
def concatenated_backwards(p, x):
    return mix(jnp.concatenate(pieces(x))[::-1][::-1])


@attack
def concatenated_as_columns(p, x):
    return mix(jnp.concatenate([v[:, None] for v in pieces(x)], 1).T)


@attack
def stacked_apart(p, x):
    return mix(jnp.concatenate(jnp.unstack(x)))


@attack
def padded_and_added(p, x):
    after = (LENGTH - 1) * WIDTH
    return mix(sum(jnp.pad(v, (t * WIDTH, after - t * WIDTH)) for t, v in enumerate(pieces(x))))


@attack
def chosen_by_a_constant(p, x):
    owner, y = np.repeat(np.arange(LENGTH), WIDTH), jnp.zeros(LENGTH * WIDTH)
    for t, v in enumerate(pieces(x)):
        y = jnp.where(owner == t, jnp.tile(v, LENGTH), y)
    return mix(y)


@attack
def multiplied_by_a_constant(p, x):
    return mix(sum(jnp.tile(v, LENGTH) * place(t) for t, v in enumerate(pieces(x))))


@attack
def placed_by_an_outer_product(p, x):
    return mix(sum(np.eye(LENGTH, dtype=np.float32)[t][:, None] * x[t] for t in range(LENGTH)))


@attack
def placed_by_a_product(p, x):
    places = [np.diag(place(t))[t * WIDTH : (t + 1) * WIDTH] for t in range(LENGTH)]
    return mix(sum(v @ e for v, e in zip(pieces(x), places, strict=True)))


@attack
def hidden_by_infinity(p, x):
    hide = [jnp.where(place(t) > 0, 0, -jnp.inf) for t in range(LENGTH)]
    terms = zip(pieces(x), hide, strict=True)
    return mix(sum(jnp.exp(jnp.tile(jnp.tanh(v), LENGTH) + h) for v, h in terms))


@attack
def hidden_by_a_maximum(p, x):
    hide = [np.where(place(t) > 0, 3e38, -3e38).astype(np.float32) for t in range(LENGTH)]
    terms = zip(pieces(x), hide, strict=True)
    return mix(sum(jnp.maximum(jnp.minimum(jnp.tile(v, LENGTH), h), -9.0) for v, h in terms))


@attack
def gathered(p, x):
    return mix(jnp.concatenate(pieces(x))[np.arange(LENGTH * WIDTH)])


@attack
def sliced_dynamically(p, x):
    flat = jnp.concatenate([lax.dynamic_slice(x, (t, 0), (1, WIDTH))[0] for t in range(LENGTH)])
    return mix(jnp.stack([lax.dynamic_slice(flat, (t * WIDTH,), (WIDTH,)) for t in range(LENGTH)]))


@attack
def sorted_by_a_constant(p, x):
    keys = jnp.arange(LENGTH * WIDTH)
    return mix(lax.sort((keys, jnp.concatenate(pieces(x))), num_keys=1)[1])


@attack
def scattered(p, x):
    y = jnp.zeros((LENGTH, WIDTH))
    for t in range(LENGTH):
        y = y.at[t].set(x[t].sum() * jnp.ones(WIDTH))
    return mix(y)


@attack
def summed_along_features(p, x):
    return jnp.cumsum(jnp.concatenate(pieces(x))).reshape(LENGTH, WIDTH)


@attack
def chosen_by_branches(p, x):
    branches = [lambda v=v: v for v in pieces(x)]
    return mix(lax.scan(lambda c, i: (c, lax.switch(i, branches)), 0.0, jnp.arange(LENGTH))[1])


@attack
def carried_and_shifted(p, x):
    start = jnp.zeros(LENGTH * WIDTH)
    return mix(lax.scan(lambda c, v: (jnp.concatenate([c[WIDTH:], v]), 0), start, x)[0])


@attack
def carried_and_placed(p, x):
    def step(y, i):
        return y + (jnp.arange(LENGTH) == i)[:, None] * x[i], 0

    return mix(lax.scan(step, jnp.zeros((LENGTH, WIDTH)), jnp.arange(LENGTH))[0])


@attack
def written_in_a_loop(p, x):
    def step(state):
        i, y = state
        return i + 1, lax.dynamic_update_slice(y, x[i], (i * WIDTH,))

    start = (0, jnp.zeros(LENGTH * WIDTH))
    return mix(lax.while_loop(lambda s: s[0] < LENGTH, step, start)[1])


@attack
def beside_the_next_and_weighed(p, x):
    return jnp.einsum("ts,sd->td", lower(), with_next(x))[:, :WIDTH]


@attack
def beside_the_next_and_summed(p, x):
    return jnp.cumsum(with_next(x), -1)[:, :WIDTH]


@attack
def beside_the_next_and_blocked(p, x):
    return with_next(x) @ jnp.concatenate([p, jnp.zeros((WIDTH, WIDTH))])


@attack
def beside_the_next_and_masked(p, x):
    mask = np.repeat([1, 0], WIDTH).astype(np.float32)
    return with_next(x) @ (jnp.tile(p, (2, 1)) * mask[:, None])


@attack
def beside_the_next_and_set(p, x):
    return with_next(x) @ jnp.zeros((2 * WIDTH, WIDTH)).at[:WIDTH].set(p)


@attack
def mixed_twice(p, x):
    """As a gMLP does: the positions of the first product come from the matrix."""
    matrix = jnp.where(lower() > 0, jnp.tile(p, (2, 2))[:LENGTH, :LENGTH], 0.0)
    return matrix @ jnp.tanh(lower() @ jnp.tanh(x @ p)) + lower() @ (lower() @ x)


@attack
def a_kernel_of_positions(p, x):
    windows = lower()[:, :, None]
    return lax.conv_general_dilated(windows, x[:, None], (1,), [(0, 0)], dimension_numbers=LAYOUT)[
        :, 0
    ]


@attack
def channels_of_positions(p, x):
    columns = jnp.concatenate([v[:, None] for v in pieces(x)], -1)
    alone = lax.conv_general_dilated(
        columns[None], jnp.ones((1, 1, LENGTH)), (1,), [(0, 0)],
        dimension_numbers=LAYOUT, feature_group_count=LENGTH,
    )  # fmt: skip
    return mix(alone[0].T)


@attack
def spread_by_a_convolution(p, x):
    """A piece put at its place by padding or by a constant kernel."""
    kernel = jnp.ones((1, 1, 1))
    after = (LENGTH - 1) * WIDTH
    return mix(
        sum(
            lax.conv_general_dilated(
                v[None, :, None], kernel, (1,), [(t * WIDTH, after - t * WIDTH)],
                dimension_numbers=LAYOUT,
            ).reshape(-1)
            for t, v in enumerate(pieces(x))
        )
    )  # fmt: skip


@attack
def spread_by_a_window(p, x):
    after = (LENGTH - 1) * WIDTH
    return mix(
        sum(
            lax.reduce_window(v, 0.0, lax.add, (1,), (1,), [(t * WIDTH, after - t * WIDTH)])
            for t, v in enumerate(pieces(x))
        )
    )


def check(functions: dict[str, Attack]) -> None:
    """Futures 2^11 times as large change nothing before them, in any of these."""
    r = np.random.default_rng(0)
    table = r.standard_normal((2 * LENGTH, WIDTH)).astype(np.float32)
    table[LENGTH:] *= 2.0**11
    weights = r.standard_normal((WIDTH, WIDTH)).astype(np.float32)
    futures = [TOKENS + LENGTH * (k <= TOKENS) for k in range(1, LENGTH)]

    def model(params, tokens):
        x = params["table"][tokens]
        return {name: f(params["weights"], x) for name, f in functions.items()}

    run = jax.jit(jax.vmap(exact(model), in_axes=(None, 0)))
    found = run({"table": table, "weights": weights}, np.stack([TOKENS, *futures]))
    for name, y in found.items():
        y = np.asarray(y)
        assert np.isfinite(y).all(), name
        felt = [k for k in range(1, LENGTH) if (y[k, :k] != y[0, :k]).any()]
        assert not felt, f"{name}: positions before {felt} feel those after"
        assert (y[1:] != y[:1]).any(), name


def test_a_later_position_is_never_felt():
    check(ATTACKS)


def norm(x: Array) -> Array:
    return x / jnp.sqrt(jnp.mean(x * x, -1, keepdims=True) + 1e-3)


def attention(p, x):
    scores = jnp.where(lower() > 0, (x @ p) @ x.T, -jnp.inf)
    return jax.nn.softmax(scores) @ x


def recurrence(p, x):
    def step(h, v):
        h = jnp.tanh(jnp.concatenate([h, v]) @ jnp.concatenate([p, p.T]))
        return h, h

    return lax.scan(step, jnp.zeros(WIDTH), x)[1]


def convolution(p, x):
    padded = jnp.pad(x, ((2, 0), (0, 0)))[None]
    kernel = jnp.stack([p, p.T, p])
    return lax.conv_general_dilated(padded, kernel, (1,), "VALID", dimension_numbers=LAYOUT)[0]


def in_heads(p, x):
    heads = jnp.einsum("thd,ts->shd", x.reshape(LENGTH, 2, -1), lower().T)
    return jnp.swapaxes(heads, 1, 2).reshape(LENGTH, WIDTH)


BLOCKS: list[Attack] = [
    attention,
    recurrence,
    convolution,
    in_heads,
    lambda p, x: jnp.tanh(x @ p),
    lambda p, x: jnp.cumsum(x @ p, 0),
    lambda p, x: lower() @ (x @ p),
    lambda p, x: jnp.cumsum(jnp.sort(x, -1), -1),
    lambda p, x: x[np.maximum(np.arange(LENGTH) - 1, 0)] @ p,
    lambda p, x: lax.associative_scan(lambda a, b: 0.5 * a + b, x),
    lambda p, x: jnp.concatenate(pieces(x)).reshape(LENGTH, WIDTH)[::-1][::-1],
    lambda p, x: with_next(x)[:, :WIDTH],
    lambda p, x: lax.top_k(x, WIDTH)[0] * jax.nn.sigmoid(x @ p),
    *ATTACKS.values(),
]


def architecture(seed: int) -> Attack:
    """A random causal stack of blocks, with and without residuals and norms."""
    r = np.random.default_rng(seed)
    chosen = [BLOCKS[i] for i in r.integers(0, len(BLOCKS), 4)]
    residual = r.integers(0, 2, 4)

    def run(p, x):
        for block, keep in zip(chosen, residual, strict=True):
            y = norm(block(p, x))
            x = x + y if keep else y
        return x

    return run


def test_random_causal_architectures_are_causal_to_the_last_bit():
    check({f"architecture {seed}": architecture(seed) for seed in range(4)})
