"""Rules for sums of products."""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
from jax import Array, lax

from compute.exact import contraction
from compute.exact.convolution import convolve
from compute.exact.values import Context, Rule, Value
from compute.program.program import Step

Axes = tuple[int, ...]


def _dot(context: Context, step: Step, values: Sequence[Value]) -> list[Value]:
    """The examples are more rows of the operand that has them, or a batch axis of both."""
    p, (a, b) = step.attributes, values
    contract, batch = (p["contract_a"], p["contract_b"]), (p["batch_a"], p["batch_b"])
    moved = (_moved(contract[0], a), _moved(contract[1], b))
    along = (_moved(batch[0], a), _moved(batch[1], b))
    both = a.batched and b.batched
    if both:
        along = ((0, *along[0]), (0, *along[1]))
    if a.is_float:
        left, right = (
            _operand(context, number, value.array, c, g)
            for number, value, c, g in zip(step.operands, values, moved, along, strict=True)
        )
        array = contraction.product(left, right)
        array = array.reshape(contraction.result_shape(a.array, b.array, moved, along))
    else:
        array = lax.dot_general(
            a.array, b.array, (moved, along), preferred_element_type=a.array.dtype
        )
    return [Value(_examples_first(array, step, a, b), a.batched or b.batched)]


def _operand(
    context: Context, number: int, array: Array, contract: Axes, batch: Axes
) -> contraction.Operand:
    """As the context has it already: of a weight, or from another product in this block."""
    key = (number, contract, batch)
    if key not in context.operands:
        context.operands[key] = contraction.operand(
            array, contract, batch, context.carrier, context.void
        )
    return context.operands[key]


def _moved(axes: Axes, value: Value) -> Axes:
    return tuple(axis + value.batched for axis in axes)


def _examples_first(array: Array, step: Step, a: Value, b: Value) -> Array:
    """From [batch.., free of a.., free of b..], where they are the first of one's free axes."""
    if a.batched == b.batched:
        return array
    batch = len(step.attributes["batch_a"])
    place = (
        batch if a.batched else batch + len(a.shape) - batch - len(step.attributes["contract_a"])
    )
    return jnp.moveaxis(array, place, 0)


def _convolution(context: Context, step: Step, values: Sequence[Value]) -> list[Value]:
    """An image with examples has more images; a kernel with examples is used one by one."""
    image, kernel = values
    if not kernel.batched:
        x = image.array
        flat = x.reshape(-1, *x.shape[2:]) if image.batched else x
        y = convolve(flat, kernel.array, step.attributes, context.carrier)
        return [Value(y.reshape(*x.shape[: 1 + image.batched], *y.shape[1:]), image.batched)]
    images = image.across(context.examples or 1)

    def one(pair: tuple[Array, Array]) -> Array:
        return convolve(*pair, step.attributes, context.carrier)

    return [Value(lax.map(one, (images, kernel.array)), True)]


RULES: dict[str, Rule] = {"dot": _dot, "convolution": _convolution}
