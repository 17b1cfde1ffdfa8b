"""Random numbers inside a model: Threefry-2x32 in integer steps, keys as two words.

Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011); counters as JAX lays them out
with jax_threefry_partitionable.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from compute.exact.tracing.compositions import composed

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA

Key = tuple[Array, Array]


@composed("threefry2x32", pairs=True)
def threefry(key0: Array, key1: Array, x0: Array, x1: Array, **_: Any) -> Key:
    """Twenty rounds on two words."""
    keys = (key0, key1, key0 ^ key1 ^ jnp.uint32(_PARITY))
    x0, x1 = x0 + keys[0], x1 + keys[1]
    for group in range(5):
        for distance in _ROTATIONS[group % 2]:
            x0 = x0 + x1
            left = lax.shift_left(x1, jnp.full_like(x1, distance))
            right = lax.shift_right_logical(x1, jnp.full_like(x1, 32 - distance))
            x1 = x0 ^ (left | right)
        x0 = x0 + keys[(group + 1) % 3]
        x1 = x1 + keys[(group + 2) % 3] + jnp.uint32(group + 1)
    return x0, x1


@composed("iota_2x32_shape")
def _counters(*, shape: tuple[int, ...], **_: Any) -> Key:
    """(high, low) words of the position of every element in C order."""
    if math.prod(shape) >= 1 << 32:
        raise NotImplementedError(f"random numbers of shape {shape}")
    low = lax.iota(jnp.uint32, math.prod(shape)).reshape(shape)
    return jnp.zeros_like(low), low


def _at_counters(key: Key, shape: tuple[int, ...]) -> Key:
    """The words for every counter of `shape`, for every key: [*keys, *shape]."""
    if not jax.config.jax_threefry_partitionable:  # type: ignore[attr-defined]
        raise NotImplementedError("random numbers with jax_threefry_partitionable off")
    counters = _counters(shape=shape)
    whole = (*key[0].shape, *shape)
    words = [jnp.broadcast_to(k.reshape(k.shape + (1,) * len(shape)), whole) for k in key]
    return threefry(*words, *(jnp.broadcast_to(c, whole) for c in counters))


@composed("random_bits", pairs=True)
def _bits(key: Key, *, bit_width: int, shape: tuple[int, ...], **_: Any) -> Array:
    if bit_width not in (8, 16, 32):
        raise NotImplementedError(f"random integers of {bit_width} bits")
    high, low = _at_counters(key, tuple(shape))
    return (high ^ low).astype(f"uint{bit_width}")


@composed("random_split", pairs=True)
def _split(key: Key, *, shape: tuple[int, ...], **_: Any) -> Key:
    return _at_counters(key, tuple(shape))


@composed("random_fold_in", pairs=True)
def _fold_in(key: Key, data: Array, **_: Any) -> Key:
    data = jnp.broadcast_to(data.astype(jnp.uint32), key[0].shape)
    return threefry(*key, jnp.zeros_like(data), data)


@composed("random_seed", pairs=True)
def _seed(seed: Array, **_: Any) -> Key:
    low = seed.astype(jnp.uint32)
    return jnp.zeros_like(low), low


@composed("random_wrap", pairs=True)
def _wrap(words: Array, **_: Any) -> Key:
    return words[..., 0], words[..., 1]


@composed("random_unwrap", pairs=True)
def _unwrap(key: Key, **_: Any) -> Array:
    return jnp.stack(key, axis=-1)
