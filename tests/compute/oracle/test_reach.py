"""What a program is said to feel is at least what it feels, and no more where it matters."""

from __future__ import annotations

import os
import random
import struct

import pytest

from compute.oracle import advice
from compute.oracle.array import Array, from_bytes
from compute.oracle.reach import TooLarge, reach
from compute.oracle.run import run
from compute.program.builder import Builder
from compute.program.operations import OPERATIONS
from compute.program.program import Block, Program
from compute.program.types import DType, Type
from tests.support.random_programs import random_case
from tests.support.random_values import elements

PROGRAMS = int(os.environ.get("PROGRAMS", "12"))


def f24(*shape: int) -> Type:
    return Type(DType.F24, shape)


def rows_of(array: Array) -> list[list[int | None]]:
    count = array.shape[0] if array.shape else 1
    size = len(array.data) // count if count else 0
    return [array.data[i * size : (i + 1) * size] for i in range(count)]


@pytest.mark.parametrize("name", [*OPERATIONS, None])
def test_what_changes_is_said_to_be_felt(name: str | None) -> None:
    """Change one position of one input: only rows that are said to feel it may change."""
    for seed in range(PROGRAMS):
        rng = random.Random(f"reach {name} {seed}")
        case = random_case(f"reach {name} {seed}", name and [name], rng.randint(1, 4))
        before = run(case.program, *case.arrays())
        changed, kind = rng.choice(case.program.inputs)
        at = rng.randrange(kind.shape[0])
        width = kind.bytes // kind.shape[0]
        row = elements(rng, Type(kind.dtype, kind.shape[1:]))
        data = case.inputs[changed]
        other = data[: at * width] + row + data[(at + 1) * width :]
        parameters, inputs = case.arrays()
        after = run(case.program, parameters, {**inputs, changed: from_bytes(kind, other)})
        felt = reach(case.program, changed)
        for old, new, rows in zip(before.outputs, after.outputs, felt, strict=False):
            if None in old.data or None in new.data:
                continue
            for index, (x, y) in enumerate(zip(rows_of(old), rows_of(new), strict=True)):
                assert x == y or rows[index] >> at & 1, (seed, changed, at, index)


def attention(mask: float | None, tokens: int = 6, width: int = 4) -> Program:
    """One head over embeddings; masked by a constant that is added, or by selecting LARGEST."""
    b = Builder([f24(9, width), f24(width, width), Type(DType.I32, (tokens,))])
    (index,) = b.step("reshape", 2, shape=(tokens, 1))
    (x,) = b.step(
        "gather",
        0,
        index,
        offset_dims=(1,),
        collapsed_slice_dims=(0,),
        start_index_map=(0,),
        operand_batching_dims=(),
        start_indices_batching_dims=(),
        slice_sizes=(1, width),
        mode="clip",
    )
    no_batch = {"batch_a": (), "batch_b": ()}
    (q,) = b.step("dot", x, 1, contract_a=(1,), contract_b=(0,), **no_batch)
    (scores,) = b.step("dot", q, x, contract_a=(1,), contract_b=(1,), **no_batch)
    square = (tokens, tokens)
    (i,) = b.step("iota", dtype=DType.I32, shape=square, axis=0)
    (j,) = b.step("iota", dtype=DType.I32, shape=square, axis=1)
    (past,) = b.step("ge", i, j)
    if mask is None:
        low = b.constant(f24(*square), struct.pack("<I", 0xFF7FFFFF))
        (scores,) = b.step("select", past, low, scores)
    else:
        zero = b.constant(f24(*square), bytes(4))
        low = b.constant(f24(*square), struct.pack("<f", mask))
        (added,) = b.step("select", past, low, zero)
        (scores,) = b.step("add", scores, added)
    (top,) = b.step("maximum", scores, axes=(1,))
    (wide,) = b.step("broadcast", top, shape=square, axes=(0,))
    (centred,) = b.step("sub", scores, wide)
    (e,) = b.step("exp", centred)
    (total,) = b.step("sum", e, axes=(1,))
    (below,) = b.step("broadcast", total, shape=square, axes=(0,))
    (weights,) = b.step("div", e, below)
    (y,) = b.step("dot", weights, x, contract_a=(1,), contract_b=(0,), **no_batch)
    return Program(
        (("e", f24(9, width)), ("w", f24(width, width))),
        (("tokens", Type(DType.I32, (tokens,))),),
        b.block([y]),
    )


def test_attention_masked_by_the_largest_number_is_causal() -> None:
    past = [[(1 << (i + 1)) - 1 for i in range(6)]]
    assert reach(attention(None), "tokens") == past
    assert reach(attention(-3.4028235e38), "tokens") == past


def test_attention_masked_by_a_mere_billion_is_not() -> None:
    """Scores may be larger than the mask: weights can be chosen so that the future is read."""
    assert reach(attention(-1e9), "tokens") == [[63] * 6]


def test_a_loop_over_time_feels_the_past() -> None:
    body = Builder([f24(3), f24(3)])
    (h,) = body.step("add", 0, 1)
    (h,) = body.step("tanh", h)
    b = Builder([f24(5, 3)])
    start = b.constant(f24(3), bytes(4))
    _, ys = b.step(
        "scan", start, 0, body=body.block([h, h]), length=5, constants=0, carries=1, reverse=False
    )
    program = Program((), (("x", f24(5, 3)),), b.block([ys]))
    assert reach(program, "x") == [[1, 3, 7, 15, 31]]


def test_prefixes_and_windows_feel_what_they_cover() -> None:
    b = Builder([f24(4, 2)])
    (sums,) = b.step("cumsum", 0, axis=0, reverse=False)
    (back,) = b.step("cummax", 0, axis=0, reverse=True)
    (window,) = b.step(
        "window_sum",
        0,
        size=(2, 1),
        strides=(1, 1),
        padding=((1, 0), (0, 0)),
        base_dilation=(1, 1),
        window_dilation=(1, 1),
    )
    program = Program((), (("x", f24(4, 2)),), b.block([sums, back, window]))
    assert reach(program, "x") == [[1, 3, 7, 15], [15, 14, 12, 8], [1, 3, 6, 12]]


def test_a_choice_feels_what_chose() -> None:
    b = Builder([Type(DType.BOOL, (2,)), f24(2)])
    (y,) = b.step("neg", 1)
    (chosen,) = b.step("select", 0, 1, y)
    (first,) = b.step("slice", 0, start=(1,), stop=(2,), stride=(1,))
    (index,) = b.step("reshape", first, shape=())
    negated = Builder([f24(2)])
    (z,) = negated.step("neg", 0)
    branches = (Block((f24(2),), (), (0,)), negated.block([z]))
    (branched,) = b.step("cond", index, 1, branches=branches)
    entries = (("p", Type(DType.BOOL, (2,))), ("x", f24(2)))
    program = Program((), entries, b.block([chosen, branched]))
    assert reach(program, "p") == [[1, 2], [2, 2]]
    assert reach(program, "x") == [[1, 2], [1, 2]]


def test_what_is_too_large_is_said_to_be() -> None:
    b = Builder([f24(2000, 2000)])
    (y,) = b.step("dot", 0, 0, contract_a=(1,), contract_b=(0,), batch_a=(), batch_b=())
    for _ in range(3):
        (y,) = b.step("cumsum", y, axis=1, reverse=False)
        (y,) = b.step("cumsum", y, axis=0, reverse=False)
    program = Program((), (("x", f24(2000, 2000)),), b.block([y]))
    with pytest.raises(TooLarge):
        reach(program, "x", most=10_000)


def test_advice_says_who_can_read_the_target() -> None:
    causal, leaky = attention(None), attention(-1e9)
    assert advice.sight(causal, "tokens") == advice.Sight(True, None)
    assert advice.sight(leaky, "tokens") == advice.Sight(True, (0, 1))
    assert str(advice.sight(leaky, "tokens")) == "position 0 can feel position 1, which is later"
    assert advice.sight(causal, "tokens", most=10) == advice.Sight(False, None)
    b = Builder([f24(5, 3)])
    (y,) = b.step("sum", 0, axes=(1,))  # five numbers, such as scores of classes: no positions
    assert advice.sight(Program((), (("x", f24(5, 3)),), b.block([y])), "x") is None


def test_advice_counts_operations_in_all_blocks() -> None:
    body = Builder([f24()])
    (y,) = body.step("tanh", 0)
    b = Builder([f24()])
    (y,) = b.step("scan", 0, body=body.block([y]), length=9, constants=0, carries=1, reverse=False)
    (y,) = b.step("tanh", y)
    program = Program((), (("x", f24()),), b.block([y]))
    assert advice.operations(program) == {"scan": 1, "tanh": 2}
    assert advice.without_a_rule(program, ["scan"]) == ["tanh"]
