"""Traps of the exact loss: what a framework's float32 would hide, round or choose by luck."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compute.exact import evaluate, exact
from compute.exact.tracing import trace

LOWEST = float(np.finfo(np.float32).min)


@pytest.mark.parametrize("size", [0.0, 6e4])
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
    program = trace(lambda p, x: p[x], table, inputs)
    found = [
        evaluate(program, table, [(inputs, targets.astype(dtype))], total=256)
        for dtype in (np.uint8, np.int32)
    ]
    assert found[0].top == found[1].top and (found[0].transcript > 0).all()
    z = np.float64(table)
    costs = np.log(np.exp(z).sum(-1))[:, None] - np.take_along_axis(z, targets, 1)
    assert found[0].loss / 2**32 == pytest.approx(costs.mean(), rel=1e-6)


HIDING = {
    "a comparison": lambda x: jnp.where(x > 0, 1.0, 0.0),
    "an index": lambda x: jax.nn.one_hot(jnp.argmax(x, -1), 3),
    "an integer": lambda x: x.astype(jnp.int32).astype(jnp.float32),
    "a bounded function": jnp.tanh,
    "a quotient": lambda x: 1.0 / (1.0 + jnp.abs(x)),
    "a zero factor": lambda x: x * 0.0,
    "a clip": lambda x: jnp.clip(x, -1.0, 1.0),
    "an order": lambda x: jax.lax.top_k(x, 2)[1].astype(jnp.float32),
    "a branch": lambda x: jax.lax.cond(x[0] > 0, lambda v: v + 1.0, lambda v: v * 0.0, x),
    "a loop": lambda x: jax.lax.scan(lambda c, v: (jnp.where(v > 0, 1.0, c), c), 0.0, x)[0],
}


@pytest.mark.parametrize("way", HIDING)
def test_saturation_is_sticky(way):
    """3e38 * 3e38 saturates; no later operation may turn it into a number."""
    f = exact(lambda p, x: HIDING[way](x * p * p))
    x = np.ones(3, np.float32)
    assert np.isfinite(np.asarray(f(np.float32(1), x))).all()
    assert np.isnan(np.asarray(f(np.float32(3e38), x))).all()


def test_saturation_in_a_branch_not_taken_is_no_trap():
    def model(p, x):
        huge = x * p * p
        safe = jnp.where(x > 0, x, 1.0)
        return jax.lax.cond(x[0] > 1, lambda: jnp.where(huge > 0, 1.0, 0.0), lambda: safe)

    f = exact(model)
    assert np.asarray(f(np.float32(3e38), np.float32([1, 2]))).tolist() == [1, 2]
    assert np.isnan(np.asarray(f(np.float32(3e38), np.float32([2, 2])))).all()


def test_scores_saturate_before_they_reach_a_mask():
    """A sum of products beyond 2^64 would come near the numbers that mask."""
    f = exact(lambda p, x: p @ x)
    assert f(np.float32([2.0**62, 0]), np.float32([3, 1])) == 3 * 2.0**62
    assert np.isnan(f(np.float32([-(2.0**62), 0]), np.float32([5, 1])))


@pytest.mark.parametrize("mask", [LOWEST, -np.inf])
def test_what_is_masked_has_no_weight(mask):
    """Exactly none, if masked twice too; where all is masked, all weigh the same."""

    def model(p, x):
        hide = np.where([[0, 0, 1, 1], [1, 1, 1, 1]], np.float32(mask), 0)
        chosen = jax.nn.softmax(jnp.where(hide < 0, hide, x))
        return jnp.stack([chosen, jax.nn.softmax(jnp.tanh(x) + hide + hide)])

    x = np.tile(np.float32([1, 1, 9, 1e6]), (2, 1))
    for found in exact(model)({}, x):
        assert np.asarray(found).tolist() == [[0.5, 0.5, 0, 0], [0.25] * 4]


def test_the_sign_of_zero_decides_nothing():
    """Negation makes negative zeros, and a maximum either: no order or choice may see them."""

    def model(p, x):
        zeros = jnp.stack([-x[0], x[0], -x[0], x[0]])
        return jnp.argsort(zeros), jax.lax.top_k(zeros, 4)[1], jnp.argmax(zeros), jnp.sign(zeros)

    order, top, best, signs = exact(model)({}, np.float32([0, -1]))
    assert order.tolist() == top.tolist() == [0, 1, 2, 3]
    assert best == 0 and not np.signbit(np.asarray(signs)).any()


def test_ties_go_to_the_first():
    """max over equal scores, top-k over equal gates, also where zeros have signs."""
    f = exact(lambda p, x: (jnp.argmax(x), *jax.lax.top_k(x * p, 4)))
    best, values, places = f(np.float32(1), np.float32([-0.0, 0.0, 1.0, 0.0, 1.0]))
    assert best == 2 and places.tolist() == [2, 4, 0, 1] and values.tolist() == [1, 1, 0, 0]


def test_subnormals_are_zero():
    f = exact(lambda p, x: (p * x) * 2.0**30)
    tiny = np.array([1e-40, -1e-45, 1e-30, 2.0**-96], np.float32)
    assert np.asarray(f(tiny, np.float32(1))).tolist() == [0.0, 0.0, 0.0, 2.0**-66]


def test_division_by_a_constant_is_a_division():
    """XLA turns x / 3 into x * (1 / 3)."""
    x = np.random.default_rng(0).standard_normal(100_000).astype(np.float32)
    constants = (3.0, 7.0, 49.0, 0.1)
    found = jax.jit(exact(lambda _, v: tuple(v / c for c in constants)))({}, x)
    for constant, y in zip(constants, found, strict=True):
        assert (np.asarray(y) == x / np.float32(constant)).all()


def test_the_five_operations_are_ieee():
    r = np.random.default_rng(1)
    a, b = (
        np.float32(r.standard_normal(200_000) * np.exp(r.uniform(-8, 8, 200_000))) for _ in "ab"
    )
    expected = (a + b, a - b, a * b, a / b, np.sqrt(np.abs(a)))
    f = jax.jit(exact(lambda _, x, y: (x + y, x - y, x * y, x / y, jnp.sqrt(jnp.abs(x)))))
    for found, y in zip(f({}, a, b), expected, strict=True):
        assert (np.asarray(found) == y).all()


def test_multiply_and_add_is_not_fused():
    """a * b - c where c is so near to a * b that what its rounding left over shows, which a fused
    operation would keep.  Gathered, so that the operands come from memory: XLA does fuse these."""
    r = np.random.default_rng(2)
    a, b = r.standard_normal((2, 10_000)).astype(np.float32)
    c = a * b * np.float32(1 + 24 * 2.0**-24)
    f = jax.jit(exact(lambda p, i: p["a"][i] * p["b"][i] - p["c"][i]))
    found = f({"a": a, "b": b, "c": c}, np.arange(10_000, dtype=np.int32))
    assert (np.asarray(found) == a * b - c).all()
    unlike = np.float32(np.float64(a) * np.float64(b) - np.float64(c)) != a * b - c
    assert unlike.mean() > 0.5  # so many would show it


def test_rescaling_symmetries_keep_the_loss():
    """ReLU networks may be rescaled layer against layer; by powers of two not a bit changes."""
    r = np.random.default_rng(3)
    params = {"a": r.standard_normal((12, 9)), "b": r.standard_normal((9, 5))}
    params = {k: v.astype(np.float32) for k, v in params.items()}
    x, y = r.standard_normal((6, 12)).astype(np.float32), np.arange(6, dtype=np.int32) % 5
    program = trace(lambda p, x: jax.nn.relu(x @ p["a"]) @ p["b"], params, x)
    base = evaluate(program, params, [(x, y)], total=6)
    for power in (-40, -10, 10, 40):
        factor = np.float32(2.0**power)
        scaled = {"a": params["a"] * factor, "b": params["b"] / factor}
        assert evaluate(program, scaled, [(x, y)], total=6).top == base.top


@pytest.mark.parametrize(("scatter", "best"), [("max", [2.0, 0.0, 0.5]), ("min", [-3.0, 0.0, 0.5])])
def test_scattered_extremes_are_exact_and_saturation_wins(scatter, best):
    at = np.array([0, 1, 0, 1])
    start = np.array([1.0, 0.0, 0.5], np.float32)
    extreme = exact(lambda start, x: getattr(start.at[at], scatter)(x))
    assert np.asarray(extreme(start, np.float32([2, -0.0, -3, 0]))).tolist() == best
    rooted = exact(lambda start, x: getattr(start.at[at], scatter)(jnp.sqrt(x)))
    assert np.isnan(rooted(start, np.float32([2, -0.0, -3, 0]))).all()


def test_gathers_out_of_bounds_fill_with_zero():
    f = exact(lambda p, i: p.at[i].get(mode="fill"))
    assert np.asarray(f(np.ones(3, np.float32), np.array([0, 7]))).tolist() == [1.0, 0.0]


def test_the_caller_s_x64_changes_nothing():
    p, x = np.random.default_rng(4).standard_normal((2, 3, 3)).astype(np.float32)
    f = exact(lambda p, x: jnp.tanh(x @ p))
    base = np.asarray(f(p, x))
    assert base.dtype == np.float32
    with jax.enable_x64(True):
        assert (np.asarray(f(p, x)) == base).all()
        assert (np.asarray(jax.jit(f)(p, x)) == base).all()


def test_a_product_under_the_caller_s_jit():
    p, x = np.random.default_rng(4).standard_normal((2, 3, 3)).astype(np.float32)
    f = exact(lambda p, x: x @ p)
    assert (np.asarray(jax.jit(f)(p, x)) == np.asarray(f(p, x))).all()
