"""Facts through the operations that move elements, sum them or choose among them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from compute.oracle import indexing, moves, reductions
from compute.oracle.array import Array, Attributes, from_bytes, rows
from compute.oracle.reach import products
from compute.oracle.reach.fact import (
    Fact,
    anything,
    bounded,
    either,
    greatest,
    known,
    least,
    total,
    union,
)
from compute.oracle.reach.facts import Facts, Rule, reshaped, shared, tight, uniform
from compute.program.types import DType, Type


def constant(attributes: Attributes, operands: Sequence[Facts], kind: Type) -> Facts:
    value = attributes["value"]
    if len(value.data) == kind.dtype.bytes:
        return uniform(kind, known(from_bytes(Type(kind.dtype), value.data).data[0]))
    data = [known(x) for x in from_bytes(kind, value.data).data]
    return tight(Facts(kind, kind.shape, data))


def iota(attributes: Attributes, operands: Sequence[Facts], kind: Type) -> Facts:
    held = tuple(n if i == attributes["axis"] else min(n, 1) for i, n in enumerate(kind.shape))
    data = moves.iota({**attributes, "shape": held}, ())
    return Facts(kind, held, [known(x) for x in data])


def broadcast(attributes: Attributes, operands: Sequence[Facts], kind: Type) -> Facts:
    held = [min(n, 1) for n in kind.shape]
    for axis, size in zip(attributes["axes"], operands[0].held, strict=True):
        held[axis] = size
    return Facts(kind, tuple(held), operands[0].data if 0 not in held else [])


def reshape(attributes: Attributes, operands: Sequence[Facts], kind: Type) -> Facts:
    return reshaped(operands[0], kind)


def transpose(attributes: Attributes, operands: Sequence[Facts], kind: Type) -> Facts:
    order = attributes["permutation"]
    return Facts(kind, tuple(operands[0].held[a] for a in order), operands[0].permuted(order))


def _held_array(facts: Facts) -> Array:
    return Array(Type(facts.type.dtype, facts.held), facts.data)


def _moved(name: str, attributes: Attributes, operands: Sequence[Facts], kind: Type) -> Facts:
    """By the oracle's own rule, on the axes that are held in full; others stay as they are."""
    data = moves.RULES[name](attributes, [_held_array(o) for o in operands])
    held = tuple(
        n if h > 1 else min(n, 1) for n, h in zip(kind.shape, operands[0].held, strict=True)
    )
    return Facts(kind, held, data)


def slice_(attributes: Attributes, operands: Sequence[Facts], kind: Type) -> Facts:
    if 0 in kind.shape:
        return Facts(kind, kind.shape, [])
    inner = {
        name: tuple(
            v if h > 1 else alike for v, h in zip(attributes[name], operands[0].held, strict=True)
        )
        for name, alike in (("start", 0), ("stop", 1), ("stride", 1))
    }
    return _moved("slice", inner, operands, kind)


def pad(attributes: Attributes, operands: Sequence[Facts], kind: Type) -> Facts:
    wide = [axis for axis, w in enumerate(attributes["widths"]) if w != (0, 0, 0)]
    facts = operands[0].with_axes(wide)
    data = moves.pad(attributes, [_held_array(facts), _held_array(operands[1])])
    held = tuple(
        n if i in wide else h for i, (n, h) in enumerate(zip(kind.shape, facts.held, strict=True))
    )
    return Facts(kind, held, data)


def concatenate(attributes: Attributes, operands: Sequence[Facts], kind: Type) -> Facts:
    axis = attributes["axis"]
    parts = [o.with_axes((axis,)) for o in operands]
    others = shared([Facts(p.type, (*p.held[:axis], 1, *p.held[axis + 1 :]), []) for p in parts])
    arrays = []
    for part in parts:
        held = tuple(part.held[axis] if i == axis else h for i, h in enumerate(others))
        arrays.append(Array(Type(kind.dtype, held), part.along(held)))
    held = tuple(kind.shape[axis] if i == axis else h for i, h in enumerate(others))
    return Facts(kind, held, moves.concatenate(attributes, arrays))


def reverse(attributes: Attributes, operands: Sequence[Facts], kind: Type) -> Facts:
    data = moves.reverse(attributes, [_held_array(operands[0])])
    return Facts(kind, operands[0].held, data)


def _constants(facts: Facts) -> Array | None:
    """The array itself, if every element is a constant."""
    if not all(f.constant for f in facts.data):
        return None
    return Array(facts.type, [f.low for f in facts.full()])


def gather(attributes: Attributes, operands: Sequence[Facts], kind: Type) -> Facts:
    """By known indices its elements, else for each index vector any element of the operand."""
    table, indices = operands
    where = _constants(indices)
    if where is not None and any(h > 1 for h in table.held):
        full = Array(table.type, table.full())
        data = indexing.gather(attributes, [full, where])
        return tight(Facts(kind, kind.shape, [known(0) if x == 0 else x for x in data]))
    found = either([*table.data, known(0)]) if table.data else known(0)
    depth = indices.type.shape[-1]
    vectors = rows(
        indices.with_axes((len(indices.held) - 1,)).data, depth, math.prod(indices.held[:-1])
    )
    data = [bounded(found.feels | union(v), found.low, found.high) for v in vectors]
    outer = iter(indices.held[:-1])
    offsets = attributes["offset_dims"]
    held = tuple(min(n, 1) if i in offsets else next(outer) for i, n in enumerate(kind.shape))
    return Facts(kind, held, data if 0 not in held else [])


def scatter(attributes: Attributes, operands: Sequence[Facts], kind: Type) -> Facts:
    """By known indices place for place, else every place may feel every update."""
    target, indices, updates = operands
    where = _constants(indices)
    if where is None:
        return coarse(attributes, operands, kind)
    data, new = target.full(), updates.full()
    data = list(data)
    array, sources = Array(kind, data), Array(updates.type, list(new))
    for place, source in indexing.updates_of(attributes, array, where, sources):
        x, y = data[place], new[source]
        kept = attributes["kind"] == "set"
        data[place] = y if kept else anything(x.feels | y.feels, kind.dtype)
    return tight(Facts(kind, kind.shape, data))


def dynamic_slice(attributes: Attributes, operands: Sequence[Facts], kind: Type) -> Facts:
    starts = [_constants(o) for o in operands[1:]]
    if all(s is not None for s in starts):
        full = Array(operands[0].type, operands[0].full())
        data = moves.dynamic_slice(attributes, [full, *(s for s in starts if s is not None)])
        return tight(Facts(kind, kind.shape, data))
    return coarse(attributes, operands, kind)


def coarse(attributes: Attributes, operands: Sequence[Facts], kind: Type) -> Facts:
    """Everything may feel everything."""
    return uniform(kind, anything(union(f for o in operands for f in o.data), kind.dtype))


def grouped(facts: Facts, axes: Sequence[int]) -> tuple[tuple[int, ...], list[list[Fact]], int]:
    """The other axes' holding, a row of facts for each, and how often each fact stands."""
    kept = [i for i in range(len(facts.held)) if i not in axes]
    size = math.prod(facts.held[i] for i in axes)
    held = tuple(facts.held[i] for i in kept)
    full = math.prod(facts.type.shape[i] for i in axes)
    times = full // size if size else 0
    return held, rows(facts.permuted([*kept, *axes]), size, math.prod(held)), times


def _reduce(function: Callable[[list[Fact], int, DType], Fact]) -> Rule:
    def rule(attributes: Attributes, operands: Sequence[Facts], kind: Type) -> Facts:
        axes = attributes["axes"] if "axes" in attributes else (attributes["axis"],)
        held, groups, times = grouped(operands[0], axes)
        return Facts(kind, held, [function(row, times, kind.dtype) for row in groups])

    return rule


def _of_nothing(name: str, dtype: DType) -> Fact:
    function = {"maximum": reductions.largest, "minimum": reductions.smallest}
    return known(function[name]([], dtype) or 0)


def _maximum(row: list[Fact], times: int, dtype: DType) -> Fact:
    return greatest(row) if row else _of_nothing("maximum", dtype)


def _minimum(row: list[Fact], times: int, dtype: DType) -> Fact:
    return least(row) if row else _of_nothing("minimum", dtype)


def _whole(row: list[Fact], times: int, dtype: DType) -> Fact:
    return anything(union(row), dtype)


def prefix(attributes: Attributes, operands: Sequence[Facts], kind: Type) -> Facts:
    """Each place feels those before it, or behind it if the prefix is reversed."""
    axis = attributes["axis"]
    facts = operands[0].with_axes((axis,))
    _, groups, _ = grouped(facts, (axis,))
    step = -1 if attributes["reverse"] else 1
    found = []
    for row in groups:
        feels, out = 0, []
        for fact in row[::step]:
            feels |= fact.feels
            out.append(anything(feels, kind.dtype))
        found.append(out[::step])
    return Facts(kind, facts.held, reductions.back(found, facts.held, axis))


def windows(attributes: Attributes, operands: Sequence[Facts], kind: Type) -> Facts:
    full = Array(operands[0].type, operands[0].full())

    def felt(row: list[Fact], dtype: DType) -> Fact:
        return anything(union(row), dtype)

    data = reductions.window(felt)(attributes, [full])  # type: ignore[arg-type]
    return tight(Facts(kind, kind.shape, data))


def in_lines(attributes: Attributes, operands: Sequence[Facts], kind: Type) -> Facts:
    """Every place of a line along an axis feels all of the line, in all operands."""
    axis = attributes.get("axis", kind.rank - 1)
    held = shared(operands)
    lines = [grouped(Facts(o.type, held, o.along(held)), (axis,))[1] for o in operands]
    feels = [union(f for row in group for f in row) for group in zip(*lines, strict=True)]
    inner = tuple(
        min(n, 1) if i == axis else h for i, (n, h) in enumerate(zip(kind.shape, held, strict=True))
    )
    return Facts(kind, inner, [anything(f, kind.dtype) for f in feels] if 0 not in inner else [])


RULES: dict[str, Rule] = {
    "constant": constant,
    "iota": iota,
    "broadcast": broadcast,
    "reshape": reshape,
    "stop_gradient": lambda attributes, operands, kind: operands[0],
    "transpose": transpose,
    "slice": slice_,
    "pad": pad,
    "concatenate": concatenate,
    "reverse": reverse,
    "gather": gather,
    "scatter": scatter,
    "dynamic_slice": dynamic_slice,
    "dynamic_update_slice": coarse,
    "sum": _reduce(total),
    "maximum": _reduce(_maximum),
    "minimum": _reduce(_minimum),
    **dict.fromkeys(("product", "all", "any", "parity", "argmax", "argmin"), _reduce(_whole)),
    **dict.fromkeys(("cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp"), prefix),
    **dict.fromkeys(("window_sum", "window_max", "window_min"), windows),
    **products.RULES,
}
