"""Calls, loops and branches: the interpreter inside, the saturation flag carried along."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.extend.core import ClosedJaxpr

from compute.exact.provenance import fresh
from compute.exact.values import CONSTANT, PARAMETERS, Context, Flags, Parameters, Value

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


@dataclass(frozen=True)
class _Known:
    """What is known of a value that differs from step to step, or between branches."""

    positional: Flags
    depends: int  # on nothing, on parameters, on inputs

    @classmethod
    def of(cls, value: Value) -> _Known:
        depends = 2 if value.secret else int(value.origin == PARAMETERS)
        return cls(value.positional, depends)

    def join(self, other: _Known, depends: int = 0) -> _Known:
        flags = tuple(map(operator.or_, self.positional, other.positional))
        return _Known(flags, max(self.depends, other.depends, depends))

    def value(self, array: Array, axes: Flags = ()) -> Value:
        """A value of which no more is known; `axes` go first."""
        origin = (CONSTANT, PARAMETERS, fresh())[self.depends]
        return Value(array, (*axes, *self.positional), origin)


def _join(a: Sequence[_Known], b: Sequence[_Known], depends: int = 0) -> list[_Known]:
    return [x.join(y, depends) for x, y in zip(a, b, strict=True)]


def _stable(step: Callable[[list[_Known]], list[_Known]], start: list[_Known]) -> list[_Known]:
    """The least knowledge of a loop's carry, from `start` up, that one step maps into itself.

    First on what it depends: the zeros that a state begins with hide nothing.
    """
    known = start
    while (joined := _join(known, step(known))) != known:
        deeper = [k.depends for k in joined] != [k.depends for k in known]
        known = _depending(start, joined) if deeper else joined
    return known


def _depending(start: Sequence[_Known], on: Sequence[_Known]) -> list[_Known]:
    return [replace(k, depends=o.depends) for k, o in zip(start, on, strict=True)]


def _run(
    evaluate: Evaluate, context: Context, body: ClosedJaxpr, values: Sequence[Value]
) -> tuple[list[Value], Array]:
    """Evaluate a body with its own saturation flag."""
    inner = Context(context.carrier)
    return evaluate(inner, body, values), inner.saturated()


def _results(
    evaluate: Evaluate, context: Context, body: ClosedJaxpr, values: Sequence[Value]
) -> list[_Known]:
    """What is known of a body's results, by abstract evaluation."""
    found: list[_Known] = []

    def probe(*arrays: Array) -> None:
        operands = [replace(v, array=x) for v, x in zip(values, arrays, strict=True)]
        found.extend(map(_Known.of, _run(evaluate, context, body, operands)[0]))

    jax.eval_shape(probe, *(v.array for v in values))
    return found


def scan(
    evaluate: Evaluate, context: Context, parameters: Parameters, values: Sequence[Value]
) -> list[Value]:
    """Step by step.  The steps of the results are positions unless they depend on nothing."""
    body, consts = parameters["jaxpr"], parameters["num_consts"]
    carries = parameters["num_carry"]
    fixed, initial = values[:consts], values[consts : consts + carries]
    sequences = values[consts + carries :]
    # what sequences of one origin hold at a step knows the same
    origins = {v.origin: fresh() if v.secret else v.origin for v in sequences}

    def operands(
        known: Sequence[_Known], carry: Sequence[Array], inputs: Sequence[Array]
    ) -> list[Value]:
        state = [k.value(x) for k, x in zip(known, carry, strict=True)]
        step = [
            Value(x, v.positional[1:], origins[v.origin])
            for v, x in zip(sequences, inputs, strict=True)
        ]
        return [*fixed, *state, *step]

    first = [v.array[0] for v in sequences]

    def results(known: Sequence[_Known]) -> list[_Known]:
        values = operands(known, [v.array for v in initial], first)
        return _results(evaluate, context, body, values)

    known = _stable(lambda k: results(k)[:carries], [_Known.of(v) for v in initial])
    outputs_known = results(known)[carries:]

    def step(carry: tuple[Array, ...], inputs: tuple[Array, ...]) -> Any:
        *state, saturated = carry
        outputs, flag = _run(evaluate, context, body, operands(known, state, inputs))
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
    return [
        *(k.value(x) for k, x in zip(known, carry[:-1], strict=True)),
        *(k.value(x, (k.depends > 0,)) for k, x in zip(outputs_known, stacked, strict=True)),
    ]


def while_loop(
    evaluate: Evaluate, context: Context, parameters: Parameters, values: Sequence[Value]
) -> list[Value]:
    """Until the condition, itself evaluated exactly, is false."""
    split = parameters["cond_nconsts"]
    start = split + parameters["body_nconsts"]
    cond_fixed, body_fixed, initial = values[:split], values[split:start], values[start:]

    def operands(
        fixed: Sequence[Value], known: Sequence[_Known], state: Sequence[Array]
    ) -> list[Value]:
        return [*fixed, *(k.value(x) for k, x in zip(known, state, strict=True))]

    def results(known: list[_Known]) -> list[_Known]:
        values = operands(body_fixed, known, [v.array for v in initial])
        return _results(evaluate, context, parameters["body_jaxpr"], values)

    known = _stable(results, [_Known.of(v) for v in initial])
    values = operands(cond_fixed, known, [v.array for v in initial])
    (condition,) = _results(evaluate, context, parameters["cond_jaxpr"], values)

    def run(body: ClosedJaxpr, fixed: Sequence[Value], state: Sequence[Array]) -> Any:
        return _run(evaluate, context, body, operands(fixed, known, state))

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
    known = _join(known, known, condition.depends)  # the number of steps tells of it
    return [k.value(x) for k, x in zip(known, final[:-1], strict=True)]


def cond(
    evaluate: Evaluate, context: Context, parameters: Parameters, values: Sequence[Value]
) -> list[Value]:
    """The chosen branch; an axis is positional if any branch makes it so."""
    index, operands = values[0], values[1:]
    branches = parameters["branches"]
    found = [_results(evaluate, context, branch, operands) for branch in branches]
    known = functools.reduce(_join, found)
    known = _join(known, known, _Known.of(index).depends)

    def make(branch: ClosedJaxpr) -> Callable[..., Any]:
        def run(*arrays: Array) -> Any:
            here = [replace(v, array=x) for v, x in zip(operands, arrays, strict=True)]
            outputs, flag = _run(evaluate, context, branch, here)
            return tuple(v.array for v in outputs), flag

        return run

    results, flag = lax.switch(
        index.array, [make(b) for b in branches], *(v.array for v in operands)
    )
    context.flags.append(flag)
    return [k.value(x) for k, x in zip(known, results, strict=True)]


CONTROL = {"scan": scan, "while": while_loop, "cond": cond}
