"""Gather and scatter, without the axes of size 1 that no index names."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jax.extend.core import Literal

from compute.exact.tracing.graph import Shape, Value, renumbered
from compute.exact.tracing.scope import RULES, Parameters, Scope, rule
from compute.program.types import DType


@dataclass(frozen=True)
class _Numbers:
    """XLA's numbers of axes, by the meaning that gather and scatter share.

    `window`: axes of the result (gather) or the updates (scatter) that a window has; `dropped`:
    axes of the operand that a window does not keep.
    """

    window: Shape
    dropped: Shape
    index_map: Shape
    batch: Shape
    index_batch: Shape

    def compact(
        self, operand: Shape, indices: Shape
    ) -> tuple[_Numbers, list[int], list[int], list[int]]:
        """These numbers, and the axes of operand, indices and result or updates that are left."""
        axes = [i for i, n in enumerate(operand) if n != 1 or i in self.index_map]
        last = len(indices) - 1
        index_axes = [i for i, n in enumerate(indices) if n != 1 or i == last]
        windowed = [i for i in range(len(operand)) if i not in (*self.dropped, *self.batch)]
        sources = iter(windowed)
        batches = iter(range(last))
        outer = [
            i
            for i in range(last + len(windowed))
            if (next(sources) in axes if i in self.window else next(batches) in index_axes)
        ]
        numbers = _Numbers(
            renumbered(self.window, outer),
            renumbered(self.dropped, axes),
            renumbered(self.index_map, axes),
            renumbered(self.batch, axes),
            renumbered(self.index_batch, index_axes),
        )
        return numbers, axes, index_axes, outer


@rule("gather")
def _gather(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    table, indices = operands
    fill = str(parameters["mode"]).endswith("FILL_OR_DROP") or parameters["mode"] == 1
    found = _gathered(scope, parameters, table, indices, fill)
    value = parameters.get("fill_value")
    if not fill or value is None or value == 0 or np.isnan(value):
        return [found]
    ones = scope.graph.filled(1, table.shape, DType.U8)
    inside = scope.graph.convert(_gathered(scope, parameters, ones, indices, fill), DType.BOOL)
    other = scope.graph.constant(np.full(found.type.shape, value), table.dtype)
    return [scope.graph.step("select", inside, scope.graph.reshape(other, found.type.shape), found)]


def _gathered(
    scope: Scope, parameters: Parameters, table: Value, indices: Value, fill: bool
) -> Value:
    dims = parameters["dimension_numbers"]
    numbers, axes, index_axes, _ = _Numbers(
        dims.offset_dims,
        dims.collapsed_slice_dims,
        dims.start_index_map,
        dims.operand_batching_dims,
        dims.start_indices_batching_dims,
    ).compact(table.shape, indices.shape)
    return scope.graph.step(
        "gather",
        scope.graph.with_axes(table, axes),
        scope.graph.with_axes(indices, index_axes),
        offset_dims=numbers.window,
        collapsed_slice_dims=numbers.dropped,
        start_index_map=numbers.index_map,
        operand_batching_dims=numbers.batch,
        start_indices_batching_dims=numbers.index_batch,
        slice_sizes=tuple(int(parameters["slice_sizes"][i]) for i in axes),
        mode="fill" if fill else "clip",
    )


def _scatter(
    kind: str, scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    operand, indices, updates = operands
    if 0 in updates.shape:
        return [operand]
    if kind == "set":
        _check_replaces(parameters["update_jaxpr"])
    dims = parameters["dimension_numbers"]
    numbers, axes, index_axes, outer = _Numbers(
        dims.update_window_dims,
        dims.inserted_window_dims,
        dims.scatter_dims_to_operand_dims,
        dims.operand_batching_dims,
        dims.scatter_indices_batching_dims,
    ).compact(operand.shape, indices.shape)
    if kind == "sub":
        kind, updates = "add", scope.graph.shaped(scope.graph.step("neg", updates), updates.shape)
    return [
        scope.graph.step(
            "scatter",
            scope.graph.with_axes(operand, axes),
            scope.graph.with_axes(indices, index_axes),
            scope.graph.with_axes(updates, outer),
            kind=kind,
            update_window_dims=numbers.window,
            inserted_window_dims=numbers.dropped,
            scatter_dims_to_operand_dims=numbers.index_map,
            operand_batching_dims=numbers.batch,
            scatter_indices_batching_dims=numbers.index_batch,
            mode="clip" if str(parameters["mode"]).endswith("CLIP") else "drop",
        )
    ]


def _check_replaces(update: Any) -> None:
    """Raise NotImplementedError unless the update takes the place of what was there."""
    if update is None:
        return
    jaxpr = getattr(update, "jaxpr", update)
    (out,) = jaxpr.outvars
    if isinstance(out, Literal) or out is not jaxpr.invars[1]:
        raise NotImplementedError("a function applied to the elements at indices")


for _primitive, _kind in {
    "scatter": "set",
    "scatter-add": "add",
    "scatter-sub": "sub",
    "scatter-mul": "mul",
    "scatter-min": "min",
    "scatter-max": "max",
}.items():
    RULES[_primitive] = functools.partial(_scatter, _kind)
    RULES[_primitive.replace("-", "_")] = RULES[_primitive]
