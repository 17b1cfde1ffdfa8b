"""Windows that are written out: folds by any function, and derivatives of pools."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun

from compute.exact.tracing.compositions import composed

LARGEST_WINDOW = 1 << 12


class _Windows(NamedTuple):
    """XLA's numbers of a window, an entry an axis; `shape` is that of what is looked at."""

    shape: tuple[int, ...]
    size: tuple[int, ...]
    strides: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    base_dilation: tuple[int, ...]
    window_dilation: tuple[int, ...]

    @classmethod
    def of(cls, shape: Sequence[int], parameters: dict[str, Any]) -> _Windows:
        ones = (1,) * len(shape)
        size = tuple(parameters["window_dimensions"])
        if np.prod(size) > LARGEST_WINDOW:
            raise NotImplementedError(f"a window of more than {LARGEST_WINDOW} elements")
        return cls(
            tuple(shape),
            size,
            tuple(parameters["window_strides"]),
            tuple((int(low), int(high)) for low, high in parameters["padding"]),
            tuple(parameters.get("base_dilation") or ones),
            tuple(parameters.get("window_dilation") or ones),
        )

    @property
    def widths(self) -> list[tuple[int, int, int]]:
        """Of `lax.pad`, for what the windows slide over."""
        pairs = zip(self.padding, self.base_dilation, strict=True)
        return [(low, high, apart - 1) for (low, high), apart in pairs]

    def views(self, x: Array, fill: Array) -> list[Array]:
        """What each place of the window sees, in C order: arrays of the result's shape."""
        whole = lax.pad(x, fill, self.widths)
        places = itertools.product(*map(range, self.size))
        starts = [
            [i * apart for i, apart in zip(place, self.window_dilation, strict=True)]
            for place in places
        ]
        reach = [(n - 1) * apart for n, apart in zip(self.size, self.window_dilation, strict=True)]
        return [
            lax.slice(
                whole,
                start,
                [n - r + i for n, r, i in zip(whole.shape, reach, start, strict=True)],
                self.strides,
            )
            for start in starts
        ]


@composed("reduce_window")
def _fold(
    *operands: Array, jaxpr: Any, consts: Sequence[Any] = (), **parameters: Any
) -> tuple[Array, ...]:
    """From the first place of the window to the last, starting with the initial value."""
    half = len(operands) // 2
    arrays, initial = operands[:half], operands[half:]
    windows = _Windows.of(arrays[0].shape, parameters)
    combine = jax.vmap(jaxpr_as_fun(ClosedJaxpr(jaxpr, consts)))
    views = [windows.views(x, start) for x, start in zip(arrays, initial, strict=True)]
    shape = views[0][0].shape
    state = [jnp.full(views[0][0].size, start) for start in initial]
    for row in zip(*views, strict=True):
        state = combine(*state, *(x.ravel() for x in row))
    return tuple(x.reshape(shape) for x in state)


def _chosen(windows: _Windows, operand: Array, greatest: bool) -> Array:
    """The place in each window of its greatest or least element, the first of equals."""
    fill = jnp.full((), -jnp.inf if greatest else jnp.inf, operand.dtype)
    views = windows.views(operand, fill)
    choose = jnp.argmax if greatest else jnp.argmin
    return choose(jnp.stack(views), axis=0).astype(jnp.int32)


@composed("select_and_gather_add")
def _selected(tangents: Array, operand: Array, *, select_prim: Any, **parameters: Any) -> Array:
    """The tangent of the element that a pool chooses."""
    windows = _Windows.of(operand.shape, parameters)
    place = _chosen(windows, operand, _is_greatest(select_prim))
    views = jnp.stack(windows.views(tangents, jnp.zeros((), tangents.dtype)))
    return jnp.take_along_axis(views, place[None], axis=0)[0]


@composed("select_and_scatter_add")
def _scattered(source: Array, operand: Array, *, select_prim: Any, **parameters: Any) -> Array:
    """To each element the exact sum over the windows that choose it."""
    windows = _Windows.of(operand.shape, parameters)
    place = _chosen(windows, operand, _is_greatest(select_prim))
    places = lax.iota(jnp.int32, operand.size).reshape(operand.shape) + 1  # 0 is padding
    views = jnp.stack(windows.views(places, jnp.int32(0)))
    where = jnp.take_along_axis(views, place[None], axis=0)[0]
    sums = jnp.zeros(operand.size + 1, source.dtype).at[where.ravel()].add(source.ravel())
    return sums[1:].reshape(operand.shape)


def _is_greatest(select: Any) -> bool:
    if select.name not in ("ge", "le"):
        raise NotImplementedError(f"a pool that selects by {select}")
    return bool(select.name == "ge")
