"""Keccak-256 of one message, and of many pairs of nodes at once."""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from sha3 import keccak_256

# On an accelerator so many messages are hashed at a time; fewer than FEW are not worth the way.
LANES, FEW = 1 << 16, 1 << 12
_ROUNDS = 24


def keccak(data: bytes) -> bytes:
    digest: bytes = keccak_256(data).digest()
    return digest


def node(left: bytes, right: bytes) -> bytes:
    """The node over two nodes of 32 bytes."""
    return keccak(left + right)


def parents(level: np.ndarray) -> np.ndarray:
    """Nodes uint8 [2n, 32] -> [n, 32], each keccak of two: as `node`, many at once.

    A core hashes one after another: XLA has no registers for 25 words of many states.
    """
    if len(level) < 2 * FEW or jax.default_backend() == "cpu":
        return one_by_one(level)
    return side_by_side(level)


def one_by_one(level: np.ndarray) -> np.ndarray:
    data = level.tobytes()
    digests = b"".join([keccak_256(data[i : i + 64]).digest() for i in range(0, len(data), 64)])
    return np.frombuffer(digests, np.uint8).reshape(-1, 32)


def side_by_side(level: np.ndarray) -> np.ndarray:
    """On the device that JAX has."""
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
