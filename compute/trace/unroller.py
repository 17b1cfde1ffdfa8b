"""Makes rows of steps: loops are unrolled, steps lowered, operands of folds laid out.

What only renames elements (reshape, the slices and carries of a loop) is no row, and a row that is
byte for byte an earlier one is that row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from compute.oracle.array import from_bytes
from compute.program.form import IMMEDIATE, OWN, WIDE, Code, Form, Read, Source, encode
from compute.program.lowering import NotLowered, lower
from compute.program.lowering.common import strides
from compute.program.operations import OPERATIONS
from compute.program.program import Block, Program, Step
from compute.program.types import DType, Type
from compute.trace.leaf import decode
from compute.trace.rows import (
    COLUMN,
    CONSTANT,
    MOST_ELEMENTS,
    MOST_LEAF_BYTES,
    MOST_PROOF,
    MOST_ROWS,
    MOST_WORDS,
    PARAMETER,
    Column,
    Constant,
    Layout,
    Made,
    NotRefereed,
    Parameter,
    Result,
    Row,
    Value,
)
from compute.trace.tree import depth_of
from compute.trace.words import of_numbers, top

PARAMETER_LEAF = 1024  # bytes of a leaf under params_root
# steps executed through all loops, those that are no rows too
MOST_STEPS = 1 << 17
# operands of one concatenation, so that its leaf is short: more are put together by so many
JOINED = 16
_ALIASES = ("reshape", "stop_gradient")
_RUNNING = ("cumprod", "cummax", "cummin", "cumlogsumexp")


def require(condition: bool, sentence: str) -> None:
    if not condition:
        raise NotRefereed(sentence)


def executed(block: Block) -> int:
    """The steps of a block as they are executed, each round of a `scan` counted."""
    loops = [s.attributes for s in block.steps if s.operation.name == "scan"]
    return len(block.steps) + sum(a["length"] * (1 + executed(a["body"])) for a in loops)


def check_steps(count: int) -> None:
    require(count <= MOST_STEPS, f"it does more than {MOST_STEPS:,} steps")


class Unroller:
    """Rows in the making."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._known: dict[bytes, int] = {}
        self._elements = self._steps = 0

    # --- sources ---

    def sources(self, program: Program) -> list[Value]:
        """Parameters and inputs, as main takes them."""
        found, first = [], 0
        for name, kind in program.parameters:
            leaf = _source(PARAMETER, kind, first, b"")
            found.append(self._row(leaf, kind, Parameter(name, first)))
            first += -(-kind.bytes // PARAMETER_LEAF)
        return found + [self.column(name, kind, 0) for name, kind in program.inputs]

    def column(self, name: str, kind: Type, mode: int) -> Value:
        digest = hashlib.sha256(name.encode()).digest()
        return self._row(_source(COLUMN, kind, mode, digest), kind, Column(name, mode))

    def _constant(self, step: Step) -> Value:
        constant, kind = step.attributes["value"], step.results[0]
        words = constant_words(kind, constant.data)
        if len(words) <= 1:
            return immediate(kind, int(words[0]) if len(words) else 0)
        root = top(words, kind.dtype.value)
        leaf = _source(CONSTANT, kind, 0, root)
        return self._row(leaf, kind, Constant(constant.data))

    # --- steps ---

    def block(self, block: Block, inputs: Sequence[Value]) -> list[Value]:
        values = list(inputs)
        for step in block.steps:
            values += self.step(step, [values[number] for number in step.operands])
        return [values[number] for number in block.results]

    def step(self, step: Step, operands: Sequence[Value]) -> list[Value]:
        """The results of a step."""
        self._count_step()
        name = step.operation.name
        if name == "constant":
            return [self._constant(step)]
        if name in _ALIASES:
            return [operands[0].seen_as(step.results[0])]
        if name == "scan":
            return self._scan(step, operands)
        if name == "concatenate":
            return [self._concatenate(step.attributes["axis"], operands, step.results[0])]
        if name in _RUNNING and step.attributes["reverse"]:
            return [self._backwards(step, operands)]
        return self._lowered(step, operands)

    def apply(self, name: str, operands: Sequence[Value], result: Type, **given: object) -> Value:
        """The result of a step that the program itself has not."""
        step = Step(OPERATIONS[name], tuple(range(len(operands))), (result,), given)
        return self.step(step, operands)[0]

    def _count_step(self) -> None:
        self._steps += 1
        check_steps(self._steps)

    def _scan(self, step: Step, operands: Sequence[Value]) -> list[Value]:
        body, length = step.attributes["body"], step.attributes["length"]
        first = step.attributes["constants"]
        last = first + step.attributes["carries"]
        constants, carries, sequences = operands[:first], operands[first:last], operands[last:]
        stacked: list[list[Value]] = [[] for _ in step.results[len(carries) :]]
        for i in reversed(range(length)) if step.attributes["reverse"] else range(length):
            self._count_step()
            slices = [_slice(sequence, i) for sequence in sequences]
            results = self.block(body, [*constants, *carries, *slices])
            carries = results[: len(carries)]
            for row, result in zip(stacked, results[len(carries) :], strict=True):
                row.append(result.seen_as(_longer(result.kind)))
        if step.attributes["reverse"]:
            stacked = [row[::-1] for row in stacked]
        kinds = step.results[len(carries) :]
        joined = [self._concatenate(0, r, k) for r, k in zip(stacked, kinds, strict=True)]
        return [*carries, *joined]

    def _backwards(self, step: Step, operands: Sequence[Value]) -> Value:
        """Between two reverses, as an element reads only those of its own row that come earlier."""
        kind, axis = step.results[0], step.attributes["axis"]
        turned = self.apply("reverse", operands, kind, axes=(axis,))
        found = self.apply(step.operation.name, [turned], kind, axis=axis, reverse=False)
        return self.apply("reverse", [found], kind, axes=(axis,))

    def _concatenate(self, axis: int, operands: Sequence[Value], kind: Type) -> Value:
        """By groups, so that no row has many operands."""
        if not operands or not kind.size:
            return immediate(kind, 0)
        while len(operands) > JOINED:
            groups = [operands[i : i + JOINED] for i in range(0, len(operands), JOINED)]
            operands = [self._joined(axis, group) for group in groups]
        return self._joined(axis, operands).seen_as(kind)

    def _joined(self, axis: int, operands: Sequence[Value]) -> Value:
        shape = list(operands[0].kind.shape)
        shape[axis] = sum(operand.kind.shape[axis] for operand in operands)
        kind = Type(operands[0].kind.dtype, tuple(shape))
        step = Step(OPERATIONS["concatenate"], tuple(range(len(operands))), (kind,), {"axis": axis})
        return operands[0] if len(operands) == 1 else self._lowered(step, operands)[0]

    def _lowered(self, step: Step, operands: Sequence[Value]) -> list[Value]:
        kinds = [operand.kind for operand in operands]
        try:
            lowered = lower(step, kinds)
        except NotLowered as error:
            raise NotRefereed(str(error)) from None
        if step.operation.decides:
            require(
                not any(k.size for k in kinds) or all(k.size for k in step.results),
                f"{step.operation} decides and has no element",
            )
        made: list[Value] = []
        for number, form in enumerate(lowered.forms):
            if number in lowered.results:
                how: Made = Result(step, lowered.results.index(number))
                made.append(self.form(form, [*operands, *made], how, operands))
            else:
                made.append(self.form(form, [*operands, *made], *self._order(step, operands)))
        return [made[number] for number in lowered.results]

    def _order(self, step: Step, operands: Sequence[Value]) -> tuple[Made, Sequence[Value]]:
        """How the order of a sort is computed: by sorting the indices along."""
        kind, axis = Type(DType.I32, operands[0].kind.shape), step.attributes["axis"]
        index = self.apply("iota", (), kind, dtype=DType.I32, shape=kind.shape, axis=axis)
        longer = replace(
            step, operands=(*step.operands, len(operands)), results=(*step.results, kind)
        )
        return Result(longer, len(operands)), [*operands, index]

    # --- rows ---

    def form(
        self, form: Form, values: Sequence[Value], made: Made, operands: Sequence[Value]
    ) -> Value:
        """The row of a form that reads `values`, computed as `made` says from `operands`."""
        if form.is_fold:
            form, values = self._laid_out(form, list(values))
        sources = [self._source_of(read, form, values) for read in form.reads]
        try:
            leaf = encode(form, sources)
        except OverflowError:
            raise NotRefereed("a place of an element has no room in 32 bits") from None
        words = decode(leaf).most_words
        require(words <= MOST_WORDS, f"a step reads {words:,} words at a time")
        longest = decode(leaf).longest_proof(depth_of(MOST_ROWS))
        require(longest <= MOST_PROOF, f"a step reads what takes {longest:,} words to open")
        return self._row(leaf, form.result, made, operands, sources, form.dtype)

    def _source_of(self, read: Read, form: Form, values: Sequence[Value]) -> Source:
        if read.operand == IMMEDIATE:
            return Source(None, 0, form.dtype)
        if read.operand == OWN:
            return Source(len(self.rows), form.result.size, form.dtype)
        return values[read.operand].source

    def _laid_out(self, form: Form, values: list[Value]) -> tuple[Form, list[Value]]:
        """The terms of every operand one after another, so that few leaves hold a chunk."""
        reads = list(form.reads)
        for number in range(form.once, form.data):
            read = reads[number]
            if read.gauges or read.operand < 0 or _in_a_row(read, form):
                continue
            source = values[read.operand].source
            if source.row is not None:
                values.append(self._layout(read, form, values[read.operand]))
                reads[number] = _of_layout(read, form, len(values) - 1)
        return replace(form, reads=tuple(reads)), values

    def _layout(self, read: Read, form: Form, value: Value) -> Value:
        axes = _axes(read, form)
        sizes = (*form.free, *form.bound)
        steps = tuple(read.strides[axis] for axis in axes)
        kind = Type(value.kind.dtype, tuple(sizes[axis] for axis in axes))
        whole = replace(value.source, first=value.source.first + read.first)
        moved = Form(
            Code.MOVE, kind, kind.shape, (), (Read(0, steps),), 1,
            wide=value.source.dtype == WIDE,
        )  # fmt: skip
        seen = Value(whole, value.kind)
        return self.form(moved, [seen], Layout(steps), [seen])

    def _row(
        self,
        leaf: bytes,
        kind: Type,
        made: Made,
        operands: Sequence[Value] = (),
        sources: Sequence[Source] = (),
        dtype: int | None = None,
    ) -> Value:
        dtype = kind.dtype.value if dtype is None else dtype
        if leaf not in self._known:
            require(len(leaf) <= MOST_LEAF_BYTES, f"a row of {len(leaf)} bytes is too long")
            require(len(self.rows) < MOST_ROWS, f"it has more than {MOST_ROWS:,} rows")
            self._elements += kind.size
            require(self._elements <= MOST_ELEMENTS, "its rows have more than 2^36 elements")
            self._known[leaf] = len(self.rows)
            needs = {s.row for s in (*sources, *(v.source for v in operands))}
            before = frozenset(n for n in needs if n is not None and n < len(self.rows))
            self.rows.append(Row(leaf, kind, dtype, made, tuple(operands), before))
        return Value(Source(self._known[leaf], kind.size, dtype), kind)


def immediate(kind: Type, word: int, dtype: int | None = None) -> Value:
    """One word everywhere."""
    return Value(Source(None, 0, kind.dtype.value if dtype is None else dtype, word), kind)


def constant_words(kind: Type, data: bytes) -> np.ndarray:
    """Little-endian elements as words: all of them, or one that stands for all."""
    count = len(data) // kind.dtype.bytes
    return of_numbers(from_bytes(Type(kind.dtype, (count,)), data).data, kind.dtype)


def _source(code: int, kind: Type, parameter: int, rest: bytes) -> bytes:
    head = (code, kind.dtype.value, parameter >> 32, parameter & 0xFFFFFFFF, 1, 0, 0, 0, 0)
    return b"".join(word.to_bytes(4, "big") for word in (*head, kind.size)) + rest


def _slice(sequence: Value, index: int) -> Value:
    kind = Type(sequence.kind.dtype, sequence.kind.shape[1:])
    if sequence.source.row is None:
        return sequence.seen_as(kind)
    first = sequence.source.first + index * kind.size
    return Value(replace(sequence.source, first=first), kind)


def _longer(kind: Type) -> Type:
    return Type(kind.dtype, (1, *kind.shape))


def _in_a_row(read: Read, form: Form) -> bool:
    """Does the next term stand next to the one before?"""
    found = read.strides[len(form.free) :]
    wanted = zip(found, strides(form.bound), form.bound, strict=True)
    return all(a == b for a, b, size in wanted if size > 1)


def _axes(read: Read, form: Form) -> list[int]:
    """The axes of the iteration that a read feels, and all bound ones."""
    free = [axis for axis in range(len(form.free)) if read.strides[axis]]
    return [*free, *range(len(form.free), len(form.free) + len(form.bound))]


def _of_layout(read: Read, form: Form, operand: int) -> Read:
    sizes, axes = (*form.free, *form.bound), _axes(read, form)
    steps = strides([sizes[axis] for axis in axes])
    places = dict(zip(axes, steps, strict=True))
    return Read(operand, tuple(places.get(axis, 0) for axis in range(len(sizes))))
