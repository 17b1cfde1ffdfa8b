"""Every bound and rule of a program, each with its sentence, before anything is allocated."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from compute.program import limits
from compute.program.builder import Builder
from compute.program.operation import ProgramError
from compute.program.operations import OPERATIONS
from compute.program.program import Block, Constant, Program, Step
from compute.program.types import DType, Type
from compute.program.validator import validate

BOOL, I32 = Type(DType.BOOL), Type(DType.I32)


def f24(*shape: int) -> Type:
    return Type(DType.F24, shape)


def program(block: Block, names: str = "abcdefgh") -> Program:
    return Program((), tuple(zip(names, block.inputs, strict=False)), block)


def refused(sentence: str, block: Block) -> None:
    """Whoever runs what is refused here, to know what it costs, does not come back."""
    with pytest.raises(ProgramError, match=sentence):
        validate(program(block))


def step(name: str, *operands: int, results: tuple[Type, ...], **attributes: Any) -> Step:
    return Step(OPERATIONS[name], operands, results, attributes)


def test_an_operand_must_be_defined_before() -> None:
    """So that there are no cycles."""
    loop = step("neg", 1, results=(f24(),))
    refused("main, step 0, neg: operand 1 is not defined before it", Block((f24(),), (loop,), (1,)))
    later = (step("neg", 2, results=(f24(),)), step("neg", 1, results=(f24(),)))
    refused("operand 2 is not defined", Block((f24(),), later, (1,)))
    refused("result 7 is not defined", Block((f24(),), (), (7,)))
    refused("main has no result", Block((f24(),), (), ()))


def test_a_shape_must_not_lie() -> None:
    lie = step("neg", 0, results=(f24(5),))
    refused(r"it says f24\[5\] and gives f24\[4\]", Block((f24(4),), (lie,), (1,)))
    more = step("neg", 0, results=(f24(4), f24(4)))
    refused("it says", Block((f24(4),), (more,), (1,)))


def test_attributes_are_those_of_the_operation_and_in_range() -> None:
    for attributes, sentence in (
        ({}, "it has attributes"),
        ({"axes": (0,), "more": 1}, "it has attributes"),
        ({"axes": 0}, "attribute axes is not integers"),
        ({"axes": (-1,)}, "attribute axes is not integers"),
        ({"axes": (True,)}, "attribute axes is not integers"),
        ({"axes": (2**32,)}, "attribute axes is not integers"),
        ({"axes": tuple(range(13))}, "attribute axes is not integers"),
        ({"axes": (1,)}, "axis 1 does not exist in 1 axes"),
        ({"axes": (0, 0)}, "name one axis twice"),
    ):
        bad = step("sum", 0, results=(f24(),), **attributes)
        refused(sentence, Block((f24(4),), (bad,), (1,)))


Build = Callable[[Builder], object]
RULES: list[tuple[str, list[Type], Build]] = [
    ("its operands differ", [f24(2), f24(3)], lambda b: b.step("add", 0, 1)),
    ("it takes 2 operand", [f24(2)], lambda b: b.step("add", 0)),
    ("it takes f24, not i32", [I32], lambda b: b.step("exp", 0)),
    ("bool or integers", [f24()], lambda b: b.step("not", 0)),
    ("is not an operation", [f24()], lambda b: b.step("softmax", 0)),
    ("is that type already", [I32], lambda b: b.step("convert", 0, dtype=DType.I32)),
    ("not as many bits", [I32], lambda b: b.step("bitcast", 0, dtype=DType.I8)),
    ("selector is bool or i32", [f24(), f24()], lambda b: b.step("select", 0, 1, 1)),
    ("between two cases", [BOOL, f24()], lambda b: b.step("select", 0, 1)),
    ("does not stretch", [f24(3)], lambda b: b.step("broadcast", 0, shape=(2,), axes=(0,))),
    ("as many elements", [f24(3)], lambda b: b.step("reshape", 0, shape=(2,))),
    ("not within an axis", [f24(3)], lambda b: b.step(
        "slice", 0, start=(0,), stop=(4,), stride=(1,))),
    ("must be at least 1", [f24(3)], lambda b: b.step(
        "slice", 0, start=(0,), stop=(3,), stride=(0,))),
    ("cropped by more", [f24(3), f24()], lambda b: b.step("pad", 0, 1, widths=((-4, 0, 0),))),
    ("interior padding", [f24(3), f24()], lambda b: b.step("pad", 0, 1, widths=((0, 0, -1),))),
    ("does not continue", [f24(3), I32], lambda b: b.step("concatenate", 0, 1, axis=0)),
    ("do not fit i8", [f24(129)], lambda b: b.step("argmax", 0, axis=0, dtype=DType.I8)),
    ("at most 3 elements", [f24(3)], lambda b: b.step("top_k", 0, k=4)),
    ("between one key", [f24(3)], lambda b: b.step("sort", 0, axis=0, keys=0)),
    ("groups of channels", [f24(1, 5, 3), f24(3, 2, 4)], lambda b: b.step(
        "convolution", 0, 1, strides=(1,), padding=((0, 0),), input_dilation=(1,),
        kernel_dilation=(1,), groups=1)),
    ("with padding and dilation", [f24(1, 2, 1), f24(1, 1, 1)], lambda b: b.step(
        "convolution", 0, 1, strides=(2**31 - 1,), padding=((2**30, 2**30),),
        input_dilation=(2,), kernel_dilation=(1,), groups=1)),
    ("with padding and dilation", [f24(2)], lambda b: b.step(
        "window_sum", 0, size=(1,), strides=(2**31 - 1,), padding=((0, 0),),
        base_dilation=(2**31,), window_dilation=(1,))),
    ("contracted axes", [f24(2, 3), f24(2, 3)], lambda b: b.step(
        "dot", 0, 1, contract_a=(1,), contract_b=(0,), batch_a=(), batch_b=())),
    ("limit is between", [BOOL], lambda b: b.step(
        "while", 0, condition=Block((BOOL,), (), (0,)), body=Block((BOOL,), (), (0,)),
        condition_constants=0, body_constants=0, limit=2**20 + 1)),
    ("results of the condition", [I32], lambda b: b.step(
        "while", 0, condition=Block((I32,), (), (0,)), body=Block((I32,), (), (0,)),
        condition_constants=0, body_constants=0, limit=1)),
    ("carries: 0 values where 1", [f24()], lambda b: b.step(
        "scan", 0, body=Block((f24(),), (), ()), length=2, constants=0, carries=1, reverse=False)),
    ("is not a sequence of 2", [f24(3)], lambda b: b.step(
        "scan", 0, body=Block((f24(),), (), ()), length=2, constants=0, carries=0, reverse=False)),
    ("inputs of a branch", [BOOL, f24()], lambda b: b.step(
        "cond", 0, 1, branches=(Block((), (), ()), Block((), (), ())))),
    ("more than 2\\^31 elements", [f24()], lambda b: b.step(
        "broadcast", 0, shape=(2**16, 2**16), axes=())),
    ("too long an axis", [f24()], lambda b: b.step("broadcast", 0, shape=(2**31 + 1, 0), axes=())),
    ("terms of a sum", [f24(2**31)], lambda b: b.step("sum", 0, axes=(0,))),
    ("are too many", [f24(1)], lambda b: b.step("concatenate", *[0] * 4097, axis=0)),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "inputs", "build"), RULES, ids=[r[0] for r in RULES])
def test_a_step_that_breaks_a_rule_says_which(
    sentence: str, inputs: list[Type], build: Build
) -> None:
    with pytest.raises(ProgramError, match=sentence):
        build(Builder(inputs))


def test_a_billion_steps_by_nesting_are_refused_by_their_cost() -> None:
    """Eight loops within each other, 65,536 times each."""
    kind = f24()
    inner = Builder([kind])
    (y,) = inner.step("neg", 0)
    block = inner.block([y])
    for _ in range(6):
        around = Builder([kind])
        (y,) = around.step(
            "scan", 0, body=block, length=2**16, constants=0, carries=1, reverse=False
        )
        block = around.block([y])
    refused("elementary operations, more than", block)


def test_blocks_are_nested_at_most_eight_deep() -> None:
    block = Block((f24(),), (), (0,))
    for depth in range(9):
        around = Builder([f24()])
        around.step("scan", 0, body=block, length=1, constants=0, carries=1, reverse=False)
        block = around.block([1])
        if depth < 7:
            validate(program(block))
    refused("nested deeper than 8", block)


def test_valid_steps_whose_sum_is_too_dear_are_refused() -> None:
    b = Builder([f24(2**10, 2**20), f24(2**20, 2**10)])
    for _ in range(4):
        (y,) = b.step("dot", 0, 1, contract_a=(1,), contract_b=(0,), batch_a=(), batch_b=())
    validate(program(b.block([y])))
    body = b.block([y])
    outer = Builder(body.inputs)
    (z,) = outer.step("scan", 0, 1, body=body, length=2**11, constants=2, carries=0, reverse=False)
    refused("multiply-adds, more than", outer.block([z]))
    wide = Builder([f24(2**31)])
    values = [wide.step("neg", 0)[0] for _ in range(150)]
    for value in values:
        wide.step("exp", value)
    refused("bytes at its peak, more than", wide.block([1]))


def test_peak_memory_counts_what_is_alive() -> None:
    size = 2**20

    def chain(keep: bool) -> int:
        b = Builder([f24(size)])
        y, kept = 0, []
        for _ in range(40):
            (y,) = b.step("neg", y)
            kept.append(y)
        return validate(program(b.block(kept if keep else [y]))).scratch_bytes

    assert chain(keep=True) > 40 * 4 * size
    assert chain(keep=False) < 8 * 4 * size


def test_peak_memory_counts_what_padding_and_dilation_make() -> None:
    """Two elements in, two out, and 2^28 between them that are no value of the program."""
    apart, far = 2**28, {"padding": ((0, 0),), "strides": (2**28,)}
    b = Builder([f24(2), f24(1, 2, 1), f24(2, 1, 1), f24(1, 2**28, 1)])
    b.step("window_max", 0, size=(1,), base_dilation=(apart,), window_dilation=(1,), **far)
    pooled = validate(program(b.block([4])))
    b.step("convolution", 1, 2, input_dilation=(apart,), kernel_dilation=(1,), groups=1, **far)
    widened = validate(program(b.block([5])))
    b.step("convolution", 3, 2, input_dilation=(1,), kernel_dilation=(2**27,), groups=1,
           padding=((0, 0),), strides=(1,))  # fmt: skip
    spanned = validate(program(b.block([6])))
    assert pooled.scratch_bytes >= 16 * apart and widened.scratch_bytes >= 16 * apart
    assert spanned.scratch_bytes >= 64 * 2**27 * 4


def test_totals_are_bounded() -> None:
    neg = step("neg", 0, results=(f24(),))
    many = Block((f24(),), (neg,) * (limits.STEPS + 1), (0,))
    refused("65537 steps are more than 65536", many)
    wide = step("concatenate", *[0] * 4096, results=(f24(4096),), axis=0)
    refused("values and operands are more", Block((f24(1),), (wide,) * 300, (0,)))
    data = struct.pack("<2f", 1, 2) * 2**20
    large = step("constant", results=(f24(2**21),), value=Constant(f24(2**21), data))
    refused("constants of 41943040 bytes", Block((f24(),), (large,) * 5, (0,)))
    too_large = Constant(f24(2**24), bytes(2**26))
    alone = step("constant", results=(f24(2**24),), value=too_large)
    refused("constants of 67108864 bytes", Block((f24(),), (alone,), (0,)))


@pytest.mark.parametrize(
    ("kind", "data", "sentence"),
    [
        (f24(), struct.pack("<f", float("nan")), "not a number"),
        (f24(), struct.pack("<f", float("-inf")), "not a number"),
        (f24(), struct.pack("<f", -0.0), "not a number"),
        (f24(2), struct.pack("<2f", 1.0, 2.0**-97), "not a number"),
        (f24(), struct.pack("<f", 2.0**-98), "not a number"),
        (f24(), struct.pack("<I", 1), "not a number"),
        (BOOL, b"\x02", "a bool is 0 or 1"),
        (f24(3), bytes(8), "are not the elements"),
        (f24(0), bytes(4), "are not the elements"),
        (f24(2), struct.pack("<2f", 1.0, 1.0), "names them once"),
    ],
)
def test_a_constant_holds_what_its_type_says(kind: Type, data: bytes, sentence: str) -> None:
    bad = step("constant", results=(kind,), value=Constant(kind, data))
    refused(sentence, Block((f24(),), (bad,), (1,)))


@pytest.mark.parametrize("pattern", [0, 0x0F800000, 0x8F800000, 0x7F7FFFFF, 0xFF7FFFFF, 0x3F800000])
def test_every_value_may_be_a_constant(pattern: int) -> None:
    b = Builder([f24()])
    y = b.constant(f24(), struct.pack("<I", pattern))
    validate(program(b.block([y])))


def test_names_are_distinct_in_order_and_short() -> None:
    block = Block((f24(), f24()), (), (0,))
    kinds = (f24(), f24())
    for names, sentence in (
        ("ba", "ascending order"),
        ("aa", "ascending order"),
        (("", "a"), "has 0 bytes"),
        (("a", "b" * 257), "has 257 bytes"),
    ):
        bad = Program((), tuple(zip(names, kinds, strict=True)), block)
        with pytest.raises(ProgramError, match=sentence):
            validate(bad)
    integers = Program((("a", I32),), (), Block((I32,), (), (0,)))
    with pytest.raises(ProgramError, match="is i32\\[\\] and not f24"):
        validate(integers)
    with pytest.raises(ProgramError, match="does not take the parameters"):
        validate(replace(integers, parameters=()))
