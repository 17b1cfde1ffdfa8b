"""Loops and branches: the examples are inside, and traps are carried along."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
from jax import Array, lax

from compute.exact import flags
from compute.exact.values import Context, Value
from compute.program.program import Block, Step

# (context, block, inputs) -> (results, which examples trap)
Run = Callable[[Context, Block, Sequence[Value]], tuple[list[Value], Array]]
Rule = Callable[[Run, Context, Step, Sequence[Value]], list[Value]]


def _known(values: Sequence[Value]) -> list[bool]:
    return [v.batched for v in values]


def _as(context: Context, value: Value, batched: bool) -> Array:
    return value.across(context.examples or 1) if batched else value.array


def _where(condition: Array, yes: Array, no: Array) -> Array:
    """Conditions of examples, or one for all."""
    shape = condition.shape + (1,) * (yes.ndim - condition.ndim)
    return jnp.where(condition.reshape(shape), yes, no)


def scan(run: Run, context: Context, step: Step, values: Sequence[Value]) -> list[Value]:
    """Step by step."""
    p = step.attributes
    body, first = p["body"], p["constants"]
    last = first + p["carries"]
    fixed, sequences = values[:first], values[last:]
    found = flags.of_step(step, _known(values))
    carried = found[: p["carries"]]
    start = [_as(context, v, b) for v, b in zip(values[first:last], carried, strict=True)]
    slices = [jnp.moveaxis(v.array, 1, 0) if v.batched else v.array for v in sequences]

    def once(state: tuple[Any, ...], row: tuple[Array, ...]) -> Any:
        carries = [Value(x, b) for x, b in zip(state[:-1], carried, strict=True)]
        here = [Value(x, v.batched) for x, v in zip(row, sequences, strict=True)]
        results, trapped = run(context, body, [*fixed, *carries, *here])
        new = [_as(context, v, b) for v, b in zip(results, found, strict=True)]
        return (*new[: len(carried)], state[-1] | trapped), tuple(new[len(carried) :])

    nothing = Context(context.examples, context.carrier).trapped()
    state, stacked = lax.scan(
        once, (*start, nothing), tuple(slices), length=p["length"], reverse=p["reverse"]
    )
    context.traps.append(state[-1])
    rest = found[len(carried) :]
    outputs = [jnp.moveaxis(x, 0, 1) if b else x for x, b in zip(stacked, rest, strict=True)]
    return [Value(x, b) for x, b in zip((*state[:-1], *outputs), found, strict=True)]


def cond(run: Run, context: Context, step: Step, values: Sequence[Value]) -> list[Value]:
    """The branch of each example: all branches if examples differ, and only its own traps."""
    index, operands = values[0], values[1:]
    branches = step.attributes["branches"]
    found = flags.of_step(step, _known(values))
    place = jnp.clip(index.array.astype(jnp.int32), 0, len(branches) - 1)

    def branch(block: Block) -> tuple[list[Array], Array]:
        results, trapped = run(context, block, operands)
        return [_as(context, v, b) for v, b in zip(results, found, strict=True)], trapped

    if not index.batched:
        chosen, trapped = lax.switch(place, [lambda b=b: branch(b) for b in branches])
    else:
        chosen, trapped = branch(branches[0])
        for i, block in enumerate(branches[1:], 1):
            other, also = branch(block)
            chosen = [_where(place >= i, y, x) for x, y in zip(chosen, other, strict=True)]
            trapped = jnp.where(place >= i, also, trapped)
    context.traps.append(trapped)
    return [Value(x, b) for x, b in zip(chosen, found, strict=True)]


def while_(run: Run, context: Context, step: Step, values: Sequence[Value]) -> list[Value]:
    """Until no example goes on; one that is done keeps its state and cannot trap."""
    p = step.attributes
    first = p["condition_constants"]
    last = first + p["body_constants"]
    carried, varies = flags.of_while(step, _known(values))

    def carries(state: Sequence[Array]) -> list[Value]:
        return [Value(x, b) for x, b in zip(state, carried, strict=True)]

    def goes_on(state: Sequence[Array]) -> tuple[Array, Array]:
        (result,), trapped = run(context, p["condition"], [*values[:first], *carries(state)])
        return _as(context, result, varies), trapped

    def once(state: tuple[Any, ...]) -> tuple[Any, ...]:
        count, active, trapped, *old = state
        results, in_body = run(context, p["body"], [*values[first:last], *carries(old)])
        new = [_as(context, v, b) for v, b in zip(results, carried, strict=True)]
        new = [_where(active, y, x) for x, y in zip(old, new, strict=True)]
        on, in_condition = goes_on(new)
        trapped = trapped | (active & (in_body | in_condition))
        return (count + 1, active & on, trapped, *new)

    start = [_as(context, v, b) for v, b in zip(values[last:], carried, strict=True)]
    active, trapped = goes_on(start)
    state = lax.while_loop(
        lambda s: jnp.any(s[1]) & (s[0] < p["limit"]), once, (jnp.int32(0), active, trapped, *start)
    )
    context.traps.append(state[2] | state[1])
    return carries(state[3:])


CONTROL: dict[str, Rule] = {"scan": scan, "cond": cond, "while": while_}
