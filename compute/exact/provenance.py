"""Who may know what: the provenance of a value, and what it makes of the axes of a result.

A grid that elements share is a channel between them.  So `Value.positional` says along which axes
elements may *know* different things, and no grid is shared along those.  What an element knows is
a set: the positions of the inputs it was computed from, the parameters.  A function in which no
position may see a later one must keep the two apart whatever its parameters are, so what hides a
term can only be its structure: where things are put, and constants.

`Value.origin` names what the elements know as a function of their place along the positional axes.
Values of equal origin and equal positional axes know the same at the same place, and can be joined
along another axis; values of different origin can not, and the axis becomes positional.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from compute.exact.values import CONSTANT, Flags, Origin, Parameters, Value

HUGE = 2.0**64

# tells constant elements apart: those that hide what they are multiplied with, added to, choose
_Mark = Callable[[np.ndarray], np.ndarray]


def _zero(x: np.ndarray) -> np.ndarray:
    return x == 0


def _huge(x: np.ndarray) -> np.ndarray:
    return np.where(np.abs(x) < HUGE, 0, np.sign(x))


def _zero_or_huge(x: np.ndarray) -> np.ndarray:
    return np.where(x == 0, 2, _huge(x))


def _itself(x: np.ndarray) -> np.ndarray:
    return x


# the operations of two or more operands by which a constant can hide another operand
HIDING: dict[str, _Mark] = {
    **dict.fromkeys(("add", "add_any", "sub"), _huge),
    **dict.fromkeys(("mul", "div", "pow", "max", "min", "clamp", "atan2"), _zero_or_huge),
    **dict.fromkeys(("and", "or", "rem"), _itself),
    **dict.fromkeys(
        ("select_n", "shift_left", "shift_right_logical", "shift_right_arithmetic"), _itself
    ),
}


def structure(value: Value, mark: _Mark = _zero) -> Flags:
    """The axes along which the elements may know different things; of a constant, those along
    which `mark` varies, all if it is computed in a loop."""
    if value.origin != CONSTANT:
        return value.positional
    if value.constant is None:
        return tuple(size > 1 for size in value.array.shape)
    x = value.constant()
    # a broadcast axis has no stride, and nothing varies along it
    once = tuple(slice(None) if stride else slice(0, 1) for stride in x.strides)
    marked = mark(x[once])
    return tuple(
        size > 1 and bool(np.any(marked != np.take(marked, [0], axis)))
        for axis, size in enumerate(marked.shape)
    )


def alike(values: Sequence[Value]) -> bool:
    """Do all know the same at the same place?"""
    first = values[0]
    return all(v.origin == first.origin and v.positional == first.positional for v in values)


def hidden(name: str, values: Sequence[Value], shape: tuple[int, ...]) -> Flags:
    """The axes along which the constants of an element-wise operation may hide other operands."""
    nothing = (False,) * len(shape)
    if name not in HIDING or all(v.origin == CONSTANT for v in values):
        return nothing
    if name == "select_n":
        chooser, *cases = values
        if chooser.origin != CONSTANT or alike(cases):
            return nothing
        values = [chooser]
    constants = [v for v in values if v.origin == CONSTANT and v.array.ndim == len(shape)]
    found = [structure(v, HIDING[name]) for v in constants]
    return tuple(map(any, zip(nothing, *found, strict=True)))


def constants(
    apply: Callable[[Sequence[Value]], list[Value]],
    name: str,
    parameters: Parameters,
    values: Sequence[Value],
) -> Callable[[int], np.ndarray] | None:
    """What computes the i-th result of an equation of constants; None if an operand is none.

    Computed only when asked for, by the same rules, while the function is traced.
    """
    computed = [v.constant for v in values]
    if None in computed:
        return None

    @functools.cache
    def results() -> list[np.ndarray]:
        known = [c() for c in computed if c is not None]
        if name == "broadcast_in_dim":
            shape, kept = parameters["shape"], parameters["broadcast_dimensions"]
            new = [axis for axis in range(len(shape)) if axis not in kept]
            return [np.broadcast_to(np.expand_dims(known[0], new), shape)]
        with jax.ensure_compile_time_eval():
            again = [
                dataclasses.replace(v, array=jnp.asarray(x))
                for v, x in zip(values, known, strict=True)
            ]
            return [np.asarray(v.array) for v in apply(again)]

    return lambda i: results()[i]


# what leaves out, inserts or sums over axes, if the positional ones are still the same
_KEEPING = frozenset(
    [
        *("broadcast_in_dim", "reshape", "squeeze", "expand_dims", "slice", "split"),
        *("argmax", "argmin", "reduce_sum", "reduce_max", "reduce_min", "reduce_prod"),
        *("reduce_and", "reduce_or"),
    ]
)


def origin(
    name: str, elementwise: bool, parameters: Parameters, values: Sequence[Value], result: Value
) -> Origin:
    """That of a result: its operands' if each place knows what it knew there, else a new one."""
    secret = [v for v in values if v.secret]
    if not secret:
        return max((v.origin for v in values), key=len, default=CONSTANT)
    if elementwise or (name in _KEEPING and len(secret) == 1):
        kept = all(_places(v) == _places(result) or v.array.ndim == 0 for v in secret)
    elif name == "transpose":
        moved = [p for p in parameters["permutation"] if values[0].positional[p]]
        kept = moved == sorted(moved)
    elif name == "dot_general" and len(secret) == 1:
        side = int(values[1].secret)
        contracted, batch = (axes[side] for axes in parameters["dimension_numbers"])
        kept = not any(secret[0].positional[axis] for axis in (*contracted, *batch))
        kept = kept and _places(secret[0]) == _places(result)
    else:
        kept = False
    return frozenset.union(*(v.origin for v in secret)) if kept else fresh()


def _places(value: Value) -> list[int]:
    """The sizes of the positional axes along which there is more than one place."""
    sizes = zip(value.array.shape, value.positional, strict=True)
    return [size for size, positional in sizes if positional and size > 1]


def fresh() -> Origin:
    """An origin like no other."""
    return frozenset([object()])
