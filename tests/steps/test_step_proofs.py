"""What opens the operands of a step is no longer than the bound by which programs are refereed."""

import random
import re
from collections.abc import Iterator

import pytest

from compute.dispute.belief import Computed
from compute.dispute.moves import is_fold
from compute.dispute.proofs import opening_words
from compute.program.builder import Builder
from compute.program.lowering import NAMES
from compute.program.program import Program
from compute.program.types import DType, Type
from compute.trace.integers import Integers
from compute.trace.leaf import CHUNK, decode
from compute.trace.rows import MOST_PROOF, MOST_WORDS, NotRefereed, Row
from compute.trace.unroll import Target, refereed
from tests.steps import contracts
from tests.steps.values import ASKED
from tests.support.random_programs import random_case
from tests.support.step_vectors import example_of, rows_of


class Opened:
    """Openings of one's own trace, in the form of a proof."""

    def __init__(self, traced: Computed) -> None:
        self._traced = traced

    def opening(self, row: int, first: int, count: int) -> list[bytes]:
        tree = self._traced.tree_of(row)
        assert tree is not None
        inside = tree.opening(first, count)
        return [*inside.leaves, *inside.siblings]

    def path(self, row: int) -> list[bytes]:
        return list(self._traced.tree.opening(row).siblings)


def proofs(traced: Computed, number: int, row: Row) -> Iterator[list[bytes]]:
    """Of some elements and chunks of a row."""
    chance = random.Random(number)
    leaf = decode(row.leaf)
    for _ in range(3):
        element, chunk = chance.randrange(row.elements), chance.randrange(leaf.chunks)
        first = CHUNK * chunk if is_fold(row.leaf) else 0
        place = row.leaf, element, first
        yield opening_words(contracts.reads, *place, Opened(traced), traced.words)


@pytest.mark.parametrize("seed", range(max(12, ASKED // 100)))
def test_no_proof_is_longer_than_its_bound(seed: int) -> None:
    case = random_case(seed, random.Random(seed).choices(sorted(NAMES), k=12))
    try:
        rows = rows_of(case)
    except NotRefereed:
        return
    traced = Computed(rows, Integers(), example_of(case))
    last = len(rows.rows) if traced.trap is None else traced.trap[0]
    for number, row in enumerate(rows.rows[:last]):
        if row.elements and int.from_bytes(row.leaf[:4], "big") not in (0x01, 0x10, 0x11):
            bound = decode(row.leaf).longest_proof(rows.depth)
            lengths = [len(proof) for proof in proofs(traced, number, row)]
            assert max(lengths) <= bound, (number, row)


def scattering(updates: int) -> Program:
    """Sums at places of two coordinates: each term may have two leaves of its own to open."""
    one = Type(DType.F24, ())
    builder = Builder([one])
    (places,) = builder.step("broadcast", 0, shape=(updates,), axes=())
    (numbers,) = builder.step("exp", places)
    (places,) = builder.step("convert", places, dtype=DType.I32)
    (places,) = builder.step("reshape", places, shape=(updates // 2, 2))
    (numbers,) = builder.step("slice", numbers, start=(0,), stop=(updates // 2,), stride=(1,))
    (nine,) = builder.step("broadcast", 0, shape=(3, 3), axes=())
    made = builder.step(
        "scatter", nine, places, numbers, kind="add", update_window_dims=(),
        inserted_window_dims=(0, 1), scatter_dims_to_operand_dims=(0, 1), operand_batching_dims=(),
        scatter_indices_batching_dims=(), mode="drop",
    )  # fmt: skip
    return Program((), (("x", one),), builder.block(made))


def test_a_step_that_no_call_can_open_is_not_refereed() -> None:
    target = Target("y", 256)
    said = refereed(scattering(1 << 20), "squared_error", target) or ""
    found = re.fullmatch(r"a step reads what takes ([\d,]+) words to open", said)
    assert found and int(found[1].replace(",", "")) > MOST_PROOF == 256
    assert refereed(scattering(1 << 10), "squared_error", target) is None


def choosing(cases: int) -> Program:
    """An element that is one of so many."""
    builder = Builder([Type(DType.F24, ())])
    (which,) = builder.step("convert", 0, dtype=DType.I32)
    made = builder.step("select", which, *[0] * cases)
    return Program((), (("x", Type(DType.F24, ())),), builder.block(made))


def test_a_step_that_reads_more_than_a_contract_takes_is_not_refereed() -> None:
    target = Target("y", 256)
    said = refereed(choosing(MOST_WORDS), "squared_error", target)
    assert said == f"a step reads {MOST_WORDS + 1} words at a time"
    assert refereed(choosing(8), "squared_error", target) is None
