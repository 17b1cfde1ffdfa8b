"""Keccak-256 of one message, and of many pairs of nodes at once on whatever device JAX has."""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from Crypto.Hash import keccak as reference
from jax import Array, lax

# hashed by one call of the compiled function: its state of 25 words each stays in a core's cache
LANES = 2048
_ROUNDS = 24


def keccak(data: bytes) -> bytes:
    return reference.new(digest_bits=256, data=data).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The node over two nodes of 32 bytes."""
    return keccak(left + right)


def parents(level: np.ndarray) -> np.ndarray:
    """Nodes uint8 [2n, 32] -> [n, 32], each keccak of two: as `node`, many at once."""
    pairs = np.ascontiguousarray(level).reshape(-1, 64)
    count = len(pairs)
    if count < LANES // 16:  # not worth a device
        return _one_by_one(pairs)
    blocks = -(-count // LANES)
    padded = np.zeros((blocks, LANES, 8), np.uint64)
    padded.reshape(-1, 8)[:count] = pairs.view("<u8")
    with jax.enable_x64(True):
        done = np.asarray(_compiled()(padded)) if blocks > 1 else np.asarray(_single()(padded[0]))
    return done.reshape(-1, 4)[:count].astype("<u8", copy=False).view(np.uint8)


def _one_by_one(pairs: np.ndarray) -> np.ndarray:
    digests = b"".join(keccak(pair.tobytes()) for pair in pairs)
    return np.frombuffer(digests, np.uint8).reshape(-1, 32)


@functools.cache
def _single() -> Callable[[np.ndarray], Array]:
    return jax.jit(_digests)


@functools.cache
def _compiled() -> Callable[[np.ndarray], Array]:
    return jax.jit(lambda blocks: lax.map(_digests, blocks))


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
