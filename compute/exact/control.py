"""Calls, loops and branches: the interpreter inside, the saturation flag carried along."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.extend.core import ClosedJaxpr

from compute.exact.values import Context, Parameters, Value

Flags = tuple[tuple[bool, ...], ...]
Evaluate = Callable[[Context, ClosedJaxpr, Sequence[Value]], list[Value]]

CALLS = frozenset(
    [
        "jit",
        "pjit",
        "closed_call",
        "core_call",
        "remat",
        "remat2",
        "checkpoint",
        "custom_jvp_call",
        "custom_vjp_call",
        "custom_vjp_call_jaxpr",
        "custom_lin",
    ]
)


def call(
    evaluate: Evaluate, context: Context, parameters: Parameters, values: Sequence[Value]
) -> list[Value]:
    """A call means its body; custom derivatives are ignored."""
    key = next(k for k in ("call_jaxpr", "jaxpr", "fun_jaxpr") if k in parameters)
    body = parameters[key]
    closed = body if isinstance(body, ClosedJaxpr) else ClosedJaxpr(body, ())
    return evaluate(context, closed, values)


def _run(
    evaluate: Evaluate, context: Context, body: ClosedJaxpr, arrays: Sequence[Array], flags: Flags
) -> tuple[list[Value], Array]:
    """Evaluate a body on arrays with known positional axes, with its own saturation flag."""
    inner = Context(context.carrier)
    values = [Value(a, f) for a, f in zip(arrays, flags, strict=True)]
    return evaluate(inner, body, values), inner.saturated()


def _join(a: Flags, b: Flags) -> Flags:
    return tuple(
        tuple(x or y for x, y in zip(p, q, strict=True)) for p, q in zip(a, b, strict=True)
    )


def _flags(values: Sequence[Value]) -> Flags:
    return tuple(v.positional for v in values)


def _stable(step: Callable[[Flags], Flags], flags: Flags) -> Flags:
    """The least flags for a loop's carry, from `flags` up, that one step maps into themselves."""
    while (joined := _join(flags, step(flags))) != flags:
        flags = joined
    return flags


def _trace_flags(
    evaluate: Evaluate, context: Context, body: ClosedJaxpr, arrays: Sequence[Any], flags: Flags
) -> Flags:
    """Positional axes of a body's results, by abstract evaluation."""
    found: list[Flags] = []

    def probe(*operands: Array) -> None:
        outputs, _ = _run(evaluate, context, body, operands, flags)
        found.append(_flags(outputs))

    jax.eval_shape(probe, *arrays)
    return found[0]


def scan(
    evaluate: Evaluate, context: Context, parameters: Parameters, values: Sequence[Value]
) -> list[Value]:
    """Step by step.  The steps of the results are positions whenever an operand has any."""
    body, consts = parameters["jaxpr"], parameters["num_consts"]
    carries = parameters["num_carry"]
    fixed, initial = values[:consts], values[consts : consts + carries]
    sequences = values[consts + carries :]
    per_step = [Value(v.array[0], v.positional[1:]) for v in sequences]

    def with_carry(flags: Flags) -> Flags:
        return (*_flags(fixed), *flags, *_flags(per_step))

    arrays = [v.array for v in (*fixed, *initial, *per_step)]

    def results(flags: Flags) -> Flags:
        return _trace_flags(evaluate, context, body, arrays, with_carry(flags))

    carry_flags = _stable(lambda f: results(f)[:carries], _flags(initial))
    output_flags = results(carry_flags)[carries:]

    def step(carry: tuple[Array, ...], inputs: tuple[Array, ...]) -> Any:
        *state, saturated = carry
        operands = [*(v.array for v in fixed), *state, *inputs]
        outputs, flag = _run(evaluate, context, body, operands, with_carry(carry_flags))
        out = [v.array for v in outputs]
        return (*out[:carries], saturated | flag), tuple(out[carries:])

    start = (*(v.array for v in initial), jnp.zeros((), bool))
    carry, stacked = lax.scan(
        step,
        start,
        tuple(v.array for v in sequences),
        length=parameters["length"],
        reverse=parameters["reverse"],
    )
    context.flags.append(carry[-1])
    along = any(any(v.positional) for v in values)
    return [
        *(Value(a, f) for a, f in zip(carry[:-1], carry_flags, strict=True)),
        *(Value(a, (along, *f)) for a, f in zip(stacked, output_flags, strict=True)),
    ]


def while_loop(
    evaluate: Evaluate, context: Context, parameters: Parameters, values: Sequence[Value]
) -> list[Value]:
    """Until the condition, itself evaluated exactly, is false."""
    split = parameters["cond_nconsts"]
    start = split + parameters["body_nconsts"]
    cond_fixed, body_fixed, initial = values[:split], values[split:start], values[start:]
    arrays = [v.array for v in (*body_fixed, *initial)]

    def results(flags: Flags) -> Flags:
        joined = (*_flags(body_fixed), *flags)
        return _trace_flags(evaluate, context, parameters["body_jaxpr"], arrays, joined)

    flags = _stable(results, _flags(initial))

    def run(body: ClosedJaxpr, fixed: Sequence[Value], state: Sequence[Array]) -> Any:
        operands = [*(v.array for v in fixed), *state]
        return _run(evaluate, context, body, operands, (*_flags(fixed), *flags))

    def going(carry: tuple[Array, ...]) -> tuple[Array, Array]:
        outputs, flag = run(parameters["cond_jaxpr"], cond_fixed, carry[:-1])
        return outputs[0].array, flag

    def step(carry: tuple[Array, ...]) -> tuple[Array, ...]:
        active, in_condition = going(carry)
        outputs, in_body = run(parameters["body_jaxpr"], body_fixed, carry[:-1])

        def advance(new: Array, old: Array) -> Array:
            # under vmap the condition has leading axes, and finished elements keep their state
            return jnp.where(
                active.reshape(active.shape + (1,) * (old.ndim - active.ndim)), new, old
            )

        state = (advance(v.array, x) for v, x in zip(outputs, carry[:-1], strict=True))
        return (*state, carry[-1] | in_condition | in_body)

    start_state = (*(v.array for v in initial), jnp.zeros((), bool))
    final = lax.while_loop(lambda carry: jnp.any(going(carry)[0]), step, start_state)
    context.flags += [final[-1], going(final)[1]]
    return [Value(a, f) for a, f in zip(final[:-1], flags, strict=True)]


def cond(
    evaluate: Evaluate, context: Context, parameters: Parameters, values: Sequence[Value]
) -> list[Value]:
    """The chosen branch; an axis is positional if any branch makes it so."""
    index, operands = values[0], values[1:]
    branches, arrays = parameters["branches"], [v.array for v in operands]
    found = [_trace_flags(evaluate, context, b, arrays, _flags(operands)) for b in branches]
    flags = functools.reduce(_join, found)

    def make(branch: ClosedJaxpr) -> Callable[..., Any]:
        def run(*arrays: Array) -> Any:
            outputs, flag = _run(evaluate, context, branch, arrays, _flags(operands))
            return tuple(v.array for v in outputs), flag

        return run

    results, flag = lax.switch(index.array, [make(b) for b in branches], *arrays)
    context.flags.append(flag)
    return [Value(a, f) for a, f in zip(results, flags, strict=True)]


CONTROL = {"scan": scan, "while": while_loop, "cond": cond}
