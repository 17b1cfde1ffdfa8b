"""Whole programs by the oracle: loops, branches, traps, and what an observer sees."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from compute.oracle.array import Array, from_bytes, to_bytes
from compute.oracle.number import ONE
from compute.oracle.run import Outcome, run
from compute.program.builder import Builder
from compute.program.program import Block, Program
from compute.program.types import DType, Type

BOOL, I32, F24 = Type(DType.BOOL), Type(DType.I32), Type(DType.F24)


def f24(*shape: int) -> Type:
    return Type(DType.F24, shape)


def execute(block: Block, *data: list[int | None], observe: Any = None) -> Outcome:
    names = [(chr(97 + i), kind) for i, kind in enumerate(block.inputs)]
    arrays = {name: Array(kind, list(x)) for (name, kind), x in zip(names, data, strict=True)}
    return run(Program((), tuple(names), block), {}, arrays, observe)


def outputs(outcome: Outcome) -> list[list[int | None]]:
    return [array.data for array in outcome.outputs]


def test_a_scan_carries_and_stacks_in_either_direction() -> None:
    body = Builder([I32, I32])
    (total,) = body.step("add", 0, 1)
    for reverse, stacked in ((False, [1, 3, 6]), (True, [6, 5, 3])):
        main = Builder([I32, Type(DType.I32, (3,))])
        block = body.block([total, total])
        out = main.step("scan", 0, 1, body=block, length=3, constants=0, carries=1, reverse=reverse)
        assert outputs(execute(main.block(out), [0], [1, 2, 3])) == [[6], stacked]


def counting(limit: int) -> Block:
    """Counts from 0 until the first input."""
    condition = Builder([I32, I32])
    (less,) = condition.step("lt", 1, 0)
    body = Builder([I32])
    one = body.constant(I32, struct.pack("<i", 1))
    (after,) = body.step("add", 0, one)
    main = Builder([I32])
    zero = main.constant(I32, bytes(4))
    (out,) = main.step(
        "while",
        0,
        zero,
        condition=condition.block([less]),
        body=body.block([after]),
        condition_constants=1,
        body_constants=0,
        limit=limit,
    )
    return main.block([out])


@pytest.mark.parametrize(("until", "ends"), [(0, True), (4, True), (5, True), (6, False)])
def test_a_loop_beyond_its_limit_saturates_the_example(until: int, ends: bool) -> None:
    outcome = execute(counting(5), [until])
    assert outcome.saturated is not ends
    assert outputs(outcome) == ([[until]] if ends else [])


def branches() -> Block:
    """x > 0 in one branch, x in the other."""
    deciding = Builder([F24])
    zero = deciding.constant(F24, bytes(4))
    (positive,) = deciding.step("gt", 0, zero)
    (as_float,) = deciding.step("convert", positive, dtype=DType.F24)
    main = Builder([I32, F24])
    (root,) = main.step("sqrt", 1)
    plain = Builder([F24])
    one = plain.constant(F24, struct.pack("<f", 1))
    (out,) = main.step("cond", 0, root, branches=(plain.block([one]), deciding.block([as_float])))
    return main.block([out])


def test_only_the_branch_that_runs_decides() -> None:
    assert execute(branches(), [0], [-ONE]) == Outcome((Array(F24, [ONE]),), False)
    assert execute(branches(), [-7], [-ONE]) == Outcome((Array(F24, [ONE]),), False)
    assert execute(branches(), [1], [-ONE]) == Outcome((), True)
    assert execute(branches(), [9], [4 * ONE]) == Outcome((Array(F24, [ONE]),), False)


def test_a_saturated_output_saturates_the_example_and_is_shown() -> None:
    main = Builder([f24(2)])
    (root,) = main.step("sqrt", 0)
    assert execute(main.block([root]), [4 * ONE, -ONE]) == Outcome(
        (Array(f24(2), [2 * ONE, None]),), True
    )


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("is_finite", {}),
        ("convert", {"dtype": DType.I32}),
        ("bitcast", {"dtype": DType.U32}),
        ("argmax", {"axis": 0, "dtype": DType.I32}),
        ("sort", {"axis": 0, "keys": 1}),
        ("top_k", {"k": 1}),
    ],
)
def test_steps_that_decide_trap_on_one_saturated_element(name: str, attributes: Any) -> None:
    main = Builder([f24(3)])
    (root,) = main.step("sqrt", 0)
    out = main.step(name, root, **attributes)
    block = main.block(out)
    assert execute(block, [ONE, -ONE, ONE]) == Outcome((), True)
    assert not execute(block, [ONE, ONE, ONE]).saturated


def test_an_observer_sees_every_step_that_runs() -> None:
    seen: list[str] = []

    def observe(step: Any, operands: tuple[Array, ...], results: tuple[Array, ...]) -> None:
        assert [a.type for a in results] == list(step.results)
        seen.append(step.operation.name)

    execute(counting(5), [2], observe=observe)
    again = ["lt", "constant", "add"]
    assert seen == ["constant", *again, *again, "lt", "while"]


def test_arrays_must_be_those_of_the_program() -> None:
    program = Program((), (("x", f24(2)),), Block((f24(2),), (), (0,)))
    for arrays in ({}, {"y": Array(f24(2), [0, 0])}, {"x": Array(f24(3), [0, 0, 0])}):
        with pytest.raises(ValueError, match=r"program takes|x is"):
            run(program, {}, arrays)
    data = struct.pack("<2f", 1.5, -2)
    array = from_bytes(f24(2), data)
    assert to_bytes(run(program, {}, {"x": array}).outputs[0]) == data
