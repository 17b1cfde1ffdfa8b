"""Valid programs at random, over all operations, shapes and boundary values; a seed gives one.

    case = random_case(7)                            # any operations
    case = random_case(7, ["gather", "dot"], 4)      # these, in four steps
    run(case.program, *case.arrays())                # compute.oracle
    other = more_inputs(case.program, 8)             # another example of the same program

Every value that main computes is one of its results, so that nothing is hidden.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from compute.oracle.array import Array, from_bytes
from compute.oracle.run import Machine, Saturated
from compute.program.builder import Builder
from compute.program.operations import OPERATIONS
from compute.program.program import Block, Program, Step
from compute.program.types import DType, Type
from tests.support.random_recipes import RECIPES
from tests.support.random_values import elements

_INTEGERS = tuple(dtype for dtype in DType if dtype.is_integer)
# what a body that runs many times is made of, so that it seldom saturates or decides
_GENTLE = (
    "add", "sub", "max", "min", "neg", "abs", "tanh", "logistic", "sin", "gelu", "dot", "sum",
    "select", "cumsum", "transpose", "broadcast", "concatenate", "xor", "convert", "gather",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A program and one example: little-endian arrays, F24 as float32 words (dust among them)."""

    program: Program
    parameters: dict[str, bytes]
    inputs: dict[str, bytes]

    def arrays(self) -> tuple[dict[str, Array], dict[str, Array]]:
        """The same for the oracle."""
        return (
            {name: from_bytes(t, self.parameters[name]) for name, t in self.program.parameters},
            {name: from_bytes(t, self.inputs[name]) for name, t in self.program.inputs},
        )


class Maker:
    """Adds steps to a block.  Where the inputs are known it computes along, and so sees what is
    SATURATED: `decides` steps are then seldom given such operands."""

    def __init__(
        self,
        rng: random.Random,
        inputs: Sequence[Type],
        known: Sequence[Array] | None = None,
        depth: int = 0,
    ) -> None:
        self.rng = rng
        self.builder = Builder(inputs)
        self.known = None if known is None else list(known)
        self.depth = depth

    # what recipes use

    def shape(self, rank: int | None = None, most: int = 4) -> tuple[int, ...]:
        rank = self.rng.choice((0, 1, 1, 2, 2, 3)) if rank is None else rank
        return tuple(self.size(most) for _ in range(rank))

    def size(self, most: int = 4) -> int:
        return 0 if self.rng.random() < 0.02 else self.rng.randint(1, most)

    def number_dtype(self) -> DType:
        return DType.F24 if self.rng.random() < 0.6 else self.integer_dtype()

    def integer_dtype(self) -> DType:
        return self.rng.choice(_INTEGERS)

    def bits_dtype(self) -> DType:
        return DType.BOOL if self.rng.random() < 0.4 else self.integer_dtype()

    def any_dtype(self) -> DType:
        return self.rng.choice((DType.F24, DType.F24, DType.BOOL, self.integer_dtype()))

    def type_of(self, number: int) -> Type:
        return self.builder.types[number]

    def step(self, name: str, *operands: int, **attributes: object) -> tuple[int, ...]:
        numbers = self.builder.step(name, *operands, **attributes)
        self._compute(name, operands, numbers, attributes)
        return numbers

    def constant(self, kind: Type) -> int:
        """At random; in one case of three all elements are equal."""
        one = self.rng.random() < 0.33 and kind.size > 0
        data = elements(self.rng, Type(kind.dtype, ()) if one else kind)
        number = self.builder.constant(kind, data)
        if self.known is not None:
            self.known.append(from_bytes(kind, data))
        return number

    def value(self, kind: Type, clean: bool = False) -> int:
        """A value of this type: one there is, one made from another, or a constant."""
        same = [n for n, t in enumerate(self.builder.types) if t == kind and self._usable(n, clean)]
        if same and self.rng.random() < 0.6:
            return self.rng.choice(same)
        sources = [
            n
            for n, t in enumerate(self.builder.types)
            if t.dtype is kind.dtype and t.size > 0 and self._usable(n, clean)
        ]
        if sources and self.rng.random() < 0.8:
            return self._adapted(self.rng.choice(sources), kind)
        return self.constant(kind)

    def small(self, kind: Type, below: int) -> int:
        """Integers of small magnitude, both signs where there are."""
        return self.step("rem", self.value(kind), self.number(kind, below))[0]

    def number(self, kind: Type, n: int) -> int:
        """A constant integer everywhere."""
        data = n.to_bytes(kind.dtype.bytes, "little", signed=kind.dtype.is_signed)
        number = self.builder.constant(kind, data if kind.size else b"")
        if self.known is not None:
            self.known.append(Array(kind, [n] * kind.size))
        return number

    def block(self, inputs: Sequence[Type], results: Sequence[Type], steps: int) -> Block:
        """A body with results of these types."""
        inner = Maker(self.rng, inputs, None, self.depth + 1)
        inner.grow(_GENTLE if self.rng.random() < 0.8 else tuple(RECIPES), steps)
        return inner.builder.block([inner.value(kind) for kind in results])

    def grow(self, operations: Sequence[str], steps: int) -> None:
        for _ in range(steps):
            name = self.rng.choice(operations)
            if self.depth < 3 or name not in ("scan", "cond", "while"):
                RECIPES[name](self, name)

    def _usable(self, number: int, clean: bool) -> bool:
        return self.known is None or not clean or None not in self.known[number].data

    def _adapted(self, number: int, kind: Type) -> int:
        """The elements in a row, repeated and cut to the size, in the shape."""
        source = self.type_of(number)
        if source == kind:
            return number
        if self.rng.random() < 0.3 and source.size == 1:
            (number,) = self.step("reshape", number, shape=())
            return self.step("broadcast", number, shape=kind.shape, axes=())[0]
        size, times = source.size, -(-kind.size // source.size)
        (number,) = self.step("reshape", number, shape=(1, size))
        if times > 1:
            (number,) = self.step("broadcast", number, shape=(times, size), axes=(0, 1))
            (number,) = self.step("reshape", number, shape=(1, times * size))
        if max(times, 1) * size > kind.size:
            last = (1, kind.size)
            (number,) = self.step("slice", number, start=(0, 0), stop=last, stride=(1, 1))
        return self.step("reshape", number, shape=kind.shape)[0]

    def _compute(
        self,
        name: str,
        operands: Sequence[int],
        numbers: Sequence[int],
        attributes: dict[str, object],
    ) -> None:
        if self.known is None:
            return
        results = tuple(self.type_of(n) for n in numbers)
        step = Step(OPERATIONS[name], tuple(operands), results, attributes)
        try:
            self.known += Machine(None).step(step, tuple(self.known[n] for n in operands))
        except Saturated:  # from here on nothing is known, nor needed: the example has no loss
            self.known += [Array(kind, [0] * kind.size) for kind in results]


def more_inputs(program: Program, seed: int) -> dict[str, bytes]:
    """Another example."""
    rng = random.Random(f"inputs {seed}")
    return {name: elements(rng, kind, dust=True) for name, kind in program.inputs}


def random_case(seed: int | str, operations: Sequence[str] | None = None, steps: int = 6) -> Case:
    """`steps` operations, each after the steps that shape its operands."""
    rng = random.Random(f"program {seed}")
    shapes = [tuple(rng.randint(1, 4) for _ in range(rng.choice((1, 2, 3)))) for _ in range(6)]
    dtypes = (DType.F24, DType.F24, DType.I32, rng.choice(_INTEGERS), DType.BOOL)
    parameters = [(f"p{i}", Type(DType.F24, shapes[i])) for i in range(rng.randint(0, 2))]
    inputs = [(f"x{i}", Type(d, rng.choice(shapes))) for i, d in enumerate(dtypes)]
    data = {name: elements(rng, kind, dust=True) for name, kind in parameters + inputs}
    kinds = [kind for _, kind in parameters + inputs]
    known = [from_bytes(kind, data[name]) for name, kind in parameters + inputs]
    maker = Maker(rng, kinds, known)
    maker.grow(operations or tuple(RECIPES), steps)
    main = maker.builder.block(range(len(kinds), len(maker.builder.types)))
    program = Program(tuple(parameters), tuple(inputs), main)
    return Case(
        program,
        {name: data[name] for name, _ in parameters},
        {name: data[name] for name, _ in inputs},
    )
