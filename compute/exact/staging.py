"""Splitting a program into what depends on the parameters alone, and the rest.

The first half (putting every weight on its grid) runs once a checkpoint, the second once a batch.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal, Var, jaxpr_as_fun

# LLVM's default of 256 bits halves the float64 loops where AVX-512 is; elsewhere this does nothing
COMPILER_OPTIONS = {"xla_cpu_prefer_vector_width": 512}

Halves = tuple[Callable[..., list[Any]], Callable[..., list[Any]]]


def split(closed: ClosedJaxpr, of_params: int) -> Halves:
    """(prepare, finish) with finish(prepare(*params), *rest) == closed(*params, *rest), as lists.

    The first `of_params` arguments are the parameters.  Constants are computed in both halves, and
    a parameter is broadcast to a batch only in the second.
    """
    jaxpr = closed.jaxpr
    params, rest = jaxpr.invars[:of_params], jaxpr.invars[of_params:]
    early: set[Var] = set(params)
    late: set[Var] = set(rest)
    first, second = [], []
    for equation in jaxpr.eqns:
        reads = [v for v in equation.invars if isinstance(v, Var)]
        if late.intersection(reads) or (early.intersection(reads) and _grows(equation)):
            late.update(equation.outvars)
            second.append(equation)
        elif early.intersection(reads):
            early.update(equation.outvars)
            first.append(equation)
        else:
            first.append(equation)
            second.append(equation)
    used = [v for equation in second for v in equation.invars] + list(jaxpr.outvars)
    shared = list(dict.fromkeys(v for v in used if not isinstance(v, Literal) and v in early))

    def half(invars: list[Var], outvars: list[Any], equations: list[Any]) -> Callable[..., Any]:
        body = jaxpr.replace(
            invars=invars, outvars=outvars, eqns=equations, debug_info=_no_names(jaxpr)
        )
        return jaxpr_as_fun(ClosedJaxpr(body, closed.consts))

    prepare = half(list(params), shared, first)
    finish = half([*shared, *rest], list(jaxpr.outvars), second)

    def finish_batch(kept: list[Any], *batch: Any) -> list[Any]:
        return finish(*kept, *batch)

    jit = functools.partial(jax.jit, compiler_options=COMPILER_OPTIONS)
    return jit(prepare), jit(finish_batch)


def _no_names(jaxpr: Jaxpr) -> Any:
    return jaxpr.debug_info._replace(arg_names=None, result_paths=None)


def _grows(equation: Any) -> bool:
    if equation.primitive.name != "broadcast_in_dim":
        return False
    sizes = [math.prod(v.aval.shape) for v in (*equation.invars[:1], *equation.outvars)]
    return sizes[1] > sizes[0]
