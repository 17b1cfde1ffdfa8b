"""The record of an operation, and the closed list of all of them."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compute.program.types import Type


class Kind(enum.Enum):
    """The kinds of attributes: how each is encoded, bounded and printed."""

    INTEGER = 0  # int in 0 ... 2**32 - 1 unless the rule says less
    SIGNED = 1  # int in -2**31 ... 2**31 - 1
    BOOLEAN = 2
    INTEGERS = 3  # tuple of INTEGER
    SIGNED_TUPLES = 4  # tuple of tuples of SIGNED, all of one length
    CHOICE = 5  # str, one of a list in the record
    DTYPE = 6
    BLOCK = 7
    BLOCKS = 8
    CONSTANT = 9


@dataclass(frozen=True)
class Attribute:
    kind: Kind
    choices: tuple[str, ...] = ()


class ProgramError(ValueError):
    """A program is refused; the message says which step and why, for a person."""


class OtherForm(ProgramError):
    """The document is a program of no version that is spoken here, or none at all."""


def require(condition: bool, sentence: str) -> None:
    """Refuse a program unless `condition` holds."""
    if not condition:
        raise ProgramError(sentence)


# (attributes, operand types) -> result types; raises ProgramError
TypeRule = Callable[[Mapping[str, Any], Sequence[Type]], tuple[Type, ...]]


@dataclass(frozen=True)
class Cost:
    """Work of one step for one example: multiply-adds, elementary operations, extra bytes."""

    multiply_adds: int = 0
    elementary: int = 0
    scratch_bytes: int = 0


CostRule = Callable[[Mapping[str, Any], Sequence[Type], Sequence[Type]], Cost]


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation of F24/3.  `code` is its number in the binary form; it never changes meaning.

    `decides` says that its results cannot hold SATURATED though an operand may: then the example
    is saturated (docs/exact.md, rule 3).
    """

    name: str
    code: int
    attributes: Mapping[str, Attribute]
    infer: TypeRule
    cost: CostRule
    decides: bool = False

    def __repr__(self) -> str:
        return self.name
