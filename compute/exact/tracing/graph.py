"""A block in the making, on values whose axes of size 1 are left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compute.exact.tracing.gelu import gelu_argument
from compute.program.builder import Builder, checked_results
from compute.program.operations import OPERATIONS
from compute.program.program import Block, Constant, Step
from compute.program.types import DType, Type

LARGEST = float((2**24 - 1) * 2.0**104)
SMALLEST = 2.0**-96
_MOVES = ("broadcast", "reshape", "transpose", "slice", "reverse")
_CONTROL = ("scan", "cond", "while")

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Value:
    """A value of the block.  `shape` is what the jaxpr says; `type.shape` what the block holds:
    the same but for axes of size 1, and usually none of those."""

    number: int
    type: Type
    shape: Shape

    @property
    def dtype(self) -> DType:
        return self.type.dtype


def squeezed(shape: Shape) -> Shape:
    """Without the axes of size 1."""
    return tuple(n for n in shape if n != 1)


def long_axes(shape: Shape, also: Iterable[int] = ()) -> list[int]:
    """The axes whose size is not 1, and those of `also`."""
    also = set(also)
    return [axis for axis, n in enumerate(shape) if n != 1 or axis in also]


def renumbered(axes: Iterable[int], kept: Sequence[int]) -> Shape:
    """The numbers that `axes` have when only `kept` are left; those that are not left are gone."""
    return tuple(kept.index(axis) for axis in axes if axis in kept)


class Graph:
    """Adds steps, each but once: equal steps on equal operands are one.

    Methods take and return Values.  Raises ProgramError for steps that the operations refuse.
    """

    def __init__(self, inputs: Sequence[Type], shapes: Sequence[Shape]) -> None:
        self._builder = Builder(inputs)
        self._known: dict[Any, tuple[int, ...]] = {}
        self._made: dict[int, Step] = {}
        self.inputs = [
            self.shaped(Value(n, kind, kind.shape), shape)
            for n, (kind, shape) in enumerate(zip(inputs, shapes, strict=True))
        ]

    def made(self, number: int) -> Step | None:
        """The step that made a value, if it has one result."""
        return self._made.get(number)

    def type_of(self, number: int) -> Type:
        """The type of a value."""
        return self._builder.types[number]

    def splat(self, number: int) -> Any | None:
        """The element that all elements of this constant are equal to, if it is one."""
        made = self._made.get(number)
        if made is None or made.operation.name != "constant":
            return None
        constant: Constant = made.attributes["value"]
        if len(constant.data) != constant.type.dtype.bytes:
            return None
        return np.frombuffer(constant.data, constant.type.dtype.numpy)[0]

    def steps(self, name: str, *operands: Value, **attributes: Any) -> list[Value]:
        """Add a step; its results in the layout that it gives them."""
        numbers = [v.number for v in operands]
        return [
            Value(n, self._builder.types[n], self._builder.types[n].shape)
            for n in self._numbers(name, numbers, attributes)
        ]

    def step(self, name: str, *operands: Value, **attributes: Any) -> Value:
        """Add a step with one result."""
        (result,) = self.steps(name, *operands, **attributes)
        return result

    def _numbers(
        self, name: str, operands: Sequence[int], attributes: dict[str, Any]
    ) -> tuple[int, ...]:
        if name == "mul" and (x := gelu_argument(self, *operands)) is not None:
            name, operands = "gelu", [x]
        if name in _MOVES and self.splat(operands[0]) is not None:
            attributes = self._moved(name, operands[0], attributes)
            name, operands = "constant", []
        if name in _CONTROL:
            return self._builder.step(name, *operands, **attributes)
        key = (name, tuple(operands), tuple(sorted(attributes.items())))
        if key not in self._known:
            results = self._builder.step(name, *operands, **attributes)
            self._known[key] = results
            if len(results) == 1:
                kinds = tuple(self._builder.types[n] for n in results)
                self._made[results[0]] = Step(
                    OPERATIONS[name], tuple(operands), kinds, dict(attributes)
                )
        return self._known[key]

    def _moved(self, name: str, number: int, attributes: dict[str, Any]) -> dict[str, Any]:
        """A constant whose elements are all equal, moved."""
        constant: Constant = self._made[number].attributes["value"]
        (kind,) = checked_results(OPERATIONS[name], attributes, [constant.type])
        return {"value": Constant(kind, constant.data if kind.size else b"")}

    def reshape(self, value: Value, shape: Shape) -> Value:
        """With exactly this layout."""
        if value.type.shape == shape:
            return value
        return self.step("reshape", value, shape=shape)

    def shaped(self, value: Value, shape: Shape) -> Value:
        """A value that has `shape` for the jaxpr, without axes of size 1."""
        bare = self.reshape(value, squeezed(shape))
        return Value(bare.number, bare.type, shape)

    def with_axes(self, value: Value, axes: Sequence[int]) -> Value:
        """With just these axes of its shape, of which only axes of size 1 may be left out."""
        return self.reshape(value, tuple(value.shape[axis] for axis in axes))

    def full(self, value: Value) -> Value:
        """With all its axes."""
        return self.reshape(value, value.shape)

    def transposed(self, value: Value, order: Sequence[int]) -> Value:
        """Axis i of the result is axis order[i] of the value."""
        kept = long_axes(value.shape)
        permutation = renumbered(order, kept)
        shape = tuple(value.shape[axis] for axis in order)
        if permutation == tuple(range(len(kept))):
            return self.shaped(value, shape)
        return self.shaped(self.step("transpose", value, permutation=permutation), shape)

    def broadcast(self, value: Value, shape: Shape, axes: Sequence[int]) -> Value:
        """Axis i of the value becomes axis axes[i] of the result."""
        kept = long_axes(shape)
        new = squeezed(shape)
        placed = renumbered((a for a, n in zip(axes, value.shape, strict=True) if n != 1), kept)
        if new == value.type.shape:
            return self.shaped(value, shape)
        return self.shaped(self.step("broadcast", value, shape=new, axes=placed), shape)

    def stretched(self, value: Value, shape: Shape) -> Value:
        """A scalar, or what has axes of size 1 where `shape` has longer ones, in this shape."""
        if len(value.shape) == len(shape):
            return self.broadcast(value, shape, range(len(shape)))
        return self.broadcast(self.shaped(value, ()), shape, ())

    def convert(self, value: Value, dtype: DType) -> Value:
        """In another element type."""
        if value.dtype is dtype:
            return value
        return self.shaped(self.step("convert", value, dtype=dtype), value.shape)

    def constant(self, array: np.ndarray, dtype: DType) -> Value:
        """A constant.  Infinities are LARGEST, numbers too small to be values are 0, and what is
        not a number is SATURATED."""
        array = np.asarray(array)
        bare = array.reshape(squeezed(array.shape))
        if not dtype.is_float:
            return self._constant(bare.astype(dtype.numpy), dtype, array.shape)
        wide = bare.astype(np.float64)
        unknown = np.isnan(wide)
        numbers = np.clip(np.where(unknown, 0.0, wide), -LARGEST, LARGEST).astype(np.float32)
        numbers = np.where(np.abs(numbers) < SMALLEST, np.float32(0), numbers)
        known = self._constant(numbers, dtype, array.shape)
        if not unknown.any():
            return known
        zero = self._constant(np.zeros(bare.shape, np.float32), dtype, array.shape)
        saturated = self.step("div", zero, zero)
        if unknown.all():
            return self.shaped(saturated, array.shape)
        which = self._constant(unknown, DType.BOOL, array.shape)
        return self.shaped(self.step("select", which, known, saturated), array.shape)

    def _constant(self, array: np.ndarray, dtype: DType, shape: Shape) -> Value:
        data = array.astype(np.dtype(dtype.numpy).newbyteorder("<")).tobytes()
        width = dtype.bytes
        if array.size > 1 and data == data[:width] * array.size:
            data = data[:width]
        value = self.step("constant", value=Constant(Type(dtype, array.shape), data))
        return self.shaped(value, shape)

    def filled(self, number: Any, shape: Shape, dtype: DType) -> Value:
        """A constant of equal elements."""
        bare = squeezed(shape)
        data = np.full((), number, dtype.numpy).tobytes() if 0 not in bare else b""
        value = self.step("constant", value=Constant(Type(dtype, bare), data))
        return self.shaped(value, shape)

    def block(self, results: Sequence[Value]) -> Block:
        """The finished block, without the steps that its results do not need."""
        return pruned(self._builder.block([v.number for v in results]))


def pruned(block: Block) -> Block:
    """Without the steps that the results do not need."""
    numbers = len(block.inputs)
    starts = []
    for step in block.steps:
        starts.append(numbers)
        numbers += len(step.results)
    needed = set(block.results)
    kept = []
    for start, step in zip(reversed(starts), reversed(block.steps), strict=True):
        if needed.intersection(range(start, start + len(step.results))):
            needed.update(step.operands)
            kept.append((start, step))
    new = {n: n for n in range(len(block.inputs))}
    for start, step in reversed(kept):
        new |= {start + i: len(new) + i for i in range(len(step.results))}
    steps = (
        Step(s.operation, tuple(new[n] for n in s.operands), s.results, s.attributes)
        for _, s in reversed(kept)
    )
    return Block(block.inputs, tuple(steps), tuple(new[n] for n in block.results))
