"""Programs as rows: loops, what is no row, what is refused, and roots."""

import re
import time

import numpy as np
import pytest

from compute.program.builder import Builder
from compute.program.program import Program
from compute.program.types import DType, Type
from compute.trace.keccak import keccak
from compute.trace.leaf import decode
from compute.trace.rows import CLASS, Layout, NotRefereed, Rows
from compute.trace.run import column_words
from compute.trace.unroll import Target, refereed, unroll
from compute.trace.unroller import Unroller
from tests.support.step_vectors import identity

F24 = DType.F24
TARGET = Target("y", CLASS)
VECTOR = Type(F24, (4,))


def program(builder: Builder, *results: int) -> Program:
    return Program((), (("x", builder.inputs[0]),), builder.block(results))


def rows_of(made: Program) -> Rows:
    unroller = Unroller()
    results = unroller.block(made.main, unroller.sources(made))
    return Rows(tuple(unroller.rows), tuple(results))


def looping(length: int, reverse: bool = False) -> Program:
    """carry <- tanh(carry + slice), stacked."""
    body = Builder([VECTOR, VECTOR])
    (total,) = body.step("add", 0, 1)
    (carry,) = body.step("tanh", total)
    builder = Builder([Type(F24, (length, 4))])
    (start,) = builder.step("slice", 0, start=(0, 0), stop=(1, 4), stride=(1, 1))
    (first,) = builder.step("reshape", start, shape=(4,))
    last, stacked = builder.step(
        "scan", first, 0, body=body.block([carry, carry]), length=length,
        constants=0, carries=1, reverse=reverse,
    )  # fmt: skip
    return program(builder, last, stacked)


def unrolled(length: int, reverse: bool = False) -> Program:
    builder = Builder([Type(F24, (length, 4))])
    (start,) = builder.step("slice", 0, start=(0, 0), stop=(1, 4), stride=(1, 1))
    (carry,) = builder.step("reshape", start, shape=(4,))
    found = {}
    for i in reversed(range(length)) if reverse else range(length):
        (row,) = builder.step("slice", 0, start=(i, 0), stop=(i + 1, 4), stride=(1, 1))
        (row,) = builder.step("reshape", row, shape=(4,))
        (total,) = builder.step("add", carry, row)
        (carry,) = builder.step("tanh", total)
        (found[i],) = builder.step("reshape", carry, shape=(1, 4))
    (stacked,) = builder.step("concatenate", *(found[i] for i in range(length)), axis=0)
    return program(builder, carry, stacked)


def without_slices(rows: Rows) -> list[tuple]:
    """What each row does, but for slices: an unrolled program has them, a loop not."""
    leaves = [decode(row.leaf) for row in rows.rows[1:]]
    kept = [leaf for leaf in leaves if leaf.code != 0x80 or len(leaf.operands) > 1]
    return [(leaf.code, leaf.free, leaf.bound, len(leaf.operands)) for leaf in kept]


@pytest.mark.parametrize("reverse", [False, True])
def test_a_loop_is_its_unrolled_program(reverse):
    loop, plain = rows_of(looping(5, reverse)), rows_of(unrolled(5, reverse))
    assert without_slices(loop) == without_slices(plain)
    assert len(loop.rows) == 1 + 1 + 2 * 5 + 1  # the input, the start, five rounds, the stack


def test_the_slices_of_a_loop_are_places_in_the_sequence():
    rows = rows_of(looping(3)).rows
    added = [decode(row.leaf) for row in rows if decode_code(row.leaf) == 0x20]
    assert [leaf.operands[1].first for leaf in added] == [0, 4, 8]
    assert {leaf.operands[1].row for leaf in added} == {0}


def decode_code(leaf: bytes) -> int:
    return int.from_bytes(leaf[:4], "big")


def test_what_only_renames_is_no_row_and_equal_rows_are_one():
    builder = Builder([VECTOR])
    (a,) = builder.step("exp", 0)
    (b,) = builder.step("reshape", 0, shape=(2, 2))
    (c,) = builder.step("reshape", b, shape=(4,))
    (d,) = builder.step("exp", c)
    (e,) = builder.step("stop_gradient", d)
    (f,) = builder.step("add", a, e)
    rows = rows_of(program(builder, f)).rows
    assert [decode_code(row.leaf) for row in rows] == [0x11, 0x42, 0x20]
    assert [operand.row for operand in decode(rows[2].leaf).operands] == [1, 1]


def test_terms_of_folds_stand_one_after_another():
    builder = Builder([Type(F24, (3, 40))])
    (a,) = builder.step("transpose", 0, permutation=(1, 0))
    (b,) = builder.step("dot", 0, a, contract_a=(1,), contract_b=(0,), batch_a=(), batch_b=())
    (c,) = builder.step("sum", 0, axes=(0,))
    rows = rows_of(program(builder, b, c)).rows
    dot, total = (next(r for r in rows if decode_code(r.leaf) == code) for code in (0xC0, 0xA0))
    for row in (dot, total):
        leaf = decode(row.leaf)
        assert {operand.strides[-1] for operand in leaf.operands} == {1}
    # the sum reads what the dot's second factor was laid out to
    assert sum(isinstance(row.made, Layout) for row in rows) == 1


@pytest.mark.parametrize(
    ("stride", "padding", "gauges"), [(4, 0, 0), (5, 0, 0), (3, 0, 1), (4, 1, 1), (3, 1, 1)]
)
def test_windows_side_by_side_are_laid_out_one_after_another(stride, padding, gauges):
    """Those that overlap or reach beyond the array are found by gauges."""
    builder = Builder([Type(F24, (1, 19, 2)), Type(F24, (4, 2, 3))])
    (out,) = builder.step(
        "convolution", 0, 1, strides=(stride,), padding=((padding, padding),),
        input_dilation=(1,), kernel_dilation=(1,), groups=1,
    )  # fmt: skip
    rows = rows_of(
        Program((), (("x", builder.inputs[0]), ("k", builder.inputs[1])), builder.block([out]))
    )
    image, kernel = decode(rows.rows[-1].leaf).operands
    assert len(image.gauges) == gauges
    assert image.strides[-2:] == ((0, 1) if gauges else (2, 1)) and kernel.strides[-2:] == (2, 1)


def test_the_root_is_over_all_rows_in_order():
    rows = rows_of(looping(2))
    assert rows.tree.depth == rows.depth == 3
    leaves = [keccak(row.leaf) for row in rows.rows] + [bytes(32)] * (8 - len(rows.rows))
    while len(leaves) > 1:
        leaves = [keccak(a + b) for a, b in zip(leaves[::2], leaves[1::2], strict=True)]
    assert rows.root == keccak(len(rows.rows).to_bytes(32, "big") + leaves[0])
    assert rows.root != rows_of(looping(3)).root != rows_of(looping(3, True)).root


def test_the_last_row_is_the_loss():
    for loss, codes in {"cross_entropy": 0x103, "squared_error": 0x103}.items():
        rows = unroll(identity(Type(F24, (3, 5))), loss, TARGET)
        assert decode_code(rows.rows[-1].leaf) == codes
        assert (rows.rows[-1].elements, rows.rows[-1].depth) == (1, 0)


def endless(length: int, depth: int) -> Program:
    """Loops within loops that do nothing."""
    block = Builder([VECTOR]).block([0])
    for _ in range(depth):
        builder = Builder([VECTOR])
        made = builder.step(
            "scan", 0, body=block, length=length, constants=0, carries=1, reverse=False
        )
        block = builder.block(made)
    return Program((), (("x", VECTOR),), block)


def growing(steps: int) -> Program:
    """Each row as large as a value may be."""
    builder = Builder([Type(F24, ())])
    (big,) = builder.step("broadcast", 0, shape=(1 << 31,), axes=())
    for name in ["exp", "sin", "cos", "tanh", "logistic"] * (steps // 5):
        (big,) = builder.step(name, big)
    (one,) = builder.step("slice", big, start=(0,), stop=(4,), stride=(1,))
    return program(builder, one)


def many_outputs() -> Program:
    return identity(Type(F24, (1 << 20, 2)))


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (endless(1 << 30, 1), "more than 131,072 steps"),
        (endless(64, 6), "more than 131,072 steps"),
        (looping(40_000), "more than 32,768 rows"),
        (growing(40), r"more than 2\^36 elements"),
        (many_outputs(), "too large to be shown"),
        (identity(Type(F24, ())), "no classes"),
        (identity(Type(DType.I32, (3,))), "has no rows"),
    ],
)
def test_hostile_programs_are_refused_soon(made, reason):
    begun = time.process_time()
    assert re.search(reason, refereed(made, "cross_entropy", TARGET) or "")
    assert time.process_time() - begun < 20


def test_long_loops_are_not_begun(monkeypatch):
    monkeypatch.setattr("compute.trace.unroll.Unroller", None)
    assert "more than 131,072 steps" in refereed(endless(64, 6), "cross_entropy", TARGET)


def test_branches_have_no_rows():
    builder = Builder([Type(DType.BOOL, ())])
    block = Builder([]).block([])
    builder.step("cond", 0, branches=(block, block))
    with pytest.raises(NotRefereed, match="cond"):
        rows_of(program(builder, 0))


def test_many_operands_are_joined_by_groups():
    builder = Builder([Type(F24, (2,))])
    (joined,) = builder.step("concatenate", *[0] * 300, axis=0)
    rows = rows_of(program(builder, joined))
    assert max(len(decode(row.leaf).operands) for row in rows.rows[1:]) == 16
    assert rows.outputs[0].kind == Type(F24, (600,))
    assert max(len(row.leaf) for row in rows.rows) < 2048


def test_equal_elements_are_no_row_and_others_have_their_root():
    builder = Builder([Type(F24, (3,))])
    ones = builder.constant(Type(F24, (3,)), np.ones(3, "<f4").tobytes())
    others = builder.constant(Type(F24, (3,)), np.arange(3, dtype="<f4").tobytes())
    (a,) = builder.step("add", 0, ones)
    (b,) = builder.step("add", a, others)
    constant, *sums = rows_of(program(builder, b)).rows[1:]
    assert decode(sums[0].leaf).operands[1].row is None
    assert decode(sums[0].leaf).operands[1].first == 0x3F800000
    assert constant.leaf[40:72] == np.array([0, 0x3F800000, 0x40000000] + [0] * 5, ">u4").tobytes()


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int32", "uint32", "int64"])
def test_classes_of_every_width_are_words(dtype: str) -> None:
    """NumPy 2.5 puts no -1 beside a uint8."""
    words = column_words(np.array([0, 7], dtype), CLASS, Type(DType.I32, ()))
    assert words.tolist() == [0, 7]
