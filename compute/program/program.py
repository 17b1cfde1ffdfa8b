"""A program: typed values in single assignment, computed by steps from parameters and inputs.

A program describes ONE example: it has no batch axis.  Within a block a value is a number: the
block's inputs come first, then the results of its steps in order.  Blocks of loops and branches
see nothing but their inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from compute.program.operation import Operation
from compute.program.types import Type


@dataclass(frozen=True)
class Step:
    """One operation on earlier values of its block.

    `attributes` has exactly the keys of `operation.attributes`; values are int, bool, str, DType,
    tuples of ints (or of pairs or triples of ints), Block, tuples of Blocks, or Constant.
    """

    operation: Operation
    operands: tuple[int, ...]
    results: tuple[Type, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Block:
    """`inputs` are the types of values 0..n-1; `results` are numbers of values."""

    inputs: tuple[Type, ...]
    steps: tuple[Step, ...]
    results: tuple[int, ...]

    @cached_property
    def types(self) -> tuple[Type, ...]:
        """The type of every value, by its number."""
        return (*self.inputs, *(t for step in self.steps for t in step.results))

    @property
    def result_types(self) -> tuple[Type, ...]:
        return tuple(self.types[number] for number in self.results)


@dataclass(frozen=True)
class Program:
    """`main` takes the parameters, in ascending order of their names, then the inputs likewise.

    Parameters are F24.  The results of `main` are the model's outputs for the example.
    """

    parameters: tuple[tuple[str, Type], ...]
    inputs: tuple[tuple[str, Type], ...]
    main: Block


@dataclass(frozen=True)
class Constant:
    """An array given by its little-endian elements in C order; one element stands for all equal.

    F24 elements are float32 patterns of numbers (docs/exact.md, Values): never NaN, infinite, -0
    or below 2**-96.  BOOL elements are one byte each.
    """

    type: Type
    data: bytes
