"""Values that the evaluator passes from rule to rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from compute.exact.carriers import Carrier
from compute.exact.number import is_saturated
from compute.program.program import Step

Attributes = Mapping[str, Any]


@dataclass(frozen=True)
class Value:
    """An array, float32 values or integers and booleans as they are, and whether its first axis
    is that of the examples."""

    array: Array
    batched: bool

    @property
    def is_float(self) -> bool:
        return jnp.issubdtype(self.array.dtype, jnp.floating)

    def across(self, count: int) -> Array:
        """With an axis of `count` examples in any case."""
        return self.array if self.batched else jnp.broadcast_to(self.array, (count, *self.shape))

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one example."""
        return self.array.shape[self.batched :]


@dataclass
class Context:
    """One run of one block: the number of examples (None: nothing is batched), how values are
    computed, what has trapped so far (bool arrays, scalar or [examples]), operands of products
    as they were prepared, by number and axes, and whether all is void (bool scalar), because a step
    that only depends on parameters has trapped."""

    examples: int | None
    carrier: Carrier
    traps: list[Array] = field(default_factory=list)
    operands: dict[Any, Any] = field(default_factory=dict)
    void: Array = field(default_factory=lambda: jnp.bool_(False))

    def observe(self, value: Value) -> None:
        """A step decides on these floats: an example that is SATURATED here is for good."""
        if value.is_float:
            axes = tuple(range(int(value.batched), value.array.ndim))
            self.traps.append(jnp.any(is_saturated(value.array), axis=axes))

    def trapped(self) -> Array:
        """bool [examples], or a scalar if nothing is batched."""
        start = jnp.zeros(() if self.examples is None else (self.examples,), bool)
        for trap in self.traps:
            start = start | trap
        return start


# (the context, the step, its operands) -> its results
Rule = Callable[[Context, Step, Sequence[Value]], list[Value]]
# (attributes, arrays of one example) -> array of one example
Each = Callable[..., Any]


def each(compute: Each) -> Rule:
    """A rule that treats every example by itself; no loops inside."""

    def rule(context: Context, step: Step, values: Sequence[Value]) -> list[Value]:
        def one(*arrays: Array) -> Any:
            return compute(step.attributes, *arrays)

        batched = any(v.batched for v in values)
        run = jax.vmap(one, in_axes=[0 if v.batched else None for v in values]) if batched else one
        found = run(*(v.array for v in values))
        return [Value(x, batched) for x in (found if isinstance(found, tuple) else (found,))]

    return rule


def by_type(on_floats: str | Callable[..., Array], on_integers: Callable[..., Array]) -> Rule:
    """One function for F24, or a method of the arithmetic, and one for integers."""

    def rule(context: Context, step: Step, values: Sequence[Value]) -> list[Value]:
        if not values[0].is_float:
            return elementwise(on_integers)(context, step, values)
        if isinstance(on_floats, str):
            return arithmetic(on_floats)(context, step, values)
        return elementwise(on_floats)(context, step, values)

    return rule


def arithmetic(name: str) -> Rule:
    """`each` of a method of the arithmetic."""

    def rule(context: Context, step: Step, values: Sequence[Value]) -> list[Value]:
        return elementwise(getattr(context.carrier.arithmetic, name))(context, step, values)

    return rule


def elementwise(compute: Callable[..., Array]) -> Rule:
    """`each` of a function of arrays alone."""
    return each(lambda _, *arrays: compute(*arrays))


def as_batch(compute: Each) -> Rule:
    """A rule that is written for a leading axis of examples: `compute(carrier, attributes,
    *arrays)` with such an axis in all arrays; of size 1 if nothing is batched."""

    def rule(context: Context, step: Step, values: Sequence[Value]) -> list[Value]:
        batched = any(v.batched for v in values)
        count = (context.examples or 1) if batched else 1
        found = compute(context.carrier, step.attributes, *(v.across(count) for v in values))
        found = found if isinstance(found, tuple) else (found,)
        return [Value(x if batched else x[0], batched) for x in found]

    return rule
