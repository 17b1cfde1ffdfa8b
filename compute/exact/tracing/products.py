"""Sums of products in the canonical layouts of the operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compute.exact.tracing.graph import Value, long_axes, renumbered
from compute.exact.tracing.scope import Parameters, Scope, dtype_of, rule


@rule("dot_general")
def _dot(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    a, b = (scope.graph.convert(v, dtype_of(avals[0])) for v in operands)
    (contract_a, contract_b), (batch_a, batch_b) = parameters["dimension_numbers"]
    of_a, of_b = long_axes(a.shape), long_axes(b.shape)
    contracted = renumbered(contract_a, of_a)
    if not contracted:
        return [_outer(scope, a, b, (contract_a, contract_b), (batch_a, batch_b), avals[0].shape)]
    return [
        scope.graph.step(
            "dot",
            a,
            b,
            contract_a=contracted,
            contract_b=renumbered(contract_b, of_b),
            batch_a=renumbered(batch_a, of_a),
            batch_b=renumbered(batch_b, of_b),
        )
    ]


def _outer(
    scope: Scope, a: Value, b: Value, contracted: Any, batch: Any, shape: tuple[int, ...]
) -> Value:
    """One product an element: no sum, and so rounded like a product."""
    placed = []
    first_free = len(batch[0])
    for value, gone, shared in zip((a, b), contracted, batch, strict=True):
        free = [i for i in range(len(value.shape)) if i not in gone and i not in shared]
        order = [*shared, *free]
        kept = scope.graph.transposed(value, [*order, *gone])
        kept = scope.graph.shaped(kept, tuple(value.shape[i] for i in order))
        axes = [*range(len(shared)), *range(first_free, first_free + len(free))]
        placed.append(scope.graph.broadcast(kept, shape, axes))
        first_free += len(free)
    return scope.graph.step("mul", *placed)


@rule("conv_general_dilated")
def _convolution(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    graph = scope.graph
    image, kernel = (graph.convert(v, dtype_of(avals[0])) for v in operands)
    names = parameters["dimension_numbers"]
    lhs, rhs, out = names.lhs_spec, names.rhs_spec, names.out_spec
    image = graph.transposed(image, (lhs[0], *lhs[2:], lhs[1]))
    kernel = graph.transposed(kernel, (*rhs[2:], rhs[1], rhs[0]))
    groups = int(parameters["feature_group_count"])
    if (batches := int(parameters["batch_group_count"])) != 1:
        image, groups = _batches_as_groups(scope, image, batches), batches
    result = _convolved(scope, image, kernel, groups, parameters)
    shape = tuple(avals[0].shape[i] for i in (out[0], *out[2:], out[1]))
    back = (out[0], *out[2:], out[1])
    order = [back.index(i) for i in range(len(back))]
    return [graph.transposed(graph.shaped(result, shape), order)]


def _convolved(
    scope: Scope, image: Value, kernel: Value, groups: int, parameters: Parameters
) -> Value:
    padding = tuple((int(low), int(high)) for low, high in parameters["padding"])
    found = {
        "strides": parameters["window_strides"],
        "input_dilation": parameters["lhs_dilation"],
        "kernel_dilation": parameters["rhs_dilation"],
    }
    one_place = all(n == 1 for n in kernel.shape[:-2]) and not any(map(any, padding))
    plain = all(n == 1 for n in (*found["strides"], *found["input_dilation"]))
    if one_place and plain and groups == 1 and 1 not in kernel.shape[-2:]:
        last = len(image.type.shape) - 1
        contract = {"contract_a": (last,), "contract_b": (0,)}
        return scope.graph.step("dot", image, kernel, **contract, batch_a=(), batch_b=())
    attributes = {key: tuple(map(int, values)) for key, values in found.items()}
    whole = scope.graph.full(image), scope.graph.full(kernel)
    return scope.graph.step("convolution", *whole, padding=padding, groups=groups, **attributes)


def _batches_as_groups(scope: Scope, image: Value, batches: int) -> Value:
    """[G * N, spatial.., C] -> [N, spatial.., G * C]: each part of the batch has its channels."""
    first, *spatial, channels = image.shape
    rank = len(spatial)
    split = scope.graph.shaped(image, (batches, first // batches, *spatial, channels))
    order = (*range(1, rank + 2), 0, rank + 2)
    moved = scope.graph.transposed(split, order)
    return scope.graph.shaped(moved, (first // batches, *spatial, batches * channels))
