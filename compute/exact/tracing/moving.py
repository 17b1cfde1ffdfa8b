"""Primitives that move elements: shapes, slices, padding, joining."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compute.exact.tracing.graph import Value, long_axes, renumbered
from compute.exact.tracing.scope import Operand, Parameters, Scope, rule


@rule("reshape")
def _reshape(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    order = parameters["dimensions"]
    return [operands[0] if order is None else scope.graph.transposed(operands[0], order)]


@rule("squeeze", "expand_dims")
def _same(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    return [operands[0]]


@rule("transpose")
def _transpose(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    return [scope.graph.transposed(operands[0], parameters["permutation"])]


@rule("broadcast_in_dim")
def _broadcast(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    if len(operands) > 1:
        raise NotImplementedError("a shape that is computed")
    axes = parameters["broadcast_dimensions"]
    return [scope.graph.broadcast(operands[0], avals[0].shape, axes)]


@rule("slice")
def _slice(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    (x,) = operands
    kept = long_axes(x.shape)
    start, stop = parameters["start_indices"], parameters["limit_indices"]
    stride = parameters["strides"] or (1,) * len(x.shape)
    return [sliced(scope, x, *([t[i] for i in kept] for t in (start, stop, stride)))]


def sliced(
    scope: Scope, x: Value, start: Sequence[int], stop: Sequence[int], stride: Sequence[int]
) -> Value:
    """A slice of the axes that the block holds."""
    if tuple(stop) == x.type.shape and not any(start) and all(s == 1 for s in stride):
        return x
    attributes = {"start": start, "stop": stop, "stride": stride}
    return scope.graph.step("slice", x, **{k: tuple(map(int, v)) for k, v in attributes.items()})


@rule("split")
def _split(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> Sequence[Operand]:
    (x,), axis = operands, parameters["axis"]
    kept = long_axes(x.shape, [axis])
    at = kept.index(axis)
    whole = scope.graph.with_axes(x, kept)
    results: list[Value] = []
    start = 0
    for size in map(int, parameters["sizes"]):
        starts, stops = [0] * len(kept), list(whole.type.shape)
        starts[at], stops[at] = start, start + size
        results.append(sliced(scope, whole, starts, stops, [1] * len(kept)))
        start += size
    return results


@rule("unstack")
def _unstack(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> Sequence[Operand]:
    sizes = (1,) * operands[0].shape[parameters["axis"]]
    return _split(scope, {"axis": parameters["axis"], "sizes": sizes}, operands, avals)


@rule("concatenate")
def _concatenate(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    return [joined(scope, operands, parameters["dimension"])]


def joined(scope: Scope, operands: Sequence[Value], axis: int) -> Value:
    """Concatenated along an axis of their shapes."""
    parts = [v for v in operands if v.shape[axis]]
    if len(parts) == 1:
        return parts[0]
    kept = [i for i, n in enumerate(parts[0].shape) if n != 1 or i == axis]
    whole = [scope.graph.with_axes(v, kept) for v in parts]
    return scope.graph.step("concatenate", *whole, axis=kept.index(axis))


@rule("stack")
def _stack(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    axis = parameters["axis"]
    return [joined(scope, [expanded(v, axis) for v in operands], axis)]


def expanded(value: Value, axis: int) -> Value:
    """With a new axis of size 1."""
    shape = (*value.shape[:axis], 1, *value.shape[axis:])
    return Value(value.number, value.type, shape)


@rule("tile")
def _tile(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    (x,) = operands
    for axis, times in enumerate(parameters["reps"]):
        x = scope.graph.shaped(
            joined(scope, [x] * times, axis),
            tuple(n * times if i == axis else n for i, n in enumerate(x.shape)),
        )
    return [x]


@rule("pad")
def _pad(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    x, value = operands
    widths = parameters["padding_config"]
    kept = long_axes(x.shape, [i for i, w in enumerate(widths) if any(w[:2])])
    chosen = tuple(tuple(map(int, widths[i])) for i in kept)
    if not any(any(w) for w in chosen):
        return [x]
    return [scope.graph.step("pad", scope.graph.with_axes(x, kept), value, widths=chosen)]


@rule("rev")
def _reverse(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    (x,) = operands
    axes = tuple(sorted(renumbered(parameters["dimensions"], long_axes(x.shape))))
    return [scope.graph.step("reverse", x, axes=axes) if axes else x]


@rule("dynamic_slice")
def _dynamic_slice(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    x, *starts = operands
    kept = long_axes(x.shape)
    sizes = tuple(int(parameters["slice_sizes"][i]) for i in kept)
    if sizes == x.type.shape:
        return [x]
    fixed: list[Any] = [scope.graph.splat(starts[i].number) for i in kept]
    if all(n is not None for n in fixed):
        start = [
            min(max(int(n), 0), size - length)
            for n, size, length in zip(fixed, x.type.shape, sizes, strict=True)
        ]
        stop = [n + length for n, length in zip(start, sizes, strict=True)]
        return [sliced(scope, x, start, stop, [1] * len(kept))]
    return [scope.graph.step("dynamic_slice", x, *(starts[i] for i in kept), sizes=sizes)]


@rule("dynamic_update_slice")
def _dynamic_update_slice(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    x, update, *starts = operands
    if 0 in update.shape:
        return [x]
    kept = long_axes(x.shape)
    piece = scope.graph.with_axes(update, kept)
    if piece.type == x.type:
        return [piece]
    return [scope.graph.step("dynamic_update_slice", x, piece, *(starts[i] for i in kept))]
