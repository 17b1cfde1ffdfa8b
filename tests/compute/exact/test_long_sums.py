"""Sums of 70,001 terms, more than 16-bit counts hold: both carriers against the oracle."""

from __future__ import annotations

from collections.abc import Callable

import jax
import numpy as np
import pytest

from compute.exact.carriers import CARRIERS
from compute.exact.stages import Stages
from compute.oracle.array import from_bytes, to_bytes
from compute.oracle.run import run
from compute.program.builder import Builder
from compute.program.program import Program
from compute.program.types import DType, Type

TERMS = 70_001
ROW = Type(DType.F24, (TERMS,))
PLACES, THREE = Type(DType.I32, (TERMS, 1)), Type(DType.F24, (3,))
Step = Callable[[Builder], tuple[int, ...]]


def scattered(kind: str) -> Step:
    """All updates fall into three places or outside."""
    return lambda b: b.step(
        "scatter", 1, 0, 2, kind=kind, update_window_dims=(), inserted_window_dims=(0,),
        scatter_dims_to_operand_dims=(0,), operand_batching_dims=(),
        scatter_indices_batching_dims=(), mode="drop",
    )  # fmt: skip


CASES: dict[str, tuple[list[Type], Step]] = {
    "sum": ([ROW], lambda b: b.step("sum", 0, axes=(0,))),
    "cumsum": ([ROW], lambda b: b.step("cumsum", 0, axis=0, reverse=True)),
    "window_sum": (
        [ROW],
        lambda b: b.step(
            "window_sum", 0, size=(40_000,), strides=(9_973,), padding=((3, 5),),
            base_dilation=(1,), window_dilation=(1,),
        ),
    ),
    "dot": (
        [ROW, ROW],
        lambda b: b.step("dot", 0, 1, contract_a=(0,), contract_b=(0,), batch_a=(), batch_b=()),
    ),
    "scatter add": ([PLACES, THREE, ROW], scattered("add")),
    "scatter set": ([PLACES, THREE, ROW], scattered("set")),
}  # fmt: skip


def hostile(rng: np.random.Generator, kind: Type, example: int) -> np.ndarray:
    """Noise; giants that cancel beside dust; all at the bound; near-cancellation; ties."""
    count, sign = kind.size, np.where(np.arange(kind.size) % 2, 1, -1)
    if kind.dtype is not DType.F24:
        return rng.integers(-1, 4, kind.shape).astype(np.int32)
    made = (
        rng.standard_normal(count),
        rng.choice([2.0**100, -(2.0**100), 2.0**-90, -(2.0**-96), 1.0], count),
        np.full(count, 2.0**111),
        sign * (1 + 2.0**-23 * rng.integers(0, 9, count)) * 2.0 ** rng.integers(-3, 60, count),
        rng.integers(1, 4, count) * 2.0 ** -rng.integers(0, 25, count),
    )
    return made[example].astype(np.float32).reshape(kind.shape)


@pytest.mark.parametrize("name", CASES)
def test_a_long_sum_is_the_exact_one_rounded(name: str) -> None:
    kinds, step = CASES[name]
    inputs = tuple((f"x{i}", kind) for i, kind in enumerate(kinds))
    builder, rng = Builder(kinds), np.random.default_rng(0)
    program = Program((), inputs, builder.block(list(step(builder))))
    examples = [[hostile(rng, kind, i) for kind in kinds] for i in range(5)]
    wanted = [
        run(
            program,
            {},
            {n: from_bytes(t, x.tobytes()) for (n, t), x in zip(inputs, e, strict=True)},
        )
        for e in examples
    ]
    for carrier in CARRIERS.values():
        stages = Stages(program, carrier)
        with jax.enable_x64(True):
            batch = [np.stack(column) for column in zip(*examples, strict=True)]
            (found,), saturated = jax.device_get(jax.jit(stages.second)(stages.first([]), batch))
        assert list(saturated) == [outcome.saturated for outcome in wanted]
        assert [x.tobytes() for x in found] == [to_bytes(o.outputs[0]) for o in wanted]
