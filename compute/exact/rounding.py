"""Round float64 sums correctly: decide by an error bound, and repair what it leaves undecided.

A sum s that is within `error` of the exact one is *decided* if s - error and s + error round to the
same value.  What is not is marked in the result's bits; then
the marked elements are found and summed again in integers (`superaccumulator`), some at a time,
until none is left.  So the result is always the exact sum rounded once, and never depends on how
the float64 sum was made.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from compute.exact.number import SMALLEST, flush
from compute.exact.superaccumulator import SATURATED_PATTERN, Format

UNDECIDED = np.int32(0x7F800001)
TILE = 512
# elements that are repaired at once, one in each lane; a lane is a row of tiles
LANES = (8, 64)
# terms that are summed again at once: more lanes are idle lanes, where few elements are undecided
TERMS = 2**14


def decide(s: Array, error: Array, form: Format) -> Array:
    """Float32 patterns (int32) of the exact sums rounded, UNDECIDED where the bound is not enough.

    `s` float64 and |exact - s| + 2**-53 (|s| + error) <= error, or `error` is 0 and s exact: so the
    exact sum lies between s - error and s + error as float64 rounds them.  Rounding is monotone:
    where both ends give the same number, or both vanish, so does all between them.  NaN is
    SATURATED.
    """
    low, high = _significant(s - error, form.bits), _significant(s + error, form.bits)
    y = lax.bitcast_convert_type(low, jnp.float64).astype(jnp.float32)
    # a GPU's own NaN, all ones, is no longer one when rounded
    within = (jnp.abs(y) <= np.float32(form.largest)) & (s == s)
    pattern = jnp.where(within, lax.bitcast_convert_type(flush(y), jnp.int32), SATURATED_PATTERN)
    known = (low == high) | (jnp.abs(s) + error < SMALLEST / 2) | (s != s)
    return jnp.where(known, pattern, UNDECIDED)


def _significant(x: Array, bits: int) -> Array:
    """The bits (int64) of float64 numbers rounded to so many significant ones, ties to even."""
    found = lax.bitcast_convert_type(x, jnp.int64)
    dropped = 53 - bits
    odd = (found >> dropped) & 1
    return (found + (2 ** (dropped - 1) - 1) + odd) & -(2**dropped)


def repair(marked: Array, exact: Callable[[Array], Array], terms: int) -> Array:
    """Float32 values from patterns, of sums of so many terms, of which some are UNDECIDED.

    `exact(index)` sums elements again: int64 [lanes] places in C order -> int32 [lanes] patterns.
    Takes a pass over `marked`, and one call of `exact` for the next element of every lane.
    """
    if not marked.size:
        return lax.bitcast_convert_type(marked, jnp.float32)
    lanes, each, tile = _divided(marked.size, terms)
    lane, turn = jnp.arange(lanes), jnp.arange(each)

    def again(state: tuple[Array, Array]) -> tuple[Array, Array]:
        tiles, hot = state
        at = lax.argmax(hot, 1, jnp.int32)
        number = lane * each + at
        open_ = tiles[number] == UNDECIDED
        place = lax.argmax(open_, 1, jnp.int32)
        found = exact(number.astype(jnp.int64) * tile + place)
        row = jnp.where(jnp.any(hot, axis=1), number, lanes * each)
        tiles = tiles.at[row, place].set(found, mode="drop", unique_indices=True)
        done = (turn == at[:, None]) & (jnp.sum(open_, axis=1) <= 1)[:, None]
        return tiles, hot & ~done

    def search(state: tuple[Array, Array]) -> tuple[Array, Array]:
        tiles = state[0].reshape(-1, tile)
        hot = jnp.any(tiles == UNDECIDED, axis=1).reshape(lanes, each)
        tiles, hot = lax.while_loop(lambda inner: jnp.any(inner[1]), again, (tiles, hot))
        return tiles.reshape(marked.shape), jnp.any(hot)

    # One turn.  As the state of a loop `marked` is computed once and in its own shape; else the
    # compiler decides again, element by element, to look for what is undecided.
    found, _ = lax.while_loop(lambda state: state[1], search, (marked, jnp.bool_(True)))
    return lax.bitcast_convert_type(found, jnp.float32)


def saturating(patterns: Array, *terms: Array) -> Array:
    """Patterns [C] of sums, SATURATED where one of the terms [C, K] is."""
    saturated = functools.reduce(jnp.logical_or, [x != x for x in terms])
    return jnp.where(jnp.any(saturated, axis=-1), SATURATED_PATTERN, patterns)


def _divided(size: int, terms: int) -> tuple[int, int, int]:
    """size = lanes * tiles of a lane * elements of a tile, at most LANES and TILE."""
    most = min(max(TERMS // terms, LANES[0]), LANES[1])
    tile = _divisor(size, max(1, min(TILE, size // most)))
    lanes = _divisor(size // tile, most)
    return lanes, size // tile // lanes, tile


def _divisor(size: int, most: int) -> int:
    return next(n for n in range(most, 0, -1) if size % n == 0)
