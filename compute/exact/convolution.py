"""Convolution as sums of products of patches; never Winograd or FFT."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from compute.exact.carriers import Carrier
from compute.exact.contraction import Rows, block, error_bound
from compute.exact.integers import digits
from compute.exact.lattice import ENLARGED, common_bit, gather_rows, per_unit, unravel
from compute.exact.number import wide
from compute.exact.padding import padded
from compute.exact.rounding import decide, repair, saturating
from compute.exact.superaccumulator import PRODUCT_SUM, products, round_sum
from compute.exact.values import Attributes

# Taps that are written out; a larger kernel is a loop over its first axis.
MOST_TAPS = 64
# elements of patches that exist at a time: 4 MiB, which stay in the processor's cache
PATCHES = 2**19


@dataclass(frozen=True)
class Shape:
    """Sizes of a convolution of [N, spatial.., C] with [taps.., C / groups, O]."""

    taps: tuple[int, ...]
    strides: tuple[int, ...]
    step: tuple[int, ...]
    out: tuple[int, ...]
    groups: int
    depth: int  # channels of a group

    @property
    def terms(self) -> int:
        return math.prod(self.taps) * self.depth

    def tap(self, x: Array, axis: int, at: int | Array, strided: bool = True) -> Array:
        """Return the slice of a spatial axis that tap `at` sees of [n, spatial.., c]."""
        stride = self.strides[axis]
        length = (self.out[axis] - 1) * stride + 1
        piece = lax.dynamic_slice_in_dim(x, at * self.step[axis], length, axis + 1)
        return lax.slice_in_dim(piece, 0, length, stride, axis + 1)


def convolve(x: Array, kernel: Array, p: Attributes, carrier: Carrier) -> Array:
    """Images [N, spatial.., C] with a kernel [taps.., C / groups, O]: [N, spatial.., O]."""
    x = _widened(x, p)
    shape = _shape(x, kernel, p)
    result = (len(x), *shape.out, kernel.shape[-1])
    if not math.prod(result) or not shape.terms:
        return jnp.zeros(result, x.dtype)
    if not jnp.issubdtype(x.dtype, jnp.floating):
        return _product(x, kernel, shape)

    def exact(index: Array) -> Array:
        places = unravel(index, result)
        patch = _patch_at(x, shape, places, kernel.shape[-1])
        column = gather_rows(kernel, (kernel.ndim - 1,), range(kernel.ndim - 1), places[-1:])
        return saturating(round_sum(products(patch, column), PRODUCT_SUM), patch, column)

    size = block(len(x), math.prod(shape.out) * shape.terms * shape.groups, PATCHES)

    decided = _by_float64(kernel, shape) if carrier.float64 else _by_digits(kernel, shape)

    def some(start: Array) -> Array:
        return decided(lax.dynamic_slice_in_dim(x, start, size, 0))

    marked = lax.map(some, jnp.arange(0, len(x), size))
    return repair(marked.reshape(result), exact, shape.terms)


def _by_float64(kernel: Array, shape: Shape) -> Callable[[Array], Array]:
    """Images -> decided patterns [n, out.., O]."""
    bounds = _kernel_bounds(kernel, shape)

    def decided(images: Array) -> Array:
        error = error_bound(_patch_bounds(images, shape, kernel), bounds, shape.terms)
        return decide(_product(wide(images), wide(kernel), shape), error, PRODUCT_SUM)

    return decided


def _by_digits(kernel: Array, shape: Shape) -> Callable[[Array], Array]:
    """Images -> decided patterns [n, out.., O], by products of matrices for each group."""
    columns = digits.split(kernel.reshape(shape.terms, shape.groups, -1).transpose(1, 2, 0))

    def decided(images: Array) -> Array:
        every = (shape.groups, len(images), *shape.out)
        group, image, *out = unravel(jnp.arange(math.prod(every)), every)
        patches = _patch_at(images, shape, (image, *out, group), shape.groups)
        rows = digits.split(patches.reshape(shape.groups, -1, shape.terms))
        found = digits.decided(rows, columns).reshape(*every, -1)
        return jnp.moveaxis(found, 0, -2).reshape(*every[1:], -1)

    return decided


def _widened(x: Array, p: Attributes) -> Array:
    widths = [
        (low, high, base - 1)
        for (low, high), base in zip(p["padding"], p["input_dilation"], strict=True)
    ]
    return padded(x, np.array(0, x.dtype), [(0, 0, 0), *widths, (0, 0, 0)])


def _shape(x: Array, kernel: Array, p: Attributes) -> Shape:
    taps, step = kernel.shape[:-2], p["kernel_dilation"]
    reach = [(k - 1) * d + 1 for k, d in zip(taps, step, strict=True)]
    out = tuple(
        (n - r) // s + 1 if n >= r else 0
        for n, r, s in zip(x.shape[1:-1], reach, p["strides"], strict=True)
    )
    return Shape(taps, p["strides"], step, out, p["groups"], kernel.shape[-2])


def _product(x: Array, kernel: Array, shape: Shape) -> Array:
    """Sums of products [n, out.., O], in any order."""
    if math.prod(shape.taps) <= MOST_TAPS:
        return _taps_at_once(x, kernel, shape, 0)

    def row(total: Array, at: Array) -> tuple[Array, None]:
        taps = lax.dynamic_index_in_dim(kernel, at, 0, keepdims=False)
        return total + _taps_at_once(shape.tap(x, 0, at), taps, shape, 1), None

    start = jnp.zeros((len(x), *shape.out, kernel.shape[-1]), x.dtype)
    return lax.scan(row, start, jnp.arange(shape.taps[0]))[0]


def _taps_at_once(x: Array, kernel: Array, shape: Shape, first: int) -> Array:
    """Over the taps of the spatial axes from `first` on."""
    axes = range(first, len(shape.taps))
    pieces = []
    for tap in np.ndindex(*shape.taps[first:]):
        pieces.append(
            functools.reduce(lambda y, at: shape.tap(y, *at), zip(axes, tap, strict=True), x)
        )
    out = kernel.shape[-1]
    groups, depth = shape.groups, shape.depth
    if depth == 1 and groups > 1:
        taps = kernel.reshape(-1, groups, out // groups)
        terms = (piece[..., None] * tap for piece, tap in zip(pieces, taps, strict=True))
        return functools.reduce(jnp.add, terms).reshape(*pieces[0].shape[:-1], out)
    patches = jnp.concatenate([y.reshape(*y.shape[:-1], groups, depth) for y in pieces], -1)
    weights = kernel.reshape(-1, groups, out // groups)
    last = patches.ndim - 1
    dot = functools.partial(
        lax.dot_general, precision=lax.Precision.HIGHEST, preferred_element_type=x.dtype
    )
    if groups == 1:
        flat = patches.reshape(*patches.shape[:-2], -1)
        return dot(flat, weights[:, 0], (((last - 1,), (0,)), ((), ())))
    y = dot(patches, weights, (((last,), (0,)), ((last - 1,), (1,))))
    return jnp.moveaxis(y, 0, -2).reshape(*patches.shape[:-2], out)


def _patch_bounds(x: Array, shape: Shape, kernel: Array) -> Rows:
    """The bounds of every patch, [n, out.., O]: first of the pixels of a group, then over the taps
    of one axis after the other.  All terms of the squared norm are positive."""
    grouped = x.reshape(*x.shape[:-1], shape.groups, shape.depth)
    squares = jnp.sum(wide(grouped) * wide(grouped), -1)
    lowest = common_bit(grouped, (grouped.ndim - 1,))

    def over_taps(y: Array, combine: Callable[[Array, Array], Array]) -> Array:
        for axis, taps in enumerate(shape.taps):
            y = functools.reduce(combine, [shape.tap(y, axis, at) for at in range(taps)])
        return y

    norm = jnp.sqrt(over_taps(squares, jnp.add)) * ENLARGED
    steps = norm * per_unit(over_taps(lowest, jnp.minimum))
    repeats = kernel.shape[-1] // shape.groups
    return Rows(jnp.repeat(norm, repeats, -1), jnp.repeat(steps, repeats, -1))


def _kernel_bounds(kernel: Array, shape: Shape) -> Rows:
    """[O]"""
    axes = tuple(range(kernel.ndim - 1))
    norm = jnp.sqrt(jnp.sum(wide(kernel) * wide(kernel), axes)) * ENLARGED
    return Rows(norm, norm * per_unit(common_bit(kernel, axes)))


def _patch_at(x: Array, shape: Shape, places: Sequence[Array], channels: int) -> Array:
    """The patches of C elements of the result, [C, K]."""
    image, *out, channel = places
    group = channel // (channels // shape.groups)
    start = [image, *(o * s for o, s in zip(out, shape.strides, strict=True)), group * shape.depth]
    reach = tuple((k - 1) * d + 1 for k, d in zip(shape.taps, shape.step, strict=True))
    numbers = lax.GatherDimensionNumbers(
        offset_dims=tuple(range(1, x.ndim)),
        collapsed_slice_dims=(0,),
        start_index_map=tuple(range(x.ndim)),
    )
    found = lax.gather(x, jnp.stack(start, -1), numbers, (1, *reach, shape.depth), mode="clip")
    steps = (1, *shape.step, 1)
    found = lax.slice(found, [0] * found.ndim, found.shape, steps)
    return found.reshape(len(found), -1)
