"""What tracing makes of a function: steps of one example, and sentences about what it cannot."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from compute.exact.tracing import UnsupportedPrimitive, leaf_names, trace, trace_example
from compute.exact.tracing.scope import RULES
from compute.program.codec import decode, encode
from compute.program.program import Block, Constant, Program
from compute.program.types import DType, Type
from tests.support.exact_families import FAMILIES
from tests.support.exact_strangers import STRANGERS

X = np.linspace(-2, 2, 12, dtype=np.float32).reshape(3, 4)


def program_of(function: Callable[..., Any], *arrays: Any, **options: Any) -> Program:
    return trace_example(lambda _, a: function(*a), (), list(arrays), **options)


def names(block: Block) -> list[str]:
    return [step.operation.name for step in block.steps]


def constants(program: Program) -> list[np.ndarray]:
    return [
        np.frombuffer(step.attributes["value"].data, step.results[0].dtype.numpy)
        for step in program.main.steps
        if step.operation.name == "constant"
    ]


@pytest.mark.parametrize("name", [*FAMILIES, *STRANGERS])
def test_every_family_is_a_valid_program_of_one_example(name: str) -> None:
    family = {**FAMILIES, **STRANGERS}[name]()
    program = trace(family.logits, family.params, family.inputs)
    assert decode(encode(program)) == program
    assert [n for n, _ in program.parameters] == sorted(leaf_names(family.params))
    expected = jax.eval_shape(family.logits, family.params, family.inputs)
    assert program.main.result_types == (Type(DType.F24, expected.shape[1:]),)
    again = trace(family.logits, family.params, family.inputs)
    assert encode(again) == encode(program)


def test_a_dense_layer_is_a_product_and_a_sum() -> None:
    def logits(params: Any, x: jax.Array) -> jax.Array:
        return jnp.tanh(x @ params["w"] + params["b"])

    program = trace(logits, {"w": np.ones((4, 2)), "b": np.ones(2)}, X)
    assert names(program.main) == ["dot", "add", "tanh"]
    assert program.parameters == (("b", Type(DType.F24, (2,))), ("w", Type(DType.F24, (4, 2))))
    assert program.inputs == (("value", Type(DType.F24, (4,))),)


def test_axes_of_size_1_vanish() -> None:
    def body(x: jax.Array) -> jax.Array:
        y = x[:, None, :, None] * 2.0
        y = y - y.mean(axis=2, keepdims=True)
        return jnp.swapaxes(y, 1, 3)[:, 0, :, 0]

    program = trace(lambda _, x: body(x), (), X)
    assert all(1 not in t.shape for t in program.main.types)
    assert names(program.main).count("reshape") == 0
    assert "transpose" not in names(program.main)


def test_equal_steps_are_one_and_unneeded_ones_none() -> None:
    program = program_of(lambda x: (jnp.sin(x) + jnp.sin(x), jnp.cos(x))[0], X)
    assert names(program.main) == ["sin", "add"]


@pytest.mark.parametrize(
    "gelu",
    [
        nn.gelu,
        lambda x: 0.5 * x * (1 + jnp.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
        lambda x: x * 0.5 * (jnp.tanh((0.044715 * x**3 + x) * np.sqrt(2 / np.pi)) + 1),
    ],
)
def test_gelu_is_one_step(gelu: Callable[[Any], Any]) -> None:
    assert names(program_of(gelu, X).main) == ["gelu"]


@pytest.mark.parametrize(
    "other",
    [
        lambda x: x * (0.5 * (1 + jnp.tanh(0.8 * (x + 0.044715 * x**3)))),
        lambda x: x * (0.5 * (1 + jnp.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**2)))),
        lambda x: (x + 1) * (0.5 * (1 + jnp.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))),
    ],
)
def test_what_is_nearly_gelu_is_not(other: Callable[[Any], Any]) -> None:
    assert "gelu" not in names(program_of(other, X).main)


def test_infinities_are_the_largest_numbers_and_dust_is_zero() -> None:
    table = np.array([np.inf, -np.inf, 1e-30, 1.0], np.float32)
    (found,) = constants(program_of(lambda x: x + table, X))
    largest = np.float32((2**24 - 1) * 2.0**104)
    np.testing.assert_array_equal(found, [largest, -largest, 0, 1])


def test_what_is_not_a_number_saturates() -> None:
    table = np.array([np.nan, 1, 2, 3], np.float32)
    assert "div" in names(program_of(lambda x: x + table, X).main)


def test_equal_elements_of_a_constant_are_written_once() -> None:
    program = program_of(lambda x: x * 3.0 + jnp.zeros((3, 4)), X)
    sizes = [
        len(step.attributes["value"].data)
        for step in program.main.steps
        if isinstance(step.attributes.get("value"), Constant)
    ]
    assert sizes == [4, 4]


def test_a_sort_is_stable_whatever_was_asked_for() -> None:
    def order(x: jax.Array) -> jax.Array:
        return lax.sort((x, lax.iota(jnp.int32, 4)), num_keys=1, is_stable=False)[1]

    (step,) = [s for s in program_of(order, X[0]).main.steps if s.operation.name == "sort"]
    assert step.attributes == {"axis": 0, "keys": 1}


def test_a_loop_of_known_length_is_a_scan() -> None:
    def counted(x: jax.Array) -> jax.Array:
        return lax.while_loop(lambda s: s[0] < 5, lambda s: (s[0] + 1, jnp.sin(s[1])), (0, x))[1]

    (scan,) = [s for s in program_of(counted, X).main.steps if s.operation.name == "scan"]
    assert scan.attributes["length"] == 5


def test_another_loop_has_the_limit_it_is_given() -> None:
    def until(x: jax.Array) -> jax.Array:
        return lax.while_loop(lambda s: jnp.sum(s) > 1, lambda s: s * 0.5, x)

    (step,) = program_of(until, X, while_limit=7).main.steps
    assert (step.operation.name, step.attributes["limit"]) == ("while", 7)


def test_a_condition_that_is_known_leaves_its_branch() -> None:
    assert names(program_of(lambda x: lax.cond(True, jnp.sin, jnp.cos, x), X).main) == ["sin"]


def test_a_condition_on_a_truth_value_is_on_itself() -> None:
    program = program_of(lambda x: lax.cond(x[0, 0] > 0, jnp.sin, jnp.cos, x), X)
    assert "convert" not in names(program.main)


def test_what_has_no_rule_is_named_with_the_users_line() -> None:
    @jax.jit
    def helper(x: jax.Array) -> jax.Array:
        return jax.scipy.linalg.schur(x @ x.T)[0]  # the line

    with pytest.raises(
        UnsupportedPrimitive, match=r"schur at .*test_tracing\.py:(\d+) \(.*helper\)"
    ) as caught:
        program_of(helper, X)
    line = int(str(caught.value).split("test_tracing.py:")[1].split(" ")[0])
    assert "# the line" in Path(__file__).read_text().splitlines()[line - 1]


def test_what_a_rule_refuses_is_named_too() -> None:
    with pytest.raises(UnsupportedPrimitive, match=r"bitcast_convert_type at .*bits of bfloat16"):
        program_of(lambda x: lax.bitcast_convert_type(x.astype(jnp.bfloat16), jnp.int16).sum(), X)
    with pytest.raises(UnsupportedPrimitive, match=r"scatter at .*a function applied"):
        program_of(lambda x: x.at[0].apply(jnp.sin), X)


def test_parameters_are_numbers() -> None:
    with pytest.raises(TypeError, match="'count' holds i32"):
        trace(lambda p, x: x * p["count"], {"count": np.zeros((), np.int32)}, X)


def test_the_result_has_a_batch_axis() -> None:
    with pytest.raises(ValueError, match="size not equal to one"):
        trace(lambda _, x: jnp.concatenate([x, x]), (), X)


def test_64_bit_arrays_are_traced_as_32_bit_ones() -> None:
    program = program_of(lambda x, i: x[i], X.astype(np.float64), np.zeros(2, np.int64))
    assert [t for _, t in program.inputs] == [Type(DType.F24, (3, 4)), Type(DType.I32, (2,))]


def test_a_program_beyond_a_bound_is_no_result() -> None:
    """Whoever evaluated it would not come back."""

    def often(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda x: lax.fori_loop(0, 1 << 16, lambda _, s: f(s), x)

    with pytest.raises(ValueError, match="elementary operations, more than"):
        program_of(often(often(often(jnp.tanh))), X)


def test_jacobis_method_is_refused_before_it_lists_all_pairs() -> None:
    """Of 40,000 columns they would take 20 gigabytes."""
    wide = jax.ShapeDtypeStruct((40000, 40000), jnp.float32)
    with pytest.raises(UnsupportedPrimitive, match="more than 2048 columns"):
        trace_example(lambda _, x: jnp.linalg.eigvalsh(x), (), wide)


def test_what_a_rule_did_not_foresee_has_its_line_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def renamed(*_: Any) -> Any:
        raise KeyError("num_consts")

    monkeypatch.setitem(RULES, "sin", renamed)
    with pytest.raises(UnsupportedPrimitive, match=r"sin at .*test_tracing\.py.*KeyError"):
        program_of(jnp.sin, X)
