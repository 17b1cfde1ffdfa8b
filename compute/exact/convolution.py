"""Convolution as shifted slices and a dot product; never Winograd or FFT."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from compute.exact.carriers import Carrier
from compute.exact.contraction import TooManyTerms, sum_of_limbs
from compute.exact.grid import MOST_TERMS, Limb, absolute, row, row_bits
from compute.exact.number import LARGEST_PRODUCT_SUM, narrow
from compute.exact.values import Flags


def convolve(
    a: Array,
    b: Array,
    positional: tuple[Flags, Flags],
    parameters: dict[str, Any],
    carrier: Carrier,
) -> Array:
    """conv_general_dilated with any strides, dilations, padding and feature groups.

    The kernel is on a row grid per output channel, the input on one per example, over all its
    channels and positions; either on the absolute grid if one of the summed axes is positional.
    Each output is the sum of limb products as in `contraction.dot`.
    """
    if parameters["batch_group_count"] != 1:
        raise NotImplementedError("convolution with batch_group_count other than 1")
    names = parameters["dimension_numbers"]
    order = (names.lhs_spec[0], *names.lhs_spec[2:], names.lhs_spec[1])
    x = jnp.transpose(a, order)  # [N, spatial.., C]
    kernel = jnp.transpose(b, (*names.rhs_spec[2:], names.rhs_spec[1], names.rhs_spec[0]))
    size, groups = kernel.shape[:-2], parameters["feature_group_count"]
    terms = math.prod(size) * kernel.shape[-2]
    if terms > MOST_TERMS:
        raise TooManyTerms(f"a convolution over {terms} terms; the limit is {MOST_TERMS}")

    bits = row_bits(terms)
    of_input, of_kernel = positional
    inner = tuple(range(1, x.ndim))
    if any(of_input[axis] for axis in names.lhs_spec[1:]):
        inputs = absolute(x)
    else:
        inputs = [row(lax.optimization_barrier(x), inner, bits)]
    if any(of_kernel[axis] for axis in names.rhs_spec[1:]):
        kernels = absolute(kernel)
    else:
        kernels = [row(kernel, tuple(range(kernel.ndim - 1)), bits)]
    left = [_patches(limb, size, groups, parameters) for limb in inputs]
    right = [_kernel(limb, groups) for limb in kernels]

    # [N, spatial.., G, K] x [G, K, O/G] -> [G, N, spatial.., O/G]
    dimensions = (((x.ndim,), (1,)), ((x.ndim - 1,), (0,)))
    y = narrow(sum_of_limbs(left, right, dimensions, carrier), LARGEST_PRODUCT_SUM)
    y = jnp.moveaxis(y, 0, -2)
    y = y.reshape(*y.shape[:-2], -1)
    inverse = np.argsort((names.out_spec[0], *names.out_spec[2:], names.out_spec[1]))
    return jnp.transpose(y, inverse.tolist())


def _patches(limb: Limb, size: tuple[int, ...], groups: int, parameters: dict[str, Any]) -> Limb:
    """[N, spatial.., C] -> [N, out.., G, K] with K = taps * C / G."""
    x = limb.digits
    strides, dilation = parameters["window_strides"], parameters["rhs_dilation"]
    padding = [
        (low, high, base - 1)
        for (low, high), base in zip(parameters["padding"], parameters["lhs_dilation"], strict=True)
    ]
    x = lax.pad(x, np.float32(0), [(0, 0, 0), *padding, (0, 0, 0)])
    reach = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
    steps = [(n - r) // s for n, r, s in zip(x.shape[1:-1], reach, strides, strict=True)]
    taps = []
    for tap in np.ndindex(*size):
        start = [0, *(t * d for t, d in zip(tap, dilation, strict=True)), 0]
        stop = [a + n * s + 1 for a, n, s in zip(start[1:-1], steps, strides, strict=True)]
        stop = [x.shape[0], *stop, x.shape[-1]]
        piece = lax.slice(x, start, stop, [1, *strides, 1])
        taps.append(piece.reshape(*piece.shape[:-1], groups, -1))
    exponent = limb.exponent
    return Limb(jnp.concatenate(taps, -1), exponent[..., None] if exponent.ndim else exponent)


def _kernel(limb: Limb, groups: int) -> Limb:
    """[taps.., C/G, O] -> [G, K, O/G]."""
    out = limb.digits.shape[-1]
    digits = limb.digits.reshape(-1, groups, out // groups)
    exponent = limb.exponent
    if exponent.ndim:
        exponent = jnp.swapaxes(exponent.reshape(1, groups, out // groups), 0, 1)
    return Limb(jnp.swapaxes(digits, 0, 1), exponent)
