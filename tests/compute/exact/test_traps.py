"""Every trap of the exact loss: each test fails when its defence is taken away."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from compute.exact.interpreter import run
from exact_families import FAMILIES

from compute.exact import UnsupportedPrimitive, evaluate, exact, reduction
from compute.exact.losses import cross_entropy
from compute.exact.number import divide


def position_losses(family, tokens):
    """The integer of every position of every example: [B, T]."""

    def one(params, row, targets):
        outputs, _, _ = run(family.logits, params, (row[None],), True, None)
        logits = outputs[0].array[0]
        return jax.vmap(lambda z, y: cross_entropy(z, y)[0])(logits, targets)

    with jax.enable_x64(True):
        mapped = jax.jit(jax.vmap(one, in_axes=(None, 0, 0)))
        return np.asarray(mapped(family.params, tokens, family.targets))


@pytest.mark.parametrize("name", ["gpt", "llama", "alibi_sliding_window", "lstm"])
def test_future_tokens_never_change_a_past_position(name):
    family = FAMILIES[name]()
    changed = family.inputs.copy()
    changed[:, 5:] = (changed[:, 5:] + 1) % 5
    # a trainer's dream: one token with a huge embedding, which would coarsen a shared grid
    params = jax.tree.map(np.array, family.params)
    tables = [x for x in jax.tree.leaves(params) if x.shape[0] == 5 and x.ndim == 2]
    tables[0][2] *= 2.0**12
    family = family._replace(params=params)
    past, future = position_losses(family, family.inputs), position_losses(family, changed)
    assert (past[:, :5] == future[:, :5]).all()
    assert (past[:, 5:] != future[:, 5:]).any()


@pytest.mark.parametrize("spec", ["ts,sd->td", "sd,ts->td"])
def test_a_masked_position_does_not_reach_the_grid(spec):
    """Contraction over positions: what a zero weight hides changes nothing, whatever its size."""
    r = np.random.default_rng(0)
    weights = np.tril(r.random((6, 6))).astype(np.float32)
    table = r.standard_normal((4, 3)).astype(np.float32)
    table[3] *= 2.0**20

    def mix(v):
        return jnp.einsum(spec, *((weights, v) if spec[0] == "t" else (v, weights)))

    tokens, changed = np.array([0, 1, 2, 1, 0, 2]), np.array([0, 1, 2, 1, 3, 3])
    f = jax.jit(exact(lambda p, t: mix(p[t])))  # the columns of a table carry no positions
    assert (np.asarray(f(table, tokens))[:4] == np.asarray(f(table, changed))[:4]).all()
    small = table * np.float32(2.0**-10)
    g = jax.jit(exact(lambda _, v: (mix(v), jnp.cumsum(v, 0))))  # those of an input do
    for a, b in zip(g({}, small[tokens]), g({}, small[changed]), strict=True):
        assert (np.asarray(a)[:4] == np.asarray(b)[:4]).all()


@pytest.mark.parametrize("size", [0.0, 1e3, 6e4])
def test_huge_equal_logits_cost_log_of_the_classes(size):
    """optax returns 0 at 1e9 in float32; here the cost stays, or the example is invalid."""
    found = evaluate(
        lambda p, x: x @ p + size,
        np.zeros((3, 10), np.float32),
        [(np.ones((4, 3), np.float32), np.zeros(4, np.int32))],
        total=4,
    )
    assert found.loss / 2**32 == pytest.approx(np.log(10), abs=1e-8)


def test_every_byte_counts_as_a_target():
    """256 classes are one more than a uint8 can say: compared as bytes, all would be ignored."""
    inputs = np.arange(256, dtype=np.int32)[:, None].repeat(2, 1)
    table = np.random.default_rng(0).standard_normal((256, 256)).astype(np.float32)
    targets = np.stack([np.arange(256), np.arange(256)[::-1]], 1)
    found = [
        evaluate(lambda p, x: p[x], table, [(inputs, targets.astype(dtype))], total=256)
        for dtype in (np.uint8, np.int32)
    ]
    assert found[0].root == found[1].root and (found[0].transcript > 0).all()
    z = np.float64(table)
    costs = np.log(np.exp(z).sum(-1))[:, None] - np.take_along_axis(z, targets, 1)
    assert found[0].loss / 2**32 == pytest.approx(costs.mean(), rel=1e-6)


@pytest.mark.parametrize("scale", [1e6, 1e12, 1e18, 3e37])
def test_no_scale_of_the_weights_gives_a_low_loss(scale):
    family = FAMILIES["mlp"]()
    params = jax.tree.map(lambda x: np.float32(x * scale), family.params)
    found = evaluate(family.logits, params, [(family.inputs, family.targets)], total=6)
    assert not found.valid and found.reason == "an example saturates"


@pytest.mark.parametrize(
    "hide",
    [
        lambda x: jnp.where(x > 0, 1.0, 0.0),  # a comparison
        lambda x: jax.nn.one_hot(jnp.argmax(x, -1), 3),  # an index
        lambda x: x.astype(jnp.int32).astype(jnp.float32),  # an integer
        lambda x: jnp.tanh(x),  # a bounded function
        lambda x: jnp.exp(-jnp.abs(x)),
        lambda x: 1.0 / (1.0 + jnp.abs(x)),
        lambda x: jnp.clip(x, -1.0, 1.0),
        lambda x: jax.lax.top_k(x, 2)[1].astype(jnp.float32),
        lambda x: jax.lax.cond(x[0, 0] > 0, lambda v: v * 0.0, lambda v: v * 0.0, x),
        lambda x: jax.lax.scan(lambda c, v: (jnp.where(v > 0, 1.0, 0.0), c), x[0] * 0.0, x)[0],
    ],
)
def test_saturation_is_sticky(hide):
    """3e38 * 3e38 saturates; no later operation may turn it into a number."""
    f = jax.jit(exact(lambda p, x: hide(x * p * p)))
    x = np.ones((3, 3), np.float32)
    assert np.isfinite(np.asarray(f(np.float32(1), x))).all()
    assert np.isnan(np.asarray(f(np.float32(3e38), x))).all()


def test_a_mask_cannot_be_reached_by_scores():
    """Scores of -3.4e38 would look like masked ones: they saturate instead."""
    family = FAMILIES["llama"]()
    params = jax.tree.map(np.array, family.params)
    for leaf in jax.tree.leaves(params):
        if leaf.shape == (16, 2, 8):
            leaf *= np.float32(2.0**62)
    found = evaluate(family.logits, params, [(family.inputs, family.targets)], total=6)
    assert not found.valid


LOWEST = float(np.finfo(np.float32).min)


@pytest.mark.parametrize("mask", [LOWEST, -np.inf])
def test_what_is_masked_has_no_weight(mask):
    """Exactly none, whatever it is and if masked twice, or else its exponent would reach a grid; of
    nothing but masks, all weigh the same."""

    def model(p, x):
        hide = np.where([[0, 0, 1, 1], [1, 1, 1, 1]], np.float32(mask), 0)
        return jax.nn.softmax(jnp.where(hide < 0, hide, x)), jax.nn.softmax(
            jnp.tanh(x) + hide + hide
        )

    x = np.tile(np.float32([1, 1, 9, 1e6]), (2, 1))
    for found in jax.jit(exact(model))({}, x):
        assert np.asarray(found).tolist() == [[0.5, 0.5, 0, 0], [0.25] * 4]


def test_the_sign_of_zero_decides_nothing():
    """Negation makes negative zeros, and a maximum either: no order or choice may see them."""

    def model(p, x):
        zeros = jnp.stack([-x[0], x[0], -x[0], x[0]])
        return jnp.argsort(zeros), jax.lax.top_k(zeros, 4)[1], jnp.argmax(zeros), jnp.sign(zeros)

    order, top, best, signs = jax.jit(exact(model))({}, np.float32([0, -1]))
    assert order.tolist() == top.tolist() == [0, 1, 2, 3]
    assert best == 0 and not np.signbit(np.asarray(signs)).any()


def test_subnormals_are_zero():
    f = jax.jit(exact(lambda p, x: (p * x) * 2.0**30))
    tiny = np.array([1e-40, -1e-45, 1e-30, 2.0**-96], np.float32)
    found = np.asarray(f(tiny, np.float32(1)))
    assert found.tolist() == [0.0, 0.0, 0.0, 2.0**-66]


def test_division_by_a_constant_is_a_division():
    """XLA turns x / 3 into x * (1 / 3)."""
    x = np.random.default_rng(0).standard_normal(100_000).astype(np.float32)
    for constant in (3.0, 7.0, 49.0, 0.1):
        found = np.asarray(jax.jit(exact(lambda _, v, c=constant: v / c))({}, x))
        assert (found == x / np.float32(constant)).all()


def test_the_five_operations_are_ieee():
    r = np.random.default_rng(1)
    a, b = (
        np.float32(r.standard_normal(200_000) * np.exp(r.uniform(-8, 8, 200_000))) for _ in "ab"
    )
    both = {"add": a + b, "sub": a - b, "mul": a * b, "div": a / b}
    f = jax.jit(exact(lambda _, x, y: {"add": x + y, "sub": x - y, "mul": x * y, "div": x / y}))
    for name, found in f({}, a, b).items():
        assert (np.asarray(found) == both[name]).all(), name
    root = jax.jit(exact(lambda _, x: jnp.sqrt(x)))({}, np.abs(a))
    assert (np.asarray(root) == np.sqrt(np.abs(a))).all()


def test_multiply_and_add_is_not_fused():
    """a * b - c where c is so near to a * b that what its rounding left over shows, which a fused
    operation would keep.  Gathered, so that the operands come from memory: XLA does fuse these."""
    r = np.random.default_rng(2)
    a, b = r.standard_normal((2, 10_000)).astype(np.float32)
    c = a * b * np.float32(1 + 24 * 2.0**-24)
    f = jax.jit(exact(lambda p, i: p["a"][i] * p["b"][i] - p["c"][i]))
    found = f({"a": a, "b": b, "c": c}, np.arange(10_000))
    assert (np.asarray(found) == a * b - c).all()
    unlike = np.float32(np.float64(a) * np.float64(b) - np.float64(c)) != a * b - c
    assert unlike.mean() > 0.5  # so many would show it


def test_examples_do_not_touch_each_other():
    family = FAMILIES["gpt"]()
    base = evaluate(family.logits, family.params, [(family.inputs, family.targets)], total=6)
    order = np.array([3, 3, 0, 5])
    other = evaluate(
        family.logits, family.params, [(family.inputs[order], family.targets[order])], total=4
    )
    assert (other.transcript == base.transcript[order]).all()


def test_rescaling_symmetries_keep_the_loss():
    """ReLU networks may be rescaled layer against layer; by powers of two not a bit changes."""
    r = np.random.default_rng(3)
    params = {"a": r.standard_normal((12, 9)), "b": r.standard_normal((9, 5))}
    params = {k: v.astype(np.float32) for k, v in params.items()}
    family = FAMILIES["mlp"]()
    batch = [(family.inputs, family.targets)]

    def logits(p, x):
        return jax.nn.relu(x @ p["a"]) @ p["b"]

    base = evaluate(logits, params, batch, total=6)
    for power in (-40, -10, 10, 40):
        scaled = {
            "a": params["a"] * np.float32(2.0**power),
            "b": params["b"] / np.float32(2.0**power),
        }
        assert evaluate(logits, scaled, batch, total=6).root == base.root


def test_ties_go_to_the_first():
    f = jax.jit(exact(lambda _, x: (jnp.argmax(x), jax.lax.top_k(x, 2)[1])))
    index, order = f({}, np.array([0.0, 1.0, 1.0, -0.0], np.float32))
    assert int(index) == 1 and order.tolist() == [1, 2]


@pytest.mark.parametrize("scatter", ["max", "min"])
def test_scattered_extremes_are_exact_and_saturation_wins(scatter):
    at = np.array([0, 1, 0, 1])

    def extreme(start, x):
        return getattr(start.at[at], scatter)(x)

    start, x = np.array([1.0, 0.0, 0.5], np.float32), np.array([2.0, -0.0, -3.0, 0.0], np.float32)
    largest, smallest = [2.0, 0.0, 0.5], [-3.0, 0.0, 0.5]
    found = np.asarray(jax.jit(exact(extreme))(start, x))
    assert found.tolist() == (largest if scatter == "max" else smallest)
    saturated = exact(lambda start, x: extreme(start, jnp.sqrt(x)))(start, x)
    assert np.isnan(saturated).all()


def test_large_windows_side_by_side_are_those_that_are_stacked(monkeypatch):
    x = np.random.default_rng(0).normal(size=(2, 3, 7, 3)).astype(np.float32)
    x[0, 0, 0] = 1e9
    pool = exact(lambda _, x: nn.avg_pool(x, (3, 3), (1, 3), padding=((0, 0), (1, 0))))
    stacked = pool({}, x)
    monkeypatch.setattr(reduction, "MOST_STACKED", 8)
    assert stacked.shape == (2, 1, 2, 3)
    assert (pool({}, x) == stacked).all()


def test_sums_of_products_have_a_longest_length():
    row = np.ones(2**15, np.float32)
    dot = exact(lambda p, x: p @ x)
    assert dot(row, row) == 2**15
    with pytest.raises(UnsupportedPrimitive, match="32769 terms; the limit is 32768"):
        dot(np.ones(2**15 + 1, np.float32), np.ones(2**15 + 1, np.float32))


def test_gathers_out_of_bounds_fill_with_zero():
    f = jax.jit(exact(lambda p, i: p.at[i].get(mode="fill")))
    assert np.asarray(f(np.ones(3, np.float32), np.array([0, 7]))).tolist() == [1.0, 0.0]


def test_an_unsupported_primitive_names_itself_and_the_line():
    def model(params, x):
        return jax.lax.erf_inv(x) * params

    line = model.__code__.co_firstlineno + 1
    with pytest.raises(UnsupportedPrimitive, match=rf"erf_inv at .*test_exact_traps.py:{line}"):
        jax.jit(exact(model))(np.float32(1), np.ones(3, np.float32))


def test_the_caller_s_x64_changes_nothing():
    family = FAMILIES["mlp"]()
    f = exact(family.logits)
    base = np.asarray(jax.jit(f)(family.params, family.inputs))
    assert base.dtype == np.float32
    with jax.enable_x64(True):
        assert (np.asarray(jax.jit(f)(family.params, family.inputs)) == base).all()
    assert (np.asarray(f(family.params, family.inputs)) == base).all()


def test_division_never_sits_near_a_tie():
    """The margin that makes reciprocal rewrites harmless, on adversarial quotients."""
    r = np.random.default_rng(5)
    a = r.integers(2**23, 2**24, 100_000).astype(np.float32)
    b = r.integers(2**23, 2**24, 100_000).astype(np.float32)
    with jax.enable_x64(True):
        found = np.asarray(jax.jit(divide)(a, b))
        rewritten = (a.astype(np.float64) * (1.0 / b.astype(np.float64))).astype(np.float32)
    assert (found == rewritten).all() and (found == a / b).all()
