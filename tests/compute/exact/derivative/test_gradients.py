"""Gradients of the derivative form against those of the model as it was written.

A difference is measured by the largest gradient of all parameters: a bias that a norm takes away
again (the one before an InstanceNorm) has the gradient 0, and what float32 leaves of it is noise.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compute.exact.derivative import derivative_form
from compute.exact.derivative.rules import ELEMENTWISE, RULES, stretched
from compute.exact.face import named
from compute.exact.tracing import trace, trace_example
from compute.program.operation import ProgramError
from compute.program.operations import OPERATIONS
from compute.program.types import DType, Type
from tests.support.exact_families import FAMILIES
from tests.support.exact_strangers import STRANGERS


@pytest.mark.parametrize("name", ["mlp", "unet"])
def test_the_gradients_are_those_of_the_model(name: str) -> None:
    family = (FAMILIES | STRANGERS)[name]()
    form = derivative_form(trace(family.logits, family.params, family.inputs))
    inputs = named(family.inputs)

    def gradients(logits: Callable[[Any], jax.Array], params: Any) -> dict[str, jax.Array]:
        """Of a sum of squares, which weighs all results."""
        return named(jax.jit(jax.grad(lambda p: (logits(p) ** 2).mean()))(params))

    found = gradients(lambda p: form(p, inputs)[0], named(family.params))
    wanted = gradients(lambda p: family.logits(p, family.inputs), family.params)
    assert found.keys() == wanted.keys()
    largest = max(np.abs(g).max() for g in wanted.values())
    for key, gradient in wanted.items():
        np.testing.assert_allclose(found[key], gradient, atol=1e-5 * largest, rtol=0, err_msg=key)


def kept(logits: Callable[[Any], jax.Array], params: Any) -> int:
    """Bytes that are kept between the results and their derivative."""
    derivative = jax.eval_shape(lambda p: jax.vjp(logits, p)[1], params)
    return sum(x.size * x.dtype.itemsize for x in jax.tree.leaves(derivative))


@pytest.mark.parametrize("name", ["llama", "vit"])
def test_a_gradient_keeps_no_more_than_that_of_the_model(name: str) -> None:
    """Softmax and norms divide by what is the same for a row."""
    family = FAMILIES[name]()
    form = derivative_form(trace(family.logits, family.params, family.inputs))
    inputs = named(family.inputs)
    found = kept(lambda p: form(p, inputs)[0], named(family.params))
    wanted = kept(lambda p: family.logits(p, family.inputs), family.params)
    assert found <= 1.01 * wanted  # some constants are kept too


def is_binary(name: str, dtype: DType) -> bool:
    """Whether the operation takes two arrays of this type."""
    operation, kind = OPERATIONS[name], Type(dtype, (3, 4))
    try:
        return not operation.attributes and bool(operation.infer({}, (kind, kind)))
    except ProgramError:
        return False


BINARY = {
    f"{name} {dtype.name}": (name, dtype)
    for name in sorted(ELEMENTWISE)
    for dtype in (DType.F24, DType.U32, DType.BOOL)
    if is_binary(name, dtype)
}


@pytest.mark.parametrize("case", BINARY)
def test_an_elementwise_operation_stretches_axes_of_one_element(case: str) -> None:
    name, dtype = BINARY[case]
    draw = np.random.default_rng(5).uniform
    row = draw(0.5, 4.0, (1, 4)).astype(dtype.numpy)
    column = draw(0.5, 4.0, (2, 3, 1)).astype(dtype.numpy)

    def results(row: Any, whole: bool) -> jax.Array:
        def one(column: Any) -> Any:
            pair = (stretched(a, (3, 4)) if whole else a for a in (column, row))
            return RULES[name]({}, *pair)

        return jax.vmap(one)(column)

    np.testing.assert_array_equal(results(row, False), results(row, True))
    if dtype.is_float:
        weights = draw(0.5, 1.0, (2, 3, 4)).astype(np.float32)
        found, wanted = (
            jax.grad(lambda r: (weights * results(r, whole)).sum())(row)  # noqa: B023
            for whole in (False, True)
        )
        np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_what_a_program_hands_on_has_its_whole_shape() -> None:
    """Loops, branches, operations that are not elementwise, and results."""

    def model(params: Any, x: Any) -> Any:
        def body(state: Any, row: Any) -> Any:
            return state + row.sum() + jnp.ones((3, 4)), jnp.full((2,), params["b"])

        rows = jnp.broadcast_to(params["a"][:, None], (3, 4))
        state, more = jax.lax.scan(body, jnp.zeros((3, 4)), rows)
        chosen = jax.lax.cond(x[0] > 0, lambda a: a.sum(0), lambda a: a[0], rows)
        return rows, rows.sum(1), state.sum(0), more, chosen, jnp.zeros((2, 5))

    params = {"a": np.arange(1, 4, dtype=np.float32), "b": np.float32(3)}
    x = np.ones(2, np.float32)
    form = derivative_form(trace_example(model, params, x))
    found = form(named(params), {name: a[None] for name, a in named(x).items()})
    for result, wanted in zip(found, model(params, x), strict=True):
        np.testing.assert_array_equal(result[0], wanted)
