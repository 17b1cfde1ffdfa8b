"""Gather and scatter: windows of an operand at positions that another operand gives.

The numbers of axes are those of XLA's gather and scatter; the last axis of the indices is the index
vector.  An index vector is out of bounds if any window it starts would leave the operand.
"""

from __future__ import annotations

from dataclasses import dataclass

from compute.program.operation import Attribute, Cost, Kind, Operation, require
from compute.program.operations.rules import (
    ALL_SUMS,
    MOVE,
    Attributes,
    Types,
    ascending_axes,
    count,
    distinct_axes,
    holds,
    is_integer,
    is_number,
    per_axis,
    per_element,
    terms,
)
from compute.program.types import Type


@dataclass(frozen=True)
class Axes:
    """Which axes of the operand have a window, which the index vector names, which are batched.

    `window`: ascending axes of the operand whose window is kept; `index_map[k]`: the axis that
    entry k of the index vector starts; `batch[i]`: pairs of an axis of the operand and an axis of
    the indices that run together.
    """

    window: tuple[int, ...]
    index_map: tuple[int, ...]
    batch: tuple[tuple[int, int], ...]


def _axes(
    operand: Type,
    indices: Type,
    dropped: tuple[int, ...],
    index_map: tuple[int, ...],
    batch: tuple[int, ...],
    index_batch: tuple[int, ...],
) -> Axes:
    holds(indices, is_integer)
    require(indices.rank >= 1, "indices have an axis for the index vector")
    ascending_axes(dropped, operand.rank)
    ascending_axes(batch, operand.rank)
    distinct_axes(index_map + batch, operand.rank, "named and batched axes")
    distinct_axes(dropped + batch, operand.rank, "dropped and batched axes")
    distinct_axes(index_batch, indices.rank - 1, "batched axes of the indices")
    require(
        len(index_map) == indices.shape[-1],
        f"an index vector of {indices.shape[-1]} does not name {len(index_map)} axes",
    )
    require(len(batch) == len(index_batch), "batched axes come in pairs")
    for axis, other in zip(batch, index_batch, strict=True):
        same = operand.shape[axis] == indices.shape[other]
        require(same, f"batched axes {axis} of {operand} and {other} of {indices} differ")
    window = tuple(i for i in range(operand.rank) if i not in dropped and i not in batch)
    return Axes(window, index_map, tuple(zip(batch, index_batch, strict=True)))


def gather_axes(attributes: Attributes, operand: Type, indices: Type) -> Axes:
    return _axes(
        operand,
        indices,
        attributes["collapsed_slice_dims"],
        attributes["start_index_map"],
        attributes["operand_batching_dims"],
        attributes["start_indices_batching_dims"],
    )


def scatter_axes(attributes: Attributes, operand: Type, indices: Type) -> Axes:
    return _axes(
        operand,
        indices,
        attributes["inserted_window_dims"],
        attributes["scatter_dims_to_operand_dims"],
        attributes["operand_batching_dims"],
        attributes["scatter_indices_batching_dims"],
    )


def _gather(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    count(operands, 2)
    operand, indices = operands
    axes = gather_axes(attributes, operand, indices)
    sizes, offsets = attributes["slice_sizes"], attributes["offset_dims"]
    per_axis(sizes, operand.rank, "slice_sizes")
    for axis, (size, available) in enumerate(zip(sizes, operand.shape, strict=True)):
        require(size <= available, f"a slice of {list(sizes)} does not fit {operand}")
        require(axis in axes.window or size == 1, f"axis {axis} is dropped and has not size 1")
    require(len(offsets) == len(axes.window), "offset_dims names one axis for each of the window")
    rank = indices.rank - 1 + len(offsets)
    ascending_axes(offsets, rank, "offset_dims")
    window, batch = iter([sizes[axis] for axis in axes.window]), iter(indices.shape[:-1])
    shape = tuple(next(window) if i in offsets else next(batch) for i in range(rank))
    return (Type(operand.dtype, shape),)


def _scatter(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    count(operands, 3)
    operand, indices, updates = operands
    require(updates.dtype is operand.dtype, f"{updates} does not update {operand}")
    if attributes["kind"] != "set":
        holds(operand, is_number)
    axes = scatter_axes(attributes, operand, indices)
    dims = attributes["update_window_dims"]
    require(len(dims) == len(axes.window), "update_window_dims names one axis for each of a window")
    require(
        updates.rank == indices.rank - 1 + len(dims), f"{updates} has not the axes of {indices}"
    )
    ascending_axes(dims, updates.rank, "update_window_dims")
    for dim, axis in zip(dims, axes.window, strict=True):
        require(updates.shape[dim] <= operand.shape[axis], f"{updates} does not fit {operand}")
    for axis in range(operand.rank):
        if axis not in axes.window:
            require(operand.shape[axis] > 0, f"{operand} has no place for an update")
    rest = tuple(size for i, size in enumerate(updates.shape) if i not in dims)
    require(rest == indices.shape[:-1], f"{updates} has not an update for each of {indices}")
    terms(updates.size + 1)
    return (operand,)


def _scatter_cost(attributes: Attributes, operands: Types, results: Types) -> Cost:
    cost = ALL_SUMS if attributes["kind"] == "add" else per_element(4, 48)
    return cost(attributes, operands, results)


_INTEGERS = Attribute(Kind.INTEGERS)

OPERATIONS = (
    Operation(
        "gather",
        0x87,
        {
            "offset_dims": _INTEGERS,
            "collapsed_slice_dims": _INTEGERS,
            "start_index_map": _INTEGERS,
            "operand_batching_dims": _INTEGERS,
            "start_indices_batching_dims": _INTEGERS,
            "slice_sizes": _INTEGERS,
            "mode": Attribute(Kind.CHOICE, ("clip", "fill")),
        },
        _gather,
        MOVE,
    ),
    Operation(
        "scatter",
        0x88,
        {
            "kind": Attribute(Kind.CHOICE, ("set", "add", "mul", "min", "max")),
            "update_window_dims": _INTEGERS,
            "inserted_window_dims": _INTEGERS,
            "scatter_dims_to_operand_dims": _INTEGERS,
            "operand_batching_dims": _INTEGERS,
            "scatter_indices_batching_dims": _INTEGERS,
            "mode": Attribute(Kind.CHOICE, ("clip", "drop")),
        },
        _scatter,
        _scatter_cost,
    ),
)
