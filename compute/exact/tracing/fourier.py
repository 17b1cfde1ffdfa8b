"""Fourier transforms as sums of products with tables of rounded sines and cosines.

Along one axis of n elements: y_k = sum_j x_j w**(j k), w = exp(-2 pi i / n).  Real and imaginary
parts stand side by side, so that each part of a result is one exact sum, rounded once.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from compute.exact.tracing.compositions import composed

Complex = tuple[Array, Array]
LONGEST = 1 << 16  # products of two positions are 32-bit integers


@composed("fft", pairs=True)
def fft(x: Array | Complex, *, fft_type: Any, fft_lengths: tuple[int, ...], **_: Any) -> Any:
    """Over the last axes, whose lengths are `fft_lengths`; the inverse ones divide by them."""
    kind = str(getattr(fft_type, "name", fft_type)).upper()
    if max(fft_lengths) >= LONGEST:
        raise NotImplementedError(f"a Fourier transform of {max(fft_lengths)} elements")
    axes = range(-len(fft_lengths), 0)
    if not isinstance(x, tuple):  # of real numbers the first half tells the rest
        half = fft_lengths[-1] // 2 + 1
        y = _transform((x, jnp.zeros_like(x)), -1, 1)
        y = (y[0][..., :half], y[1][..., :half])
        return _over(y, axes[:-1], 1)
    if kind == "IRFFT":
        return _real_inverse(_over(x, axes[:-1], -1), fft_lengths[-1])
    return _over(x, axes, 1 if kind == "FFT" else -1)


def _over(x: Complex, axes: Any, sign: int) -> Complex:
    for axis in axes:
        x = _transform(x, axis, sign)
    return x


def _transform(x: Complex, axis: int, sign: int) -> Complex:
    n = x[0].shape[axis]
    cos, sin = _matrices(n, n, n)
    sin = sign * sin
    rows = jnp.concatenate([jnp.moveaxis(part, axis, -1) for part in x], -1)
    table = jnp.concatenate([jnp.concatenate([cos, -sin], 1), jnp.concatenate([sin, cos], 1)])
    both = rows @ table
    if sign < 0:
        both = both / n
    return jnp.moveaxis(both[..., :n], -1, axis), jnp.moveaxis(both[..., n:], -1, axis)


def _real_inverse(x: Complex, n: int) -> Array:
    """From the first n // 2 + 1 frequencies; the others are their conjugates."""
    half = n // 2 + 1
    cos, sin = _matrices(half, n, n)
    twice = np.full((half, 1), 2, np.float32)
    twice[0] = 1
    if n % 2 == 0:
        twice[-1] = 1
    rows = jnp.concatenate([part[..., :half] for part in x], -1)
    return rows @ jnp.concatenate([cos * twice, -sin * twice]) / n


def _matrices(rows: int, columns: int, n: int) -> Complex:
    """cos and sin of 2 pi j k / n, gathered from tables of n elements."""
    angle = 2 * np.pi * np.arange(n) / n
    product = jnp.arange(rows, dtype=jnp.uint32)[:, None] * jnp.arange(columns, dtype=jnp.uint32)
    place = (product % jnp.uint32(n)).astype(jnp.int32)
    tables = [_table(np.cos(angle)), _table(np.sin(angle))]
    cos, sin = (jnp.take(jnp.asarray(table), place, mode="clip") for table in tables)
    return cos, sin


def _table(numbers: np.ndarray) -> np.ndarray:
    """Rounded; what is zero but for the error of pi is zero."""
    return np.where(np.abs(numbers) < 1e-15, 0, numbers).astype(np.float32)
