"""Reductions over axes, prefixes and windows; sorting."""

from __future__ import annotations

import math
from collections.abc import Sequence

from compute.program.limits import ELEMENTS
from compute.program.operation import Attribute, Cost, Kind, Operation, TypeRule, require
from compute.program.operations.rules import (
    ALL_SUMS,
    Allowed,
    Attributes,
    Types,
    an_axis,
    ascending_axes,
    at_least_one,
    count,
    holds,
    is_bits,
    is_float,
    is_number,
    per_axis,
    per_element,
    terms,
    work,
)
from compute.program.types import DType, Type


def without(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for axis, size in enumerate(shape) if axis not in axes)


def _reduce(allowed: Allowed) -> TypeRule:
    def infer(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
        count(operands, 1)
        (operand,) = operands
        holds(operand, allowed)
        ascending_axes(attributes["axes"], operand.rank)
        terms(math.prod(operand.shape[axis] for axis in attributes["axes"]))
        return (Type(operand.dtype, without(operand.shape, attributes["axes"])),)

    return infer


def _arg(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    count(operands, 1)
    (operand,) = operands
    holds(operand, is_number)
    size = operand.shape[an_axis(attributes["axis"], operand.rank)]
    dtype = attributes["dtype"]
    require(dtype.is_integer, "a position is an integer")
    require(1 <= size <= dtype.greatest + 1, f"{size} positions do not fit {dtype.name.lower()}")
    return (Type(dtype, without(operand.shape, (attributes["axis"],))),)


def _prefix(allowed: Allowed) -> TypeRule:
    def infer(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
        count(operands, 1)
        (operand,) = operands
        holds(operand, allowed)
        terms(operand.shape[an_axis(attributes["axis"], operand.rank)])
        return (operand,)

    return infer


def windows(size: int, window: int, stride: int, around: int, base: int, step: int) -> int:
    """Count the windows that fit an axis: `around` is low + high padding, the last two are
    dilations."""
    dilated = (size - 1) * base + 1 if size else 0
    spare = dilated + around - ((window - 1) * step + 1)
    return spare // stride + 1 if spare >= 0 else 0


def laid_out(shape: Sequence[int], padding: Sequence[Sequence[int]], base: Sequence[int]) -> int:
    """Elements of what windows move over, dilated and padded: no value of the program, but made."""
    sizes = [
        max(0, ((size - 1) * base[i] + 1 if size else 0) + sum(padding[i]))
        for i, size in enumerate(shape)
    ]
    elements = math.prod(sizes)
    require(
        max(sizes, default=0) <= ELEMENTS and elements <= ELEMENTS,
        f"with padding and dilation it has more than 2^{ELEMENTS.bit_length() - 1} elements",
    )
    return elements


def _window(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    count(operands, 1)
    (operand,) = operands
    holds(operand, is_number)
    padding = attributes["padding"]
    per_axis(padding, operand.rank, "padding")
    require(all(len(pair) == 2 for pair in padding), "padding is a low and a high number")
    names = ("size", "strides", "base_dilation", "window_dilation")
    for name in names:
        per_axis(attributes[name], operand.rank, name)
        at_least_one(attributes[name], name)
    terms(math.prod(attributes["size"]))
    size, strides, base, step = (attributes[name] for name in names)
    laid_out(operand.shape, padding, base)
    shape = tuple(
        windows(n, size[i], strides[i], sum(padding[i]), base[i], step[i])
        for i, n in enumerate(operand.shape)
    )
    return (Type(operand.dtype, shape),)


def _window_cost(attributes: Attributes, operands: Types, results: Types) -> Cost:
    under = laid_out(operands[0].shape, attributes["padding"], attributes["base_dilation"])
    touched = max(under, work(operands, results))
    return Cost(
        elementary=max(touched, results[0].size * math.prod(attributes["size"])),
        scratch_bytes=24 * touched,
    )


def _sort(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    require(len(operands) >= 1, "it sorts at least one operand")
    for operand in operands[1:]:
        require(operand.shape == operands[0].shape, f"{operand} has not the shape of {operands[0]}")
    an_axis(attributes["axis"], operands[0].rank)
    require(1 <= attributes["keys"] <= len(operands), "it has between one key and all operands")
    return tuple(operands)


def _top_k(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    count(operands, 1)
    (operand,) = operands
    holds(operand, is_number)
    require(operand.rank >= 1, "a scalar has no largest elements")
    require(attributes["k"] <= operand.shape[-1], f"it takes at most {operand.shape[-1]} elements")
    shape = (*operand.shape[:-1], attributes["k"])
    return Type(operand.dtype, shape), Type(DType.I32, shape)


def _sort_cost(attributes: Attributes, operands: Types, results: Types) -> Cost:
    elements = work(operands, results) * len(operands)
    axis = operands[0].shape[attributes.get("axis", -1)]
    return Cost(elementary=elements * max(1, axis.bit_length()), scratch_bytes=8 * elements)


_EACH = per_element(1, 16)
_AXES = {"axes": Attribute(Kind.INTEGERS)}
_POSITION = {"axis": Attribute(Kind.INTEGER), "dtype": Attribute(Kind.DTYPE)}
_PREFIX = {"axis": Attribute(Kind.INTEGER), "reverse": Attribute(Kind.BOOLEAN)}
_WINDOW = {
    "size": Attribute(Kind.INTEGERS),
    "strides": Attribute(Kind.INTEGERS),
    "padding": Attribute(Kind.SIGNED_TUPLES),
    "base_dilation": Attribute(Kind.INTEGERS),
    "window_dilation": Attribute(Kind.INTEGERS),
}

OPERATIONS = (
    Operation("sum", 0xA0, _AXES, _reduce(is_number), per_element(4, 48)),
    Operation("product", 0xA1, _AXES, _reduce(is_number), _EACH),
    Operation("maximum", 0xA2, _AXES, _reduce(is_number), _EACH),
    Operation("minimum", 0xA3, _AXES, _reduce(is_number), _EACH),
    Operation("all", 0xA4, _AXES, _reduce(is_bits), _EACH),
    Operation("any", 0xA5, _AXES, _reduce(is_bits), _EACH),
    Operation("parity", 0xA6, _AXES, _reduce(is_bits), _EACH),
    Operation("argmax", 0xA7, _POSITION, _arg, _EACH, decides=True),
    Operation("argmin", 0xA8, _POSITION, _arg, _EACH, decides=True),
    Operation("cumsum", 0xA9, _PREFIX, _prefix(is_number), ALL_SUMS),
    Operation("cumprod", 0xAA, _PREFIX, _prefix(is_number), _EACH),
    Operation("cummax", 0xAB, _PREFIX, _prefix(is_number), _EACH),
    Operation("cummin", 0xAC, _PREFIX, _prefix(is_number), _EACH),
    Operation("cumlogsumexp", 0xAD, _PREFIX, _prefix(is_float), per_element(80, 64)),
    Operation("window_sum", 0xAE, _WINDOW, _window, _window_cost),
    Operation("window_max", 0xAF, _WINDOW, _window, _window_cost),
    Operation("window_min", 0xB0, _WINDOW, _window, _window_cost),
    Operation(
        "sort",
        0xB1,
        {"axis": Attribute(Kind.INTEGER), "keys": Attribute(Kind.INTEGER)},
        _sort,
        _sort_cost,
        decides=True,
    ),
    Operation("top_k", 0xB2, {"k": Attribute(Kind.INTEGER)}, _top_k, _sort_cost, decides=True),
)
