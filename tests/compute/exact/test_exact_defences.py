"""Take each defence of the exact loss away once: the test of its trap must then fail."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import test_exact_evaluation as evaluations
import test_exact_provenance as provenances
import test_exact_traps as traps

from compute.exact import (
    contraction,
    control,
    evaluation,
    grid,
    interpreter,
    losses,
    movement,
    native,
    number,
    provenance,
    rules,
    transcript,
)
from compute.exact.convolution import convolve
from compute.exact.rules import RULES
from compute.exact.values import CONSTANT, Context, Value


def plain_cross_entropy(outputs, targets):
    """As a framework writes it: float32, and the outputs may be anything."""
    cost = jax.nn.logsumexp(outputs) - outputs[targets]
    return (cost * 2.0**32).astype(jnp.int64), jnp.zeros((), bool)


def without_positions(monkeypatch):
    real = interpreter.run
    monkeypatch.setattr(
        interpreter, "run", lambda fn, p, x, positions, carrier: real(fn, p, x, False, carrier)
    )


def elementwise(name, function):
    """Replace a rule by the platform's operation on float32."""

    def rule(context, parameters, values, avals):
        array = function(*(v.array for v in values))
        return [Value(array, movement.elementwise({}, values, array.shape))]

    return lambda monkeypatch: monkeypatch.setitem(RULES, name, rule)


def both(*removals):
    return lambda monkeypatch: [remove(monkeypatch) for remove in removals]


def attribute(owner, name, value):
    return lambda monkeypatch: monkeypatch.setattr(owner, name, value)


def feel(name):
    return lambda: provenances.check({name: provenances.ATTACKS[name]})


def convolve_plainly(a, b, positional, *more):
    return convolve(a, b, ((False,) * a.ndim, (False,) * b.ndim), *more)


def a_nan_is_named():
    r = np.random.default_rng(0)
    params = {"w1": r.random((6, 8)), "b1": r.random(8), "w2": r.random((8, 3))}
    data = r.standard_normal((50, 6)).astype(np.float32), np.zeros(50, np.int32)
    params = {name: x.astype(np.float32) for name, x in params.items()}
    evaluations.test_a_parameter_that_is_no_number_is_invalid(params, data, np.nan)


DEFENCES = {
    "our own loss on the logits": (
        lambda m: m.setitem(losses.LOSSES, "cross_entropy", plain_cross_entropy),
        lambda: traps.test_huge_equal_logits_cost_log_of_the_classes(6e4),
    ),
    "grids that keep positions apart": (
        without_positions,
        lambda: traps.test_a_masked_position_does_not_reach_the_grid("ts,sd->td"),
    ),
    "the sticky flag of comparisons": (
        attribute(Context, "observe", lambda self, *values: None),
        lambda: traps.test_saturation_is_sticky(lambda x: jnp.where(x > 0, 1.0, 0.0)),
    ),
    "deciding primitives tell the flag": (
        attribute(native, "DECIDING", frozenset()),
        lambda: traps.test_saturation_is_sticky(
            lambda x: jax.lax.top_k(x, 2)[1].astype(jnp.float32)
        ),
    ),
    "saturation of a bounded function": (
        elementwise("tanh", lambda x: jnp.where(number.is_saturated(x), 1.0, jnp.tanh(x))),
        lambda: traps.test_saturation_is_sticky(jnp.tanh),
    ),
    "sums of products stay below masks": (
        attribute(contraction, "LARGEST_PRODUCT_SUM", number.LARGEST),
        traps.test_a_mask_cannot_be_reached_by_scores,
    ),
    "values are made canonical": (
        both(attribute(number, "canonical", lambda x: x), attribute(number, "flush", lambda x: x)),
        traps.test_subnormals_are_zero,
    ),
    "division in float64": (
        elementwise("div", lambda a, b: a / b),
        traps.test_division_by_a_constant_is_a_division,
    ),
    "products in float64": (
        both(elementwise("mul", lambda a, b: a * b), elementwise("sub", lambda a, b: a - b)),
        traps.test_multiply_and_add_is_not_fused,
    ),
    "what is joined is told apart": (
        attribute(movement, "alike", lambda values: True),
        feel("concatenated"),
    ),
    "what a constant hides": (
        attribute(provenance, "HIDING", {}),
        feel("multiplied_by_a_constant"),
    ),
    "structure of a matrix of constants": (
        attribute(movement, "structure", lambda value: value.positional),
        feel("placed_by_a_product"),
    ),
    "a grid of its own for each position of a kernel": (
        attribute(rules, "convolve", convolve_plainly),
        feel("a_kernel_of_positions"),
    ),
    "cuts leave a mark on loops": (
        attribute(control, "fresh", lambda: CONSTANT),
        feel("chosen_by_branches"),
    ),
    "a masked exponential is nothing": (
        attribute(number, "flush", lambda x: x),
        lambda: traps.test_what_is_masked_has_no_weight(traps.LOWEST),
    ),
    "a mask added to a mask is one": (
        elementwise("add", lambda a, b: number.narrow(number.wide(a) + number.wide(b))),
        lambda: traps.test_what_is_masked_has_no_weight(traps.LOWEST),
    ),
    "infinite constants are masks": (
        attribute(number, "constant", lambda x: x),
        lambda: traps.test_what_is_masked_has_no_weight(-np.inf),
    ),
    "zeros have no sign": (
        attribute(native, "unsigned", lambda x: x),
        traps.test_the_sign_of_zero_decides_nothing,
    ),
    "gathers fill with zero": (
        attribute(native, "filled", lambda parameters: parameters),
        traps.test_gathers_out_of_bounds_fill_with_zero,
    ),
    "grids follow their row": (
        attribute(grid, "row_exponent", lambda x, axes: jnp.zeros_like(x[:1], jnp.int32)),
        traps.test_rescaling_symmetries_keep_the_loss,
    ),
    "nodes are not leaves": (
        attribute(transcript, "_node", lambda a, b: transcript._keccak(a + b)),
        evaluations.test_the_tree_is_as_specified,
    ),
    "a root knows how many": (
        attribute(transcript, "_root", lambda count, top: top),
        evaluations.test_merkle_proofs,
    ),
    "the test on the bits of parameters": (
        attribute(evaluation, "_finite", lambda params: True),
        a_nan_is_named,
    ),
}


@pytest.mark.parametrize("defence", DEFENCES)
def test_its_trap_snaps_without(defence, monkeypatch):
    remove, trap = DEFENCES[defence]
    remove(monkeypatch)
    with pytest.raises(AssertionError):
        trap()
