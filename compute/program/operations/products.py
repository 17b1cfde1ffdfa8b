"""Sums of products: dot and convolution."""

from __future__ import annotations

import math

from compute.program.operation import Attribute, Cost, Kind, Operation, require
from compute.program.operations.reductions import laid_out, windows
from compute.program.operations.rules import (
    Attributes,
    Types,
    at_least_one,
    count,
    distinct_axes,
    holds,
    is_number,
    per_axis,
    terms,
)
from compute.program.types import Type

REPAIRED = 64  # elements that an evaluator may sum again at once


def _pair(operands: Types) -> tuple[Type, Type]:
    count(operands, 2)
    a, b = operands
    holds(a, is_number)
    require(a.dtype is b.dtype, f"its operands differ: {a} and {b}")
    return a, b


def free_axes(rank: int, *taken: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of an operand that are neither contracted nor batch axes."""
    return tuple(axis for axis in range(rank) if not any(axis in axes for axes in taken))


def _dot(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    a, b = _pair(operands)
    contract = attributes["contract_a"], attributes["contract_b"]
    batch = attributes["batch_a"], attributes["batch_b"]
    for operand, axes in ((a, contract[0] + batch[0]), (b, contract[1] + batch[1])):
        distinct_axes(axes, operand.rank)
    for what, (left, right) in (("contracted", contract), ("batch", batch)):
        require(
            [a.shape[i] for i in left] == [b.shape[i] for i in right],
            f"{what} axes {list(left)} of {a} and {list(right)} of {b} differ",
        )
    terms(math.prod(a.shape[i] for i in contract[0]))
    free_a, free_b = (
        free_axes(a.rank, contract[0], batch[0]),
        free_axes(b.rank, contract[1], batch[1]),
    )
    shape = [a.shape[i] for i in batch[0] + free_a] + [b.shape[i] for i in free_b]
    return (Type(a.dtype, tuple(shape)),)


def _dot_cost(attributes: Attributes, operands: Types, results: Types) -> Cost:
    a, b = operands
    depth = math.prod(a.shape[i] for i in attributes["contract_a"])
    return Cost(
        multiply_adds=results[0].size * depth,
        elementary=max(1, a.size, b.size, 4 * results[0].size),
        scratch_bytes=8 * (a.size + b.size) + 32 * results[0].size,
    )


def _convolution(attributes: Attributes, operands: Types) -> tuple[Type, ...]:
    image, kernel = _pair(operands)
    require(image.rank >= 2, f"{image} has no [N, spatial, channels]")
    require(kernel.rank == image.rank, f"a kernel {kernel} does not belong to {image}")
    rank, groups = image.rank - 2, attributes["groups"]
    padding = attributes["padding"]
    per_axis(padding, rank, "padding")
    require(all(len(pair) == 2 for pair in padding), "padding is a low and a high number")
    names = ("strides", "input_dilation", "kernel_dilation")
    for name in names:
        per_axis(attributes[name], rank, name)
        at_least_one(attributes[name], name)
    at_least_one(kernel.shape[:-2], "sizes of a kernel")
    at_least_one((groups,), "groups")
    require(
        image.shape[-1] == kernel.shape[-2] * groups and kernel.shape[-1] % groups == 0,
        f"{groups} groups of channels do not divide {image} and {kernel}",
    )
    terms(math.prod(kernel.shape[:-1]))
    _laid_out(attributes, image)
    strides, base, step = (attributes[name] for name in names)
    spatial = tuple(
        windows(n, kernel.shape[i], strides[i], sum(padding[i]), base[i], step[i])
        for i, n in enumerate(image.shape[1:-1])
    )
    return (Type(image.dtype, (image.shape[0], *spatial, kernel.shape[-1])),)


def _laid_out(attributes: Attributes, image: Type) -> int:
    """Elements of the dilated and padded images."""
    around = ((0, 0), *attributes["padding"], (0, 0))
    return laid_out(image.shape, around, (1, *attributes["input_dilation"], 1))


def _convolution_cost(attributes: Attributes, operands: Types, results: Types) -> Cost:
    image, kernel = operands
    depth = math.prod(kernel.shape[:-1])
    under = _laid_out(attributes, image)
    reach = [
        (size - 1) * step + 1
        for size, step in zip(kernel.shape[:-2], attributes["kernel_dilation"], strict=True)
    ]
    # an element whose sum is undecided is found again with all that its patch spans
    spanned = min(REPAIRED, results[0].size) * math.prod(reach) * kernel.shape[-2]
    patches = results[0].size // max(1, kernel.shape[-1]) * depth * attributes["groups"]
    return Cost(
        multiply_adds=results[0].size * depth,
        elementary=max(1, image.size, under, kernel.size, 4 * results[0].size),
        scratch_bytes=24 * under + 8 * (kernel.size + patches) + 4 * spanned + 32 * results[0].size,
    )


OPERATIONS = (
    Operation(
        "dot",
        0xC0,
        {
            name: Attribute(Kind.INTEGERS)
            for name in ("contract_a", "contract_b", "batch_a", "batch_b")
        },
        _dot,
        _dot_cost,
    ),
    Operation(
        "convolution",
        0xC1,
        {
            "strides": Attribute(Kind.INTEGERS),
            "padding": Attribute(Kind.SIGNED_TUPLES),
            "input_dilation": Attribute(Kind.INTEGERS),
            "kernel_dilation": Attribute(Kind.INTEGERS),
            "groups": Attribute(Kind.INTEGER),
        },
        _convolution,
        _convolution_cost,
    ),
)
