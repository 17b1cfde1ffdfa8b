"""evaluate(): the same integers for every batch size and carrier, invalid with a reason."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compute.exact import Evaluator, Invalid, evaluate
from compute.exact.tracing import trace

R = np.random.default_rng(0)
PARAMS = {
    "w1": R.standard_normal((6, 8)).astype(np.float32),
    "b1": R.standard_normal(8).astype(np.float32),
    "w2": R.standard_normal((8, 3)).astype(np.float32),
}
X = R.standard_normal((50, 6)).astype(np.float32)
Y = R.integers(0, 3, 50).astype(np.int32)


def logits(params, inputs):
    hidden = jnp.tanh(inputs["x"] @ params["w1"] + params["b1"])
    return hidden @ params["w2"]


def batches(size, places=slice(None)):
    x, y = X[places], Y[places]
    return [({"x": x[i : i + size]}, y[i : i + size]) for i in range(0, len(y), size)]


@pytest.fixture(scope="module")
def program():
    """Traced once, so that what XLA compiles for it is shared."""
    return trace(logits, PARAMS, batches(50)[0][0])


@pytest.fixture(scope="module")
def base(program):
    return evaluate(program, PARAMS, batches(50), total=50)


def test_it_is_the_mean_cross_entropy(base):
    p = jax.tree.map(np.float64, PARAMS)
    z = np.tanh(X.astype(np.float64) @ p["w1"] + p["b1"]) @ p["w2"]
    expected = np.log(np.exp(z).sum(-1)) - z[np.arange(50), Y]
    assert base.valid and base.reason is None
    np.testing.assert_allclose(base.transcript / 2.0**32, expected, rtol=0, atol=2e-5)
    assert base.loss / 2**32 == pytest.approx(expected.mean(), rel=2e-6)
    assert base.top.total == sum(map(int, base.transcript)) == sum(base.shard_sums)
    assert base.loss == base.top.total // 50


@pytest.mark.parametrize(("size", "carrier"), [(1, None), (7, None), (50, "integer")])
def test_batch_size_and_carrier_change_nothing(program, base, size, carrier):
    other = evaluate(program, PARAMS, batches(size), total=50, carrier=carrier)
    assert (other.transcript == base.transcript).all()
    assert (other.loss, other.top) == (base.loss, base.top)


def test_x64_of_the_caller_and_a_trace_of_another_batch_change_nothing(base):
    with jax.enable_x64(True):
        other = evaluate(logits, PARAMS, batches(25), total=50)
    assert other.top == base.top


@pytest.mark.parametrize("order", [np.arange(50)[::-1], R.integers(0, 50, 50)])
def test_no_example_feels_its_neighbours(program, base, order):
    """In another order, beside its own duplicates, every example keeps its integer."""
    found = evaluate(program, PARAMS, batches(50, order), total=50)
    assert (found.transcript == base.transcript[order]).all()


def test_progress_counts_examples(program):
    seen = []
    evaluate(program, PARAMS, batches(25), total=50, progress=seen.append)
    assert seen == [25, 50]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_parameter_that_is_no_number_is_invalid(program, value):
    bad = PARAMS | {"b1": np.full(8, value, np.float32)}
    found = evaluate(program, bad, batches(50), total=50)
    assert not found.valid and found.reason == "a parameter is not a finite number"
    with pytest.raises(Invalid, match="finite"):
        Evaluator(program, bad)


@pytest.mark.parametrize("scale", [1e30, 1e38])
def test_saturation_is_invalid(program, scale):
    bad = PARAMS | {"w2": (PARAMS["w2"] / 4 * scale).astype(np.float32)}
    found = evaluate(program, bad, batches(50), total=50)
    assert not found.valid and found.reason == "an example saturates"
    assert (found.loss, found.transcript.size, found.top.total) == (0, 0, 0)


def test_one_saturated_example_is_enough(program):
    x = X.copy()
    x[49] = 1e30
    found = evaluate(program, PARAMS, [({"x": x}, Y)], total=50)
    assert not found.valid and found.reason == "an example saturates"


@pytest.mark.parametrize("total", [49, 51])
def test_the_number_of_examples_must_be_right(program, total):
    with pytest.raises(ValueError, match="the batches hold"):
        evaluate(program, PARAMS, batches(25), total=total)


def test_arrays_must_be_the_program_s(program):
    with pytest.raises(ValueError, match="parameter 'b1'"):
        Evaluator(program, PARAMS | {"b1": np.zeros(7, np.float32)})
    with pytest.raises(ValueError, match="input 'x'"):
        evaluate(program, PARAMS, [({"x": X[:, :5]}, Y)], total=50)


OUTPUTS = {"classes": np.zeros((4, 3), np.float32), "one": np.zeros(4, np.float32)}


@pytest.mark.parametrize(
    ("loss", "outputs", "targets", "sentence"),
    [
        ("cross_entropy", "classes", np.zeros(4, np.float32), "float32, not integers"),
        ("cross_entropy", "classes", np.full(4, np.nan), "float32, not integers"),
        ("cross_entropy", "classes", np.zeros((4, 3), int), r"shape \[3\] where .* needs \[\]"),
        ("cross_entropy", "one", np.zeros(4, int), "needs an axis of classes"),
        ("squared_error", "classes", np.zeros(4, np.float32), r"shape \[\] where .* needs \[3\]"),
        ("squared_error", "classes", np.zeros((4, 1), np.float32), r"shape \[1\] where"),
        ("squared_error", "one", np.zeros((4, 3), np.float32), r"shape \[3\] where"),
        ("binary_cross_entropy", "classes", np.zeros(4, int), r"shape \[\] where"),
        ("cross_entropy", "classes", np.zeros(3, int), "4 examples of 'value' have 3 targets"),
        ("hinge", "classes", np.zeros(4, int), "the loss 'hinge' is none of cross_entropy"),
    ],
)
def test_targets_that_do_not_fit_are_refused(loss, outputs, targets, sentence):
    """Nothing is broadcast; no NaN becomes a class, which is another one on another machine."""
    x = OUTPUTS[outputs]
    with pytest.raises(ValueError, match=sentence):
        evaluate(lambda p, x: x + p, np.float32(0), [(x, targets)], loss=loss, total=4)


@pytest.mark.parametrize("loss", ["squared_error", "binary_cross_entropy"])
def test_integers_are_numbers_and_axes_of_one_element_may_differ(loss):
    x = np.float32([[2.5], [-1], [0], [1]])

    def found(targets):
        return evaluate(lambda p, x: x + p, np.float32(0), [(x, targets)], loss=loss, total=4)

    same = found(np.float32([[0], [1], [0], [1]])).loss
    assert found(np.array([0, 1, 0, 1])).loss == found(np.float32([0, 1, 0, 1])).loss == same > 0


def test_an_integer_target_beyond_the_range_saturates():
    target = np.array([-(2**31)])
    found = evaluate(
        lambda p, x: x + p, np.float32(0), [(np.zeros(1, np.float32), target)],
        loss="squared_error", total=1,
    )  # fmt: skip
    assert not found.valid


def test_what_has_no_loss_is_refused():
    zero, y = np.float32(0), np.zeros(4, int)
    for function, sentence in (
        (lambda p, x: (x + p).astype(jnp.int32), "the program's first result is none"),
        (lambda p, x: x + p + 1j, "complex or a random key: give its parts"),
        (lambda p, x: (), "main has no result"),
    ):
        with pytest.raises((ValueError, NotImplementedError), match=sentence):
            evaluate(function, zero, [(OUTPUTS["classes"], y)], total=4)
    with pytest.raises(ValueError, match="no examples have no loss"):
        evaluate(lambda p, x: x + p, zero, [(OUTPUTS["classes"][:0], y[:0])], total=0)
    with pytest.raises(ValueError, match="the carrier 'float128' is none of"):
        evaluate(lambda p, x: x + p, zero, [(OUTPUTS["classes"], y)], total=4, carrier="float128")
