"""Loops and branches; loops of known length are scans."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend.core import ClosedJaxpr, Literal, jaxpr_as_fun

from compute.exact.tracing.graph import Value, squeezed
from compute.exact.tracing.scope import Operand, Parameters, Scope, flat, paired, rule
from compute.program.program import Block
from compute.program.types import DType, Type


def _block(scope: Scope, body: ClosedJaxpr, inputs: Sequence[Value]) -> Block:
    """The block of a body on inputs like these."""
    inner = scope.inner(inputs)
    operands = paired([var.aval for var in body.jaxpr.invars], inner.graph.inputs)
    return inner.graph.block(flat(scope.lower(inner, body, operands)))


def _counts(parameters: Parameters) -> tuple[int, int]:
    """How many operands of a scan are constants and carries.  JAX 0.11 renamed them."""
    if "num_consts" in parameters:
        return parameters["num_consts"], parameters["num_carry"]
    constants, carries, _ = parameters["ft_in"].unpack()
    return len(constants), len(carries)


def _row(value: Value) -> Value:
    """What an element of the first axis is like."""
    shape = value.shape[1:]
    return Value(-1, Type(value.dtype, squeezed(shape)), shape)


@rule("scan")
def _scan(
    scope: Scope, parameters: Parameters, operands: Sequence[Operand], avals: Sequence[Any]
) -> list[Operand]:
    body, length = parameters["jaxpr"], int(parameters["length"])
    constants, carries = _counts(parameters)
    fixed = flat(operands[:constants])
    state = flat(operands[constants : constants + carries])
    sequences = flat(operands[constants + carries :])
    if length == 1:
        rows = [scope.graph.shaped(v, v.shape[1:]) for v in sequences]
        inputs = paired([v.aval for v in body.jaxpr.invars], [*fixed, *state, *rows])
        return scope.lower(scope, body, inputs)
    results = scope.graph.steps(
        "scan",
        *fixed,
        *state,
        *sequences,
        body=_block(scope, body, [*fixed, *state, *map(_row, sequences)]),
        length=length,
        constants=len(fixed),
        carries=len(state),
        reverse=bool(parameters["reverse"]),
    )
    return paired(avals, results)


@rule("cond")
def _cond(
    scope: Scope, parameters: Parameters, operands: Sequence[Operand], avals: Sequence[Any]
) -> list[Operand]:
    branches, rest = parameters["branches"], operands[1:]
    (index,) = flat(operands[:1])
    chosen = scope.graph.splat(index.number)
    if chosen is not None:
        return scope.lower(scope, branches[min(max(int(chosen), 0), len(branches) - 1)], rest)
    values = flat(rest)
    blocks = tuple(_block(scope, branch, values) for branch in branches)
    results = scope.graph.steps("cond", _selector(scope, index), *values, branches=blocks)
    return paired(avals, results)


def _selector(scope: Scope, index: Value) -> Value:
    """The bool that an index was converted from, if it was."""
    made = scope.graph.made(index.number)
    if made is not None and made.operation.name == "convert":
        (source,) = made.operands
        if scope.graph.type_of(source).dtype is DType.BOOL:
            return Value(source, scope.graph.type_of(source), index.shape)
    return scope.graph.convert(index, DType.I32)


@rule("platform_index")
def _platform_index(
    scope: Scope, parameters: Parameters, operands: Sequence[Value], avals: Sequence[Any]
) -> list[Value]:
    """The branch that every platform can take, else the CPU's: a program is for no device."""
    for wanted in (None, "cpu"):
        for i, names in enumerate(parameters["platforms"]):
            if names == wanted or wanted in (names or ()):
                return [scope.graph.filled(i, (), DType.I32)]
    raise NotImplementedError(f"code for {parameters['platforms']} alone")


@rule("while")
def _while(
    scope: Scope, parameters: Parameters, operands: Sequence[Operand], avals: Sequence[Any]
) -> list[Operand]:
    first, second = parameters["cond_nconsts"], parameters["body_nconsts"]
    condition, body = parameters["cond_jaxpr"], parameters["body_jaxpr"]
    if condition.out_avals[0].shape:
        return scope.rewritten(functools.partial(_each_until_done, parameters), operands)
    of_condition = flat(operands[:first])
    of_body = flat(operands[first : first + second])
    state = flat(operands[first + second :])
    length = _known_length(scope, parameters, operands)
    if length is not None and length > 1:
        results = scope.graph.steps(
            "scan",
            *of_body,
            *state,
            body=_block(scope, body, [*of_body, *state]),
            length=length,
            constants=len(of_body),
            carries=len(state),
            reverse=False,
        )
    else:
        results = scope.graph.steps(
            "while",
            *of_condition,
            *of_body,
            *state,
            condition=_block(scope, condition, [*of_condition, *state]),
            body=_block(scope, body, [*of_body, *state]),
            condition_constants=len(of_condition),
            body_constants=len(of_body),
            limit=scope.while_limit,
        )
    return paired(avals, results)


def _each_until_done(parameters: Parameters, *operands: Any) -> Any:
    """A loop that `vmap` made of many: what is done stays as it is until all are."""
    first, second = parameters["cond_nconsts"], parameters["body_nconsts"]
    condition = jaxpr_as_fun(parameters["cond_jaxpr"])
    body = jaxpr_as_fun(parameters["body_jaxpr"])
    of_condition, of_body = operands[:first], operands[first : first + second]

    def once(state: tuple[Any, ...]) -> tuple[Any, ...]:
        (active,) = condition(*of_condition, *state)

        def kept(old: Any, new: Any) -> Any:
            which = active.reshape(active.shape + (1,) * (new.ndim - active.ndim))
            return jnp.where(which, new, old)

        return tuple(map(kept, state, body(*of_body, *state)))

    def goes_on(state: tuple[Any, ...]) -> Any:
        return jnp.any(condition(*of_condition, *state)[0])

    return lax.while_loop(goes_on, once, tuple(operands[first + second :]))


def _known_length(scope: Scope, parameters: Parameters, operands: Sequence[Any]) -> int | None:
    """Of a loop while counter < bound, both known, whose body adds 1 to the counter."""
    condition = parameters["cond_jaxpr"].jaxpr
    body, constants = parameters["body_jaxpr"].jaxpr, parameters["cond_nconsts"]
    if len(condition.eqns) != 1 or condition.eqns[0].primitive.name != "lt":
        return None
    counter, bound = condition.eqns[0].invars
    state = condition.invars[constants:]
    if condition.outvars != condition.eqns[0].outvars or counter not in state:
        return None
    place = state.index(counter)
    if not _counts_up(body, body.invars[parameters["body_nconsts"] + place], body.outvars[place]):
        return None
    start = scope.graph.splat(operands[constants + parameters["body_nconsts"] + place].number)
    stop: Any
    if isinstance(bound, Literal):
        stop = np.asarray(bound.val)
    elif bound in condition.invars[:constants]:
        stop = scope.graph.splat(operands[condition.invars.index(bound)].number)
    else:
        return None
    return None if start is None or stop is None else int(stop) - int(start)


def _counts_up(body: Any, before: Any, after: Any) -> bool:
    for equation in body.eqns:
        if after in equation.outvars and equation.primitive.name == "add":
            x, one = equation.invars
            return x is before and isinstance(one, Literal) and np.asarray(one.val) == 1
    return False
