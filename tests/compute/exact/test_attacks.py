"""Attacks of a trainer who wants a lower number than the model deserves, and what they win."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute.exact import evaluate, exact
from compute.exact.losses import binary_cross_entropy, cross_entropy

NAT = 2.0**32


def reference(z, y):
    z = np.asarray(z, np.float64)
    top = z.max()
    return np.log(np.exp(z - top).sum()) + top - z[y]


@settings(max_examples=150, deadline=None, derandomize=True)
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
    z = np.array(z, np.float32)
    with jax.enable_x64(True):
        loss, saturated = cross_entropy(jnp.asarray(z), jnp.int32(0))
    assert not saturated
    assert abs(int(loss) / NAT - reference(z, 0)) <= 2.0**-26


def test_a_sure_model_pays_for_its_last_doubt():
    """Logits so far apart that the cost is a few units or less: eight are the most to win."""
    with jax.enable_x64(True):
        for gap in (18.0, 20.0, 22.0, 24.0, 30.0, 1e4):
            loss, _ = cross_entropy(jnp.array([gap, 0.0], jnp.float32), jnp.int32(0))
            true = np.log1p(np.exp(-gap)) * NAT
            assert -8 <= int(loss) - true <= 8, gap
            loss, _ = binary_cross_entropy(jnp.array([gap], jnp.float32), jnp.array([1]))
            assert -8 <= int(loss) - true <= 8, gap


def logits(p, x):
    return jnp.tanh(x @ p["a"]) @ p["b"]


@pytest.fixture(scope="module")
def trained():
    r = np.random.default_rng(0)
    x = r.standard_normal((512, 8)).astype(np.float32)
    y = (x[:, :3] + 0.3 * r.standard_normal((512, 3))).argmax(1).astype(np.int32)
    p = {"a": 0.3 * r.standard_normal((8, 16)), "b": r.standard_normal((16, 3))}
    return {k: v.astype(np.float32) for k, v in p.items()}, x, y


def test_mining_the_rounding_noise_wins_less_than_a_millionth(trained):
    """Among neighbours one unit in the last place away, keep the one whose integer flatters most:
    what it gains over its true loss is noise, which a group's minimal improvement must exceed."""
    params, x, y = trained
    r = np.random.default_rng(1)
    gains = []
    for _ in range(48):
        near = {
            k: np.nextafter(v, v * np.float32(2) * r.choice([-1, 1], v.shape).astype(np.float32))
            for k, v in params.items()
        }
        found = evaluate(logits, near, [(x, y)], total=len(y)).loss / NAT
        p, z = {k: np.float64(v) for k, v in near.items()}, np.float64(x)
        z = np.tanh(z @ p["a"]) @ p["b"]
        true = np.mean(np.log(np.exp(z).sum(-1)) - z[np.arange(len(y)), y])
        gains.append((true - found) / true)
    assert max(map(abs, gains)) < 1e-6


def test_weights_below_the_grid_of_their_row_count_as_zero_for_everybody(trained):
    """A row stretched by one huge weight rounds the others away: the loss is that of the rounded
    model, which could have been published as it is; nothing is hidden."""
    params, x, y = trained
    stretched = {k: v.copy() for k, v in params.items()}
    stretched["b"][0, :] = 2.0**24
    x = x.copy()
    cleaned = {k: v.copy() for k, v in stretched.items()}
    cleaned["b"][1:] = 0
    a, b = (
        evaluate(lambda p, v: logits(p, v) * 2.0**-20, p, [(x, y)], total=len(y))
        for p in (stretched, cleaned)
    )
    assert a.valid and a.root == b.root


def test_duplicates_and_order_are_worth_what_they_are(trained):
    params, x, y = trained
    base = evaluate(logits, params, [(x, y)], total=len(y)).transcript
    order = np.random.default_rng(2).integers(0, len(y), len(y))
    again = evaluate(logits, params, [(x[order], y[order])], total=len(y)).transcript
    assert (again == base[order]).all()


def test_tied_maxima_do_not_choose_by_luck():
    """max over equal scores, top-k over equal gates: the first, also where zeros have signs."""
    f = jax.jit(exact(lambda p, x: jax.lax.top_k(x * p, 3)))
    values, places = f(np.float32(1), np.array([-0.0, 0.0, 1.0, 0.0, 1.0], np.float32))
    assert places.tolist() == [2, 4, 0] and values.tolist() == [1.0, 1.0, 0.0]


def shifted(x):
    return jax.lax.dynamic_update_slice(jnp.zeros((6, 2)), x, (1, 0))


def cached(x):
    buffer = jnp.zeros((6, 2))
    for t in range(6):
        buffer = jax.lax.dynamic_update_slice(buffer, jnp.cos(x[t])[None], (t, 0))
    return buffer


@pytest.mark.parametrize(
    "join",
    [
        shifted,
        cached,
        lambda x: jnp.stack([x[t] for t in range(6)]),
        lambda x: jnp.concatenate([x[t][None] for t in range(6)]),
        lambda x: jnp.zeros((6, 2)).at[jnp.arange(6)].set(x),
        lambda x: jax.lax.scan(lambda c, v: (c, 2 * v), 0.0, x)[1],
        lambda x: jax.lax.fori_loop(0, 6, lambda t, b: b.at[t].set(x[t]), jnp.zeros((6, 2))),
    ],
)
def test_a_sequence_cut_apart_and_joined_again_does_not_leak(join):
    """However positions come together, a huge future one is not felt through a causal mask."""
    x = np.random.default_rng(0).random((5 if join is shifted else 6, 2)).astype(np.float32)
    changed = x.copy()
    changed[4:] *= 2.0**12
    f = jax.jit(exact(lambda _, x: jnp.einsum("ts,sd->td", jnp.tril(jnp.ones((6, 6))), join(x))))
    assert (np.asarray(f({}, x))[:4] == np.asarray(f({}, changed))[:4]).all()
