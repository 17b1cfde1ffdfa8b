"""Shared parts of the lowering rules."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from compute.program.form import Form, Lowered, Read
from compute.program.types import Type

Attributes = Mapping[str, Any]
Types = Sequence[Type]
Shape = tuple[int, ...]
Rule = Callable[[Attributes, Types, Type], Form]
Rules = Callable[[Attributes, Types, tuple[Type, ...]], Lowered]


class NotLowered(ValueError):
    """No contract can tell an element of this step; the message says why."""


def strides(shape: Sequence[int]) -> Shape:
    """Of C order, in elements."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def sparse(count: int, places: Mapping[int, int]) -> Shape:
    """`count` strides, those given and else zero."""
    return tuple(places.get(axis, 0) for axis in range(count))


def plain(operand: int, kind: Type, axes: int = 0) -> Read:
    """An operand of the result's shape; `axes` more of the iteration do not matter."""
    return Read(operand, strides(kind.shape) + (0,) * axes)
