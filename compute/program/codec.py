"""The binary form of a program: each program has one, and a root over its steps that names it.

MAGIC, header, constants, steps; words big-endian.  docs/program.md tells it byte by byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from compute import merkle
from compute.program import limits
from compute.program.operation import Attribute, Kind, OtherForm, require
from compute.program.operations import BY_CODE
from compute.program.operations.control import blocks
from compute.program.program import Block, Constant, Program, Step
from compute.program.reader import Reader
from compute.program.types import Type
from compute.program.validator import validate

MAGIC = b"decentralizedai/program/3\n"
LEAF_BYTES = 1024


def encode(program: Program) -> bytes:
    """The document.  Raises ProgramError if the program is not valid."""
    validate(program)
    document = _Encoder(program).document()
    require(len(document) <= limits.DOCUMENT_BYTES, f"a document of {len(document)} bytes")
    return document


def program_root(program: Program) -> bytes:
    """32 bytes that commit to a valid program: leaf 0 is the header, leaf i + 1 is step i."""
    encoder = _Encoder(program)
    return merkle.root([encoder.header(), *encoder.steps])


def constant_root(data: bytes) -> bytes:
    """The name of a long constant: the root over its leaves of LEAF_BYTES, the last one shorter."""
    return merkle.root(data[i : i + LEAF_BYTES] for i in range(0, len(data), LEAF_BYTES))


def decode(document: bytes) -> Program:
    """The program whose encoding is exactly `document`.  Raises ProgramError, with a sentence:
    OtherForm where it begins as none."""
    size = len(document)
    require(size <= limits.DOCUMENT_BYTES, f"{size} bytes are more than a program has")
    if document[: len(MAGIC)] != MAGIC:
        raise OtherForm("it does not begin as a program of F24/3")
    program = _Decoder(Reader(document, len(MAGIC))).program()
    validate(program)
    require(_Encoder(program).document() == document, "it is not in the one form of its program")
    return program


def u32(value: int) -> bytes:
    return value.to_bytes(4, "big")


def _type(kind: Type) -> bytes:
    return bytes([kind.dtype.value, kind.rank]) + b"".join(map(u32, kind.shape))


def _types(kinds: Sequence[Type]) -> bytes:
    return u32(len(kinds)) + b"".join(map(_type, kinds))


def _numbers(values: Sequence[int]) -> bytes:
    return u32(len(values)) + b"".join(map(u32, values))


def _signed(value: int) -> bytes:
    return value.to_bytes(4, "big", signed=True)


def _name(name: str) -> bytes:
    data = name.encode("utf-8")
    return u32(len(data)) + data


@dataclass
class _Encoder:
    """Blocks are numbered when they are complete: inner ones first, main last."""

    program: Program
    steps: list[bytes] = field(default_factory=list)
    table: list[bytes] = field(default_factory=list)
    constants: dict[bytes, bytes] = field(default_factory=dict)  # by root

    def __post_init__(self) -> None:
        self._block(self.program.main)

    def header(self) -> bytes:
        entries = (self.program.parameters, self.program.inputs)
        named = [u32(len(e)) + b"".join(_name(n) + _type(t) for n, t in e) for e in entries]
        return b"".join((*named, u32(len(self.table)), *self.table))

    def document(self) -> bytes:
        held = [u32(len(data)) + data for data in self.constants.values()]
        return b"".join((MAGIC, self.header(), u32(len(held)), *held, *self.steps))

    def _block(self, block: Block) -> int:
        inner = [[self._block(b) for b in blocks(step.attributes)] for step in block.steps]
        self.steps += [self._step(s, n) for s, n in zip(block.steps, inner, strict=True)]
        counts = u32(len(block.steps)) + _numbers(block.results)
        self.table.append(_types(block.inputs) + counts)
        return len(self.table) - 1

    def _step(self, step: Step, inner: list[int]) -> bytes:
        numbers = iter(inner)
        values = step.operation.attributes.items()
        return b"".join(
            (
                step.operation.code.to_bytes(2, "big"),
                _numbers(step.operands),
                _types(step.results),
                *(self._value(a, step.attributes[name], numbers) for name, a in values),
            )
        )

    def _value(self, attribute: Attribute, value: Any, inner: Iterator[int]) -> bytes:
        match attribute.kind:
            case Kind.INTEGER:
                return u32(value)
            case Kind.SIGNED:
                return _signed(value)
            case Kind.BOOLEAN:
                return bytes([value])
            case Kind.INTEGERS:
                return _numbers(value)
            case Kind.SIGNED_TUPLES:
                width = len(value[0]) if value else 0
                flat = b"".join(_signed(v) for row in value for v in row)
                return u32(len(value)) + u32(width) + flat
            case Kind.CHOICE:
                return bytes([attribute.choices.index(value)])
            case Kind.DTYPE:
                return bytes([value.value])
            case Kind.BLOCK:
                return u32(next(inner))
            case Kind.BLOCKS:
                return _numbers([next(inner) for _ in value])
            case Kind.CONSTANT:
                return self._constant(value)

    def _constant(self, constant: Constant) -> bytes:
        data = constant.data
        if len(data) <= limits.INLINE_BYTES:
            return _type(constant.type) + b"\x00" + u32(len(data)) + data
        root = constant_root(data)
        self.constants[root] = data
        return _type(constant.type) + b"\x01" + root


@dataclass(frozen=True)
class _Shape:
    """What the table says about a block before its steps are read."""

    inputs: tuple[Type, ...]
    steps: int
    results: tuple[int, ...]


class _Decoder:
    """Reads forward; what it builds is a small multiple of what it has read."""

    def __init__(self, reader: Reader) -> None:
        self.read = reader
        self.waiting: dict[int, Block] = {}  # finished, and not yet used by a step
        self.constants: dict[bytes, bytes] = {}

    def program(self) -> Program:
        read = self.read
        parameters, inputs = self._named(), self._named()
        table = [self._shape() for _ in range(read.count(limits.STEPS, "blocks"))]
        require(len(table) >= 1, "it has no main block")
        steps = sum(shape.steps for shape in table)
        require(steps <= limits.STEPS, f"{steps} steps are more than {limits.STEPS}")
        for _ in range(read.count(limits.STEPS, "constants")):
            data = read.bytes(read.count(limits.CONSTANT_BYTES, "bytes of a constant"))
            self.constants[constant_root(data)] = data
        for number, shape in enumerate(table):
            self.waiting[number] = self._block(shape)
        main = self.waiting.pop(len(table) - 1)
        require(not self.waiting, "it has blocks that no step uses")
        read.end()
        return Program(parameters, inputs, main)

    def _named(self) -> tuple[tuple[str, Type], ...]:
        count = self.read.count(limits.OPERANDS, "names")
        return tuple((self.read.name(), self.read.type()) for _ in range(count))

    def _shape(self) -> _Shape:
        return _Shape(self.read.types(), self.read.u32(), self.read.numbers(limits.OPERANDS))

    def _block(self, shape: _Shape) -> Block:
        return Block(shape.inputs, tuple(self._step() for _ in range(shape.steps)), shape.results)

    def _step(self) -> Step:
        code = self.read.u16()
        require(code in BY_CODE, f"operation {code:#x} does not exist")
        operation = BY_CODE[code]
        operands, results = self.read.numbers(limits.OPERANDS), self.read.types()
        values = {name: self._value(a) for name, a in operation.attributes.items()}
        return Step(operation, operands, results, values)

    def _value(self, attribute: Attribute) -> Any:
        read = self.read
        match attribute.kind:
            case Kind.INTEGER:
                return read.u32()
            case Kind.SIGNED:
                return read.signed()
            case Kind.BOOLEAN:
                return read.below(2, "a truth value") == 1
            case Kind.INTEGERS:
                return read.numbers(limits.RANK)
            case Kind.SIGNED_TUPLES:
                rows = read.count(limits.RANK, "entries of a list")
                width = read.count(3, "numbers in an entry")
                return tuple(tuple(read.signed() for _ in range(width)) for _ in range(rows))
            case Kind.CHOICE:
                return attribute.choices[read.below(len(attribute.choices), "a choice")]
            case Kind.DTYPE:
                return read.dtype()
            case Kind.BLOCK:
                return self._use(read.u32())
            case Kind.BLOCKS:
                return tuple(self._use(n) for n in read.numbers(limits.OPERANDS))
            case Kind.CONSTANT:
                return self._constant()

    def _use(self, number: int) -> Block:
        require(number in self.waiting, f"block {number} is used twice or before it is complete")
        return self.waiting.pop(number)

    def _constant(self) -> Constant:
        read = self.read
        kind = read.type()
        if read.below(2, "form of a constant") == 0:
            count = read.count(limits.INLINE_BYTES, "bytes of a constant")
            return Constant(kind, read.bytes(count))
        root = read.bytes(32)
        require(root in self.constants, f"constant {root.hex()} is not in the document")
        return Constant(kind, self.constants[root])
