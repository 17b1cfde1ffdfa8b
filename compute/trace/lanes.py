"""Keccak-256 of pairs of nodes side by side on an accelerator."""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

LANES = 1 << 16  # hashed by one call, so that it is compiled once
_ROUNDS = 24


def worthwhile() -> bool:
    """Is there a device that does this faster than a core?"""
    return jax.default_backend() != "cpu"


def parents(level: np.ndarray) -> np.ndarray:
    """As `keccak.parents`, on the device that JAX has."""
    pairs = np.ascontiguousarray(level).reshape(-1, 64)
    count = len(pairs)
    padded = np.zeros((-(-count // LANES), LANES, 8), np.uint64)
    padded.reshape(-1, 8)[:count] = pairs.view("<u8")
    with jax.enable_x64(True):
        done = [np.asarray(_compiled()(block)) for block in padded]
    return np.concatenate(done)[:count].astype("<u8", copy=False).view(np.uint8)


@functools.cache
def _compiled() -> Callable[[np.ndarray], Array]:
    return jax.jit(_digests)


def _digests(words: Array) -> Array:
    """Messages of 64 bytes, uint64 [n, 8] -> digests uint64 [n, 4]: one absorbed block, padded."""
    zero = jnp.zeros(words.shape[0], jnp.uint64)
    state = [words[:, i] for i in range(8)] + [zero] * 17
    state[8] = zero | np.uint64(1)
    state[16] = zero | np.uint64(1 << 63)
    constants = jnp.asarray(_round_constants())
    done = lax.fori_loop(0, _ROUNDS, lambda i, s: _round(s, constants[i]), tuple(state))
    return jnp.stack(done[:4], 1)


def _turn(x: Array, by: int) -> Array:
    return x if by == 0 else (x << np.uint64(by)) | (x >> np.uint64(64 - by))


def _round(a: tuple[Array, ...], constant: Array) -> tuple[Array, ...]:
    """FIPS 202, 3.3: theta, rho and pi, chi, iota; lane (x, y) is number x + 5 y."""
    c = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20] for x in range(5)]
    d = [c[(x - 1) % 5] ^ _turn(c[(x + 1) % 5], 1) for x in range(5)]
    b: list[Array] = [a[0]] * 25
    for x in range(5):
        for y in range(5):
            b[y + 5 * ((2 * x + 3 * y) % 5)] = _turn(a[x + 5 * y] ^ d[x], _OFFSETS[x + 5 * y])
    out = [b[i] ^ (~b[i - i % 5 + (i + 1) % 5] & b[i - i % 5 + (i + 2) % 5]) for i in range(25)]
    out[0] = out[0] ^ constant
    return tuple(out)


def _offsets() -> list[int]:
    found, x, y = [0] * 25, 1, 0
    for t in range(24):
        found[x + 5 * y] = (t + 1) * (t + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5
    return found


def _round_constants() -> np.ndarray:
    """From the linear feedback register x^8 + x^6 + x^5 + x^4 + 1."""
    register, found = 1, []
    for _ in range(_ROUNDS):
        word = 0
        for j in range(7):
            word |= (register & 1) << ((1 << j) - 1)
            register = (register << 1) ^ (0x171 if register & 0x80 else 0)
        found.append(word)
    return np.array(found, np.uint64)


_OFFSETS = _offsets()
