"""A program as text: readable, and inert whatever its author wrote."""

from __future__ import annotations

import struct

import pytest

from compute.program.builder import Builder
from compute.program.program import Program
from compute.program.text import inert, lines
from compute.program.types import DType, Type
from tests.support.random_programs import random_case


def f24(*shape: int) -> Type:
    return Type(DType.F24, shape)


def test_a_program_reads_like_a_program() -> None:
    body = Builder([f24(2, 2), f24(2), f24(2)])
    (y,) = body.step("dot", 0, 1, contract_a=(1,), contract_b=(0,), batch_a=(), batch_b=())
    (y,) = body.step("add", y, 2)
    b = Builder([f24(2, 2), f24(3, 2)])
    start = b.constant(f24(2), struct.pack("<2f", 0.5, 0.5))
    weights = b.constant(f24(7), struct.pack("<7f", *range(7)))
    out = b.step(
        "scan", 0, start, 1, body=body.block([y, y]), length=3, constants=1, carries=1, reverse=True
    )
    program = Program((("dense/w", f24(2, 2)),), (("x", f24(3, 2)),), b.block([*out, weights]))
    assert "\n".join(lines(program)).replace(" elementary", "").splitlines() == [
        "parameter dense/w f24[2,2]",
        "input x f24[3,2]",
        "one example: 12 multiply-adds, 48 operations, 260 bytes",
        "%2 f24[2] = constant value=0.5 everywhere",
        "%3 f24[7] = constant value=[0,1,2,3,4,5,... 7 elements]",
        "%4 f24[2], %5 f24[3,2] = scan dense/w %2 x length=3 constants=1 carries=1 reverse=true"
        "  # 12 multiply-adds",
        "    body (%0 f24[2,2], %1 f24[2], %2 f24[2]):",
        "        %3 f24[2] = dot %0 %1 contract_a=[1] contract_b=[0] batch_a=[] batch_b=[]"
        "  # 4 multiply-adds",
        "        %4 f24[2] = add %3 %2",
        "        return %4 %4",
        "return %4 %5 %3",
    ]


@pytest.mark.parametrize(
    "name", ["a\nb", "\x1b[31mred", "‮evil", "with space", "%3", "аdmin", "'", "é", ""]
)
def test_hostile_names_are_shown_inert(name: str) -> None:
    shown = inert(name)
    assert shown.isascii()
    assert shown.isprintable()
    assert shown != name
    program = Program((), ((name or "x", f24()),), Builder([f24()]).block([0]))
    assert all(line.isascii() and line.isprintable() for line in lines(program))


@pytest.mark.parametrize("seed", range(30))
def test_every_program_has_a_text(seed: int) -> None:
    text = list(lines(random_case(seed).program))
    assert text[-1].startswith("return")
    assert all(line.isprintable() for line in text)
