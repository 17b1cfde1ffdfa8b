"""Sizes of the step contracts, and what they refuse."""

import pytest

from compute.program.form import Along, Code, Form, Gauge, Read, Source, encode
from compute.program.types import DType, Type
from tests.stateful.world import Reverted
from tests.steps import contracts

SIZE = 24_576


@pytest.mark.parametrize("name", [*contracts.BY_NUMBER, "StepsJudge"])
def test_size(name: str) -> None:
    assert contracts.size(name) <= SIZE


@pytest.mark.parametrize("name", ["StepsNumbers", "StepsElementary", "StepsLoss"])
def test_unknown_code(name: str) -> None:
    with pytest.raises(Reverted, match="st: operation"):
        contracts.result(name, contracts.rule(0xFFFF, 0, 0), [0, 0])


def test_unknown_fold() -> None:
    with pytest.raises(Reverted, match="st: operation"):
        contracts.fold("StepsFolds", contracts.rule(0xA9, 0, 0), (0, 0, 0), 0, [0])


def test_nothing_there() -> None:
    with pytest.raises(Reverted, match="st: nothing there"):
        contracts.result("StepsNumbers", contracts.rule(0x80, 0, 0), [contracts.NO_WORD])


@pytest.mark.parametrize("exponent", [0, 8, 9, 40, 100, 127])
def test_sums_that_end_anywhere(exponent: int) -> None:
    """A half, and what is far below it, decide how a sum is rounded."""
    tiny = 0x0F800000
    big = (exponent + 127) << 23
    half = big - (24 << 23)
    wide = [big, half, tiny]
    assert _sum([big, half]) == big  # a tie, to even
    assert _sum(wide) == big + 1
    assert _sum([w ^ 1 << 31 for w in wide]) == (big + 1) ^ 1 << 31
    assert _sum([big, half, tiny, tiny ^ 1 << 31]) == big


def _sum(words: list[int]) -> int:
    rule = contracts.rule(Code.SUM, 0, 0)
    state = contracts.fold("StepsFolds", rule, contracts.start("StepsFolds", rule), 0, words)
    return contracts.finish("StepsFolds", rule, state)


def row(gauge: Gauge, *shape: int, code: int = Code.MOVE) -> bytes:
    kind = Type(DType.F24, shape)
    reads = (Read(0, (0,) * len(shape), 0, (gauge,)),)
    form = Form(code, kind, shape, (), reads, 1)
    return encode(form, [Source(7, 9, DType.F24.value)])


def test_edges_of_a_gauge() -> None:
    """Places 0 to (size - 1) * dilation are there, on the dilation."""
    leaf = row(Gauge((Along(0, 1),), 3, 2, 1, 2), 7)
    items = [contracts.reads(leaf, e, 0, []) for e in range(7)]
    none, item = contracts.NO_WORD, 7 << 64 | 9 << 32
    assert [found for [found], _ in items] == [none, item, none, item | 2, none, item | 4, none]
    assert all(done for _, done in items)


def test_head_of_a_row() -> None:
    leaf = row(Gauge((Along(0, 1),), 3, 2), 4, 5)
    assert contracts.head(leaf) == (Code.MOVE, 20, 1, False, "StepsNumbers")


@pytest.mark.parametrize(
    ("codes", "name"),
    [
        ((0x20, 0x2D, 0x60, 0x72, Code.MOVE, 0xAA, 0xAC, Code.TAKE), "StepsNumbers"),
        ((0x40, 0x5C, 0xAD), "StepsElementary"),
        ((Code.SCATTER, Code.SUM, Code.ARGMIN, Code.ORDER, Code.DOT), "StepsFolds"),
        ((0x100, 0x105), "StepsLoss"),
    ],
)
def test_the_contract_of_a_rule(codes: tuple[int, ...], name: str) -> None:
    """At the first and the last code of each."""
    found = [contracts.head(row(Gauge((Along(0, 1),), 3, 2), 4, code=code)) for code in codes]
    assert [(one[3], one[4]) for one in found] == [(name == "StepsFolds", name)] * len(codes)


def test_a_row_of_no_words() -> None:
    leaf = row(Gauge((Along(0, 1),), 3, 2), 4) + b"\0"
    for call in (lambda: contracts.head(leaf), lambda: contracts.reads(leaf, 0, 0, [])):
        with pytest.raises(Reverted, match="st: row"):
            call()
