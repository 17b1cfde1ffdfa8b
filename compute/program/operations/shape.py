"""Moving elements: every result element is an element of an operand, or a padding value."""

from __future__ import annotations

from compute.program.operation import Attribute, Kind, Operation, require
from compute.program.operations import indexing
from compute.program.operations.rules import (
    MOVE,
    Attributes,
    Types,
    an_axis,
    ascending_axes,
    at_least_one,
    count,
    distinct_axes,
    per_axis,
    scalar_integers,
)
from compute.program.types import Type


def _one(operands: Types) -> Type:
    count(operands, 1)
    return operands[0]


def _broadcast(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    operand = _one(operands)
    shape, axes = attributes["shape"], attributes["axes"]
    per_axis(axes, operand.rank, "axes")
    ascending_axes(axes, len(shape))
    for size, axis in zip(operand.shape, axes, strict=True):
        require(size in (1, shape[axis]), f"{operand} does not stretch to {list(shape)}")
    return (Type(operand.dtype, shape),)


def _reshape(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    result = Type(_one(operands).dtype, attributes["shape"])
    require(result.size == operands[0].size, f"{operands[0]} has not as many elements as {result}")
    return (result,)


def _transpose(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    operand, order = _one(operands), attributes["permutation"]
    per_axis(order, operand.rank, "permutation")
    distinct_axes(order, operand.rank, "permutation")
    return (Type(operand.dtype, tuple(operand.shape[axis] for axis in order)),)


def _slice(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    operand = _one(operands)
    start, stop, stride = (attributes[name] for name in ("start", "stop", "stride"))
    for name in ("start", "stop", "stride"):
        per_axis(attributes[name], operand.rank, name)
    at_least_one(stride, "stride")
    for low, high, size in zip(start, stop, operand.shape, strict=True):
        require(low <= high <= size, f"{low} to {high} is not within an axis of {size}")
    shape = (-(-(high - low) // step) for low, high, step in zip(start, stop, stride, strict=True))
    return (Type(operand.dtype, tuple(shape)),)


def _pad(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    count(operands, 2)
    operand, value = operands
    require(value == Type(operand.dtype), f"{value} does not pad {operand}")
    widths = attributes["widths"]
    per_axis(widths, operand.rank, "widths")
    require(all(len(w) == 3 for w in widths), "a width is low, high and interior")
    require(all(interior >= 0 for _, _, interior in widths), "interior padding is not negative")
    shape = tuple(
        low + high + (size + (size - 1) * interior if size else 0)
        for size, (low, high, interior) in zip(operand.shape, widths, strict=True)
    )
    require(all(size >= 0 for size in shape), f"{operand} is cropped by more than it has")
    return (Type(operand.dtype, shape),)


def _concatenate(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    require(len(operands) >= 1, "it joins at least one operand")
    first = operands[0]
    axis = an_axis(attributes["axis"], first.rank)
    size = 0
    for operand in operands:
        around = operand.shape[:axis], operand.shape[axis + 1 :]
        fits = (
            operand.dtype is first.dtype
            and operand.rank == first.rank
            and around == (first.shape[:axis], first.shape[axis + 1 :])
        )
        require(fits, f"{operand} does not continue {first} along axis {axis}")
        size += operand.shape[axis]
    return (Type(first.dtype, (*first.shape[:axis], size, *first.shape[axis + 1 :])),)


def _reverse(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    ascending_axes(attributes["axes"], _one(operands).rank)
    return (operands[0],)


def _dynamic_slice(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    require(len(operands) >= 1, "it takes an operand and a start for each axis")
    operand, sizes = operands[0], attributes["sizes"]
    count(operands, 1 + operand.rank)
    scalar_integers(operands[1:])
    per_axis(sizes, operand.rank, "sizes")
    for size, available in zip(sizes, operand.shape, strict=True):
        require(size <= available, f"a slice of {list(sizes)} does not fit {operand}")
    return (Type(operand.dtype, sizes),)


def _dynamic_update_slice(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    require(len(operands) >= 2, "it takes an operand, an update and a start for each axis")
    operand, update = operands[:2]
    count(operands, 2 + operand.rank)
    scalar_integers(operands[2:])
    fits = (
        update.dtype is operand.dtype
        and update.rank == operand.rank
        and all(u <= n for u, n in zip(update.shape, operand.shape, strict=True))
    )
    require(fits, f"{update} does not fit into {operand}")
    return (operand,)


_AXES = {"axes": Attribute(Kind.INTEGERS)}
_SHAPE = {"shape": Attribute(Kind.INTEGERS)}

OPERATIONS = (
    Operation("broadcast", 0x80, {**_SHAPE, **_AXES}, _broadcast, MOVE),
    Operation("reshape", 0x81, _SHAPE, _reshape, MOVE),
    Operation("transpose", 0x82, {"permutation": Attribute(Kind.INTEGERS)}, _transpose, MOVE),
    Operation(
        "slice",
        0x83,
        {name: Attribute(Kind.INTEGERS) for name in ("start", "stop", "stride")},
        _slice,
        MOVE,
    ),
    Operation("pad", 0x84, {"widths": Attribute(Kind.SIGNED_TUPLES)}, _pad, MOVE),
    Operation("concatenate", 0x85, {"axis": Attribute(Kind.INTEGER)}, _concatenate, MOVE),
    Operation("reverse", 0x86, _AXES, _reverse, MOVE),
    *indexing.OPERATIONS,
    Operation("dynamic_slice", 0x89, {"sizes": Attribute(Kind.INTEGERS)}, _dynamic_slice, MOVE),
    Operation("dynamic_update_slice", 0x8A, {}, _dynamic_update_slice, MOVE),
)
