"""Split a program in two stages: what depends on parameters alone, and the rest for every batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from compute.exact.carriers import Carrier
from compute.exact.contraction import operand
from compute.exact.engine import run_step
from compute.exact.merging import late_values, merged
from compute.exact.number import SATURATED, canonical, is_saturated
from compute.exact.values import Context, Value
from compute.program.program import Program, Step

# an operand of a product: (its number, its contracted axes, its batch axes)
Weight = tuple[int, tuple[int, ...], tuple[int, ...]]


class Stages:
    """The two stages of a program.  Both are traceable by JAX; x64 must be enabled."""

    def __init__(self, program: Program, carrier: Carrier) -> None:
        self.program = program = merged(program)
        self.carrier = carrier
        main = program.main
        self.of_params = len(program.parameters)
        # what a step of the second stage makes, though it may be the same for all examples
        self.late = late_values(program)
        self.made_by: dict[int, int] = {}
        self.results: list[range] = []
        number = len(main.inputs)
        for i, step in enumerate(main.steps):
            self.results.append(range(number, number + len(step.results)))
            self.made_by |= dict.fromkeys(self.results[i], i)
            number += len(step.results)
        self.kept, self.again = self._divide()
        self.weights = self._weights()
        self.kept = sorted(set(self.kept) - self._only_weights())

    def _late(self, i: int) -> bool:
        """Does it belong to the second stage?"""
        return any(n in self.late for n in self.program.main.steps[i].operands)

    def _divide(self) -> tuple[list[int], set[int]]:
        """(numbers that the second stage reads from the first, steps that it repeats because
        their results are larger than what they are made of)."""
        main = self.program.main
        wanted = [n for i, s in enumerate(main.steps) if self._late(i) for n in s.operands]
        wanted += list(main.results)
        kept: set[int] = set()
        again: set[int] = set()
        while wanted:
            number = wanted.pop()
            made = self.made_by.get(number)
            if number in self.late or number in kept or made in again:
                continue
            if made is not None and _grows(main.steps[made], main.types):
                again.add(made)
                wanted += main.steps[made].operands
            else:
                kept.add(number)
        return sorted(kept), again

    def _weights(self) -> list[Weight]:
        """Kept operands of products with examples, which every batch needs in another form."""
        found: dict[Weight, None] = {}
        for i, step in enumerate(self.program.main.steps):
            if step.operation.name == "dot" and self._late(i):
                for side, number in zip("ab", step.operands, strict=True):
                    key = (
                        number,
                        step.attributes[f"contract_{side}"],
                        step.attributes[f"batch_{side}"],
                    )
                    if number in self.kept and self.program.main.types[number].dtype.is_float:
                        found[key] = None
        return list(found)

    def _only_weights(self) -> set[int]:
        """Numbers of weights that the second stage does not read as arrays, too."""
        main = self.program.main
        read = set(main.results)
        for i, step in enumerate(main.steps):
            if i in self.again or (self._late(i) and step.operation.name != "dot"):
                read |= set(step.operands)
        return {number for number, *_ in self.weights} - read

    def first(self, params: Sequence[Array]) -> Any:
        """From the parameters in order: (kept values, weights, did a step trap), as a pytree."""
        context = Context(None, self.carrier)
        values: dict[int, Value] = {i: Value(canonical(x), False) for i, x in enumerate(params)}
        for i in range(len(self.program.main.steps)):
            if not self._late(i):
                self._run(context, i, values)
        weights = {
            key: operand(values[key[0]].array, *key[1:], self.carrier, context.void)
            for key in self.weights
        }
        return [values[n].array for n in self.kept], weights, context.trapped()

    def second(self, kept: Any, inputs: Sequence[Array]) -> tuple[list[Array], Array]:
        """(results of main [B, ...], SATURATED all over where an example saturates; bool [B])."""
        arrays, weights, trapped = kept
        count = len(inputs[0]) if inputs else 1
        context = Context(count, self.carrier, [trapped], dict(weights), trapped)
        values = {n: self._shape_of(n) for n, *_ in self.weights}
        values |= {n: Value(x, False) for n, x in zip(self.kept, arrays, strict=True)}
        for i, x in enumerate(inputs):
            values[self.of_params + i] = Value(_given(x), True)
        for i in range(len(self.program.main.steps)):
            if i in self.again:
                self._run(Context(count, self.carrier), i, values)
            elif self._late(i):
                self._run(context, i, values)
        results = [values[n] for n in self.program.main.results]
        saturated = context.trapped()
        for value in results:
            if value.is_float:
                axes = tuple(range(int(value.batched), value.array.ndim))
                saturated = saturated | jnp.any(is_saturated(value.array), axis=axes)
        return [_visible(v.across(count)) for v in results], saturated

    def _shape_of(self, number: int) -> Value:
        """Of a weight that nothing reads as an array."""
        shape = jax.ShapeDtypeStruct(self.program.main.types[number].shape, np.float32)
        return Value(cast("Array", shape), False)

    def _run(self, context: Context, i: int, values: dict[int, Value]) -> None:
        step = self.program.main.steps[i]
        found = run_step(context, step, [values[n] for n in step.operands])
        values.update(zip(self.results[i], found, strict=True))


def _grows(step: Step, types: Sequence[Any]) -> bool:
    """Is it cheaper to make the results again than to keep them?"""
    largest = max((types[n].size for n in step.operands), default=0)
    return step.operation.name in ("constant", "iota", "broadcast") and (
        sum(t.size for t in step.results) > largest
    )


def _given(x: Array) -> Array:
    return canonical(x) if jnp.issubdtype(x.dtype, jnp.floating) else x


def _visible(x: Array) -> Array:
    if not jnp.issubdtype(x.dtype, jnp.floating):
        return x
    return jnp.where(is_saturated(x), SATURATED, jnp.where(x == 0, np.float32(0), x))
