"""Make an ordinary JAX function of a program, to train without anybody's code.

The function computes the same as the exact one in all but rounding: float32 arithmetic, sums of
products in float32 or bfloat16.  It is differentiable; what a model says about its own derivatives
(custom rules) is not in its program, except where it stops a gradient.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from compute.exact.derivative.rules import ELEMENTWISE, RULES, Rule, convolution, dot, stretched
from compute.program.program import Block, Program, Step

Arrays = Mapping[str, Any]


def derivative_form(
    program: Program,
    *,
    compute_dtype: str = "float32",
    remat: bool = False,
    replaced: Mapping[str, Rule] | None = None,
) -> Callable[[Arrays, Arrays], tuple[Array, ...]]:
    """A function (parameters, inputs) -> results, by name and [B, ...] each but for parameters.

    Pure, traceable and differentiable.  `compute_dtype` is that of the factors of sums of products;
    with `remat` a gradient computes the steps of loops again instead of keeping their values.
    `replaced` are other rules for some operations, which compute the same in other ways.
    """
    run = _Run(jnp.dtype(compute_dtype), remat, replaced or {})
    names = [name for name, _ in program.inputs]

    def one(parameters: list[Array], inputs: list[Array]) -> tuple[Array, ...]:
        return tuple(run.block(program.main, [*parameters, *inputs]))

    def function(parameters: Arrays, inputs: Arrays) -> tuple[Array, ...]:
        given = [jnp.asarray(parameters[name], jnp.float32) for name, _ in program.parameters]
        columns = [
            jnp.asarray(inputs[name]).astype(kind.dtype.numpy) for name, kind in program.inputs
        ]
        if not names:
            raise ValueError("the program has no inputs")
        results: tuple[Array, ...] = jax.vmap(one, in_axes=(None, 0))(given, columns)
        return results

    return function


class _Run:
    """Runs blocks on arrays of one example.

    A broadcast keeps an axis of one element for every axis that it adds, and elementwise operations
    stretch such axes themselves; other operations are given arrays of the shapes in the program.
    So a gradient keeps of a broadcast what it has seen, and not every copy.
    """

    def __init__(self, dtype: Any, remat: bool, replaced: Mapping[str, Rule]) -> None:
        self._remat = remat
        self._rules: dict[str, Rule] = {
            **RULES,
            "dot": functools.partial(dot, dtype=dtype),
            "convolution": functools.partial(convolution, dtype=dtype),
            **replaced,
        }
        self._control: dict[str, Callable[[Step, Sequence[Any]], Sequence[Any]]] = {
            "scan": self._scan,
            "cond": self._cond,
            "while": self._while,
        }

    def block(self, block: Block, inputs: Sequence[Any]) -> list[Any]:
        values = list(inputs)

        def whole(number: int) -> Any:
            return stretched(values[number], block.types[number].shape)

        for step in block.steps:
            take = values.__getitem__ if step.operation.name in ELEMENTWISE else whole
            values += self._step(step, [take(number) for number in step.operands])
        return [whole(number) for number in block.results]

    def _step(self, step: Step, operands: Sequence[Any]) -> Sequence[Any]:
        name = step.operation.name
        if name in self._control:
            return self._control[name](step, operands)
        result = self._rules[name](step.attributes, *operands)
        return result if isinstance(result, tuple) else (result,)

    def _repeated(self, body: Callable[..., Any]) -> Callable[..., Any]:
        return jax.checkpoint(body) if self._remat else body

    def _scan(self, step: Step, operands: Sequence[Any]) -> Sequence[Any]:
        attributes = step.attributes
        constants, carries = attributes["constants"], attributes["carries"]
        fixed, rest = operands[:constants], operands[constants:]

        def body(state: Any, row: Any) -> tuple[Any, Any]:
            results = self.block(attributes["body"], [*fixed, *state, *row])
            return tuple(results[:carries]), tuple(results[carries:])

        start = tuple(map(jnp.asarray, rest[:carries]))
        state, rows = lax.scan(
            self._repeated(body),
            start,
            tuple(rest[carries:]),
            length=attributes["length"],
            reverse=attributes["reverse"],
        )
        return (*state, *rows)

    def _cond(self, step: Step, operands: Sequence[Any]) -> Sequence[Any]:
        index, *rest = operands
        branches = [
            lambda *values, branch=branch: tuple(self.block(branch, values))
            for branch in step.attributes["branches"]
        ]
        results: tuple[Any, ...] = lax.switch(index.astype(jnp.int32), branches, *rest)
        return results

    def _while(self, step: Step, operands: Sequence[Any]) -> Sequence[Any]:
        """As many steps as there may be, of which those after the end change nothing."""
        attributes = step.attributes
        first = attributes["condition_constants"]
        second = first + attributes["body_constants"]
        of_condition, of_body, start = operands[:first], operands[first:second], operands[second:]

        def body(state: Any, _: None) -> tuple[Any, None]:
            (going,) = self.block(attributes["condition"], [*of_condition, *state])
            after = self.block(attributes["body"], [*of_body, *state])
            return tuple(jnp.where(going, a, b) for a, b in zip(after, state, strict=True)), None

        state = tuple(map(jnp.asarray, start))
        results: tuple[Any, ...] = lax.scan(
            self._repeated(body), state, None, length=attributes["limit"]
        )[0]
        return results
