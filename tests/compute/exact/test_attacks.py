"""Attacks of a trainer who wants a lower number than the model deserves, and what they win."""

import functools
import os

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax

from compute.exact import CARRIERS, evaluate, exact
from compute.exact.losses import LOSSES
from compute.exact.tracing import trace, trace_example
from compute.oracle.array import to_bytes
from compute.oracle.run import run
from tests.support.random_checks import felt_futures
from tests.support.random_programs import Case

NAT = 2.0**32
LENGTH, WIDTH = 6, 4


@functools.cache
def compiled(loss):
    return jax.jit(lambda z, y: LOSSES[loss](z, y, CARRIERS["float64"]))


def cost(loss, z, y):
    with jax.enable_x64(True):
        found, saturated = compiled(loss)(np.float32(z), np.int32(y))
    assert not saturated
    return int(found)


@settings(max_examples=150, derandomize=True)
@given(
    st.lists(
        st.one_of(
            st.floats(-40, 40, width=32), st.sampled_from([0.0, 22.18, 27.7, 31.99, 32.0, 2.0**-25])
        ),
        min_size=5,
        max_size=5,
    )
)
def test_no_logits_hide_a_cost(z):
    """The integer is never more than 2^-26 nats away from the cost in float64: no choice of logits,
    at the cut of the exponential or anywhere else, is worth more."""
    wide = np.float64(np.float32(z))
    true = np.log(np.exp(wide - wide.max()).sum()) + wide.max() - wide[0]
    assert abs(cost("cross_entropy", z, 0) / NAT - true) <= 2.0**-26


@pytest.mark.parametrize("gap", [18.0, 20.0, 22.0, 24.0, 30.0, 1e4])
def test_a_sure_model_pays_for_its_last_doubt(gap):
    """Logits so far apart that the cost is a few units or less: eight are the most to win."""
    true = np.log1p(np.exp(-gap)) * NAT
    assert abs(cost("cross_entropy", [gap, 0.0], 0) - true) <= 8
    assert abs(cost("binary_cross_entropy", [gap], [1]) - true) <= 8


def logits(p, x):
    return jnp.tanh(x @ p["a"]) @ p["b"]


def test_mining_the_rounding_noise_wins_less_than_a_millionth():
    """Among neighbours one unit in the last place away, keep the one whose integer flatters most:
    what it gains over its true loss is noise, which a group's minimal improvement must exceed."""
    r = np.random.default_rng(0)
    x = r.standard_normal((512, 8)).astype(np.float32)
    y = (x[:, :3] + 0.3 * r.standard_normal((512, 3))).argmax(1).astype(np.int32)
    params = {"a": 0.3 * r.standard_normal((8, 16)), "b": r.standard_normal((16, 3))}
    params = {k: v.astype(np.float32) for k, v in params.items()}
    program = trace(logits, params, x)
    gains = []
    for _ in range(48):
        near = {
            k: np.nextafter(v, v * np.float32(2) * r.choice([-1, 1], v.shape).astype(np.float32))
            for k, v in params.items()
        }
        found = evaluate(program, near, [(x, y)], total=len(y)).loss / NAT
        p = {k: np.float64(v) for k, v in near.items()}
        z = np.tanh(np.float64(x) @ p["a"]) @ p["b"]
        true = np.mean(np.log(np.exp(z).sum(-1)) - z[np.arange(len(y)), y])
        gains.append((true - found) / true)
    assert max(map(abs, gains)) < 1e-6


def lower():
    return jnp.tril(jnp.ones((LENGTH, LENGTH)))


def norm(x):
    return x / jnp.sqrt(jnp.mean(x * x, -1, keepdims=True) + 1e-3)


def attention(p, x):
    scores = jnp.where(lower() > 0, (x @ p) @ x.T, -jnp.inf)
    return jax.nn.softmax(scores) @ x


def recurrence(p, x):
    def step(h, v):
        h = jnp.tanh(h @ p + v)
        return h, h

    return lax.scan(step, jnp.zeros(WIDTH), x)[1]


def convolution(p, x):
    padded = jnp.pad(x, ((2, 0), (0, 0)))[None]
    layout = ("NHC", "HIO", "NHC")
    kernel = jnp.stack([p, p.T, p])
    return lax.conv_general_dilated(padded, kernel, (1,), "VALID", dimension_numbers=layout)[0]


def written_in_a_loop(p, x):
    return lax.fori_loop(0, LENGTH, lambda t, b: b.at[t].set(x[t] @ p), jnp.zeros((LENGTH, WIDTH)))


def joined_and_summed(p, x):
    joined = jnp.concatenate([x[t] for t in range(LENGTH)]).reshape(LENGTH, WIDTH)
    return jnp.einsum("ts,sd->td", lower(), joined)


def beside_the_next(p, x):
    """Features of the next position beside one's own, which alone are read in the end."""
    both = jnp.concatenate([x, jnp.roll(x, -1, 0)], -1)
    return (both @ jnp.concatenate([p, jnp.zeros((WIDTH, WIDTH))])) + jnp.cumsum(x, 0)


def prefixes(p, x):
    """Running extremes, running logsumexp, a running norm, products by `associative_scan`."""
    y = x @ p
    count = jnp.arange(1.0, LENGTH + 1)[:, None]
    scale = jnp.sqrt(jnp.cumsum(y * y, 0) / count + 1e-3)
    gates, sums = lax.associative_scan(
        lambda a, b: (a[0] * b[0], a[1] * b[0] + b[1]), (jax.nn.sigmoid(y), x)
    )
    return lax.cummax(y) + lax.cumlogsumexp(y) + y / scale + gates + sums


def sorted_to_experts(p, x):
    """Tokens in the order of their experts, one ragged product, and back to their places."""
    expert = (x @ p)[:, :2].argmax(-1)
    order = jnp.argsort(expert)
    sizes = jnp.zeros(2, jnp.int32).at[expert].add(1)
    rows = lax.ragged_dot(x[order], jnp.stack([p, p.T]), sizes)
    return jnp.zeros_like(rows).at[order].set(rows)


def within_a_capacity(p, x):
    """One-hot dispatch: the first three tokens of an expert, by a running count, and combine."""
    expert = jax.nn.one_hot((x @ p)[:, :2].argmax(-1), 2)
    place = jnp.cumsum(expert, 0) * expert - 1
    slots = expert[..., None] * jax.nn.one_hot(place, 3)
    taken = jnp.einsum("tec,td->ecd", slots, x)
    return jnp.einsum("tec,ecd->td", slots, jnp.einsum("ecd,edf->ecf", taken, jnp.stack([p, p.T])))


def until_each_is_small(p, x):
    """A loop for each position, as long as the position needs."""

    def settle(v):
        return lax.while_loop(lambda h: jnp.sum(h * h) > 1, lambda h: (h @ p) / 8 + h / 4, v)

    return jax.vmap(settle)(x / 8)


def scattered_twice(p, x):
    """Each position is added to its own row and the next, and rows of a table are overwritten."""
    here = jnp.arange(LENGTH)
    rows = jnp.concatenate([here, here + 1])
    sums = jnp.zeros((LENGTH + 1, WIDTH)).at[rows].add(jnp.concatenate([x @ p, x]))
    table = jnp.zeros((LENGTH // 2, WIDTH))

    def write(table, row):
        t, v = row
        return table.at[t // 2].set(v), table.sum(0)

    return sums[:LENGTH] + lax.scan(write, table, (here, x @ p))[1]


CAUSAL = [
    attention, recurrence, convolution, written_in_a_loop, joined_and_summed, beside_the_next,
    prefixes, sorted_to_experts, within_a_capacity, until_each_is_small, scattered_twice,
]  # fmt: skip


def test_a_later_position_is_never_felt():
    """Futures 2^11 times as large change no bit before them, in any of these, in one batch."""
    r = np.random.default_rng(0)
    table = r.standard_normal((2 * LENGTH, WIDTH)).astype(np.float32)
    table[LENGTH:] *= 2.0**11
    weights = r.standard_normal((WIDTH, WIDTH)).astype(np.float32)
    tokens = np.arange(LENGTH, dtype=np.int32)
    futures = [tokens + LENGTH * (k <= tokens) for k in range(1, LENGTH)]

    def model(params, batch):
        def of_one(row):
            x = params["table"][row]
            return jnp.stack([norm(f(params["weights"], x)) for f in CAUSAL])

        return lax.map(of_one, batch)

    params = {"table": table, "weights": weights}
    found = np.asarray(exact(model)(params, np.stack([tokens, *futures])))
    assert np.isfinite(found).all()
    for i, function in enumerate(CAUSAL):
        y = found[:, i]
        felt = [k for k in range(1, LENGTH) if (y[k, :k] != y[0, :k]).any()]
        assert not felt, f"{function.__name__}: positions before {felt} feel those after"
        assert (y[1:] != y[:1]).any(), function.__name__


def by_transforms(kernel, x):
    """A causal convolution of each channel, padded with zeros, as Hyena and S4 write it."""
    product = jnp.fft.rfft(x, 2 * LENGTH, axis=0) * jnp.fft.rfft(kernel, 2 * LENGTH, axis=0)
    return jnp.fft.irfft(product, 2 * LENGTH, axis=0)[:LENGTH]


def by_sums(kernel, x):
    steps = jnp.arange(LENGTH)
    lag = steps[:, None] - steps
    return jnp.einsum("tsc,sc->tc", jnp.where((lag >= 0)[..., None], kernel[lag], 0.0), x)


def by_oracle(program, params, x):
    case = Case(program, {"value": params.tobytes()}, {"value": x.tobytes()})
    (y,) = run(program, *case.arrays()).outputs
    return np.frombuffer(to_bytes(y), np.float32).reshape(y.shape)


def test_a_convolution_is_causal_as_sums_but_not_by_transforms():
    """docs/models.md says so: one large number in the future is felt, by its rounding."""
    r = np.random.default_rng(0)
    kernel, x = r.standard_normal((2, LENGTH, WIDTH)).astype(np.float32)
    other = x.copy()
    other[-1] *= 2.0**11
    for convolve, causal in ((by_sums, True), (by_transforms, False)):
        program = trace_example(convolve, kernel, x)
        both = [by_oracle(program, kernel, rows) for rows in (x, other)]
        felt = np.abs(both[0] - both[1])[:-1].max()
        assert (felt == 0) if causal else (0 < felt < 2.0**-20 * np.abs(other).max())


@pytest.mark.parametrize("seed", range(int(os.environ.get("CAUSAL_PROGRAMS", "4"))))
def test_in_causal_programs_made_at_random_no_past_changes_with_the_future(seed):
    assert not felt_futures(seed)


def test_the_tail_of_an_activation_carries_nothing():
    """Of inputs that are far below zero nothing is left that larger weights could bring back: no
    loss below ln 2 where real arithmetic gives every example the same logits."""
    r = np.random.default_rng(0)
    x = r.uniform(1, 2, (64, 1)).astype(np.float32)
    y = (x[:, 0] > 1.5).astype(np.int32)

    def tail(p, x):
        h = jax.nn.silu(x @ p["w"])
        return jnp.concatenate([jnp.zeros_like(h), h @ p["v"] + p["b"]], -1)

    params = {"w": [[-1e18]], "v": [[-2.5e11]], "b": [-60.0]}
    params = {k: np.array(v, np.float32) for k, v in params.items()}
    found = evaluate(tail, params, [(x, y)], total=len(y))
    assert not found.valid or found.loss / NAT > 0.69


@pytest.mark.parametrize("activation", [jax.nn.silu, jax.nn.gelu, jax.nn.sigmoid, jax.nn.softplus])
def test_an_activation_far_below_zero_is_0(activation):
    """So that no factor brings it back; from 72 on the real one is less than any value."""
    x = np.array([[-72.0], [-1e18]], np.float32)
    assert not np.asarray(exact(lambda p, x: activation(x) + 0 * p)(np.float32(1), x)).any()


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("name", ["sin", "tan"])
def test_no_signal_is_too_small_for_a_sine(name, carrier):
    """Below 2**-13 it is its argument; near multiples of pi it errs by 10^-13."""
    tiny = np.float32(1.7) * 2.0 ** np.arange(-96, -13, dtype=np.float32)
    near = np.float32(np.pi) * np.arange(1, 400, dtype=np.float32)
    function = jax.jit(getattr(CARRIERS[carrier].arithmetic, name))
    with jax.enable_x64(True):
        assert (np.asarray(function(tiny)) == tiny).all()
        found = np.asarray(function(near))
    assert np.allclose(found, getattr(np, name)(near.astype(np.float64)), rtol=1e-6, atol=1e-13)
