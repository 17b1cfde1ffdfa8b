"""A lie in every kind of step of every architecture, and in all that a claim or trace is made of.

By default the kinds that no smaller model has, one element each; NRN_DISPUTES=all plays the first,
the last and a random element of each kind of each model, from both sides.
"""

import os
import random
from collections.abc import Iterator
from functools import cache

import pytest

from compute.program.form import WIDE
from compute.trace.rows import Row
from tests.attacks.scene import Scene, refused
from tests.stateful.court import BOB, Table, accepted, outcome, stands
from tests.stateful.world import CHALLENGE_BOND, rehearsal
from tests.support.disputes import (
    Honest,
    Liar,
    Longer,
    Padded,
    kind_of,
    lie_about,
    tiny_problem,
)
from tests.support.tiny_models import COLUMNS

ALL = os.environ.get("NRN_DISPUTES") == "all"
MODELS = tuple(COLUMNS)
EXAMPLE = 1


@cache
def honest(model: str) -> Honest:
    return Honest(tiny_problem(model))


def kinds(model: str) -> dict[tuple[int, ...], Row]:
    return {kind_of(row): row for row in honest(model).rows.rows}


def steps(model: str) -> list[int]:
    """One row of each kind; unless all are asked for, of each that is not in a model before."""
    rows = honest(model).rows.rows
    known: set[tuple[int, ...]] = set()
    for other in MODELS[: MODELS.index(model)] if not ALL else ():
        known |= kinds(other).keys()
    chance = random.Random(model)
    found = {}
    for number in chance.sample(range(len(rows)), len(rows)):
        found.setdefault(kind_of(rows[number]), number)
    return sorted(number for kind, number in found.items() if kind not in known)


def planted(model: str) -> Iterator[tuple[int, int]]:
    """Rows and elements to lie about."""
    for row in steps(model):
        size = honest(model).rows.rows[row].elements
        chosen = random.Random(row).randrange(size)
        for element in {0, size - 1, chosen} if ALL else {chosen}:
            yield row, element


@pytest.mark.parametrize("model", MODELS)
def test_a_lie_in_each_kind_of_step_is_refuted(scene: Scene, model: str) -> None:
    """R1: by one challenger, whatever the majority said."""
    for row, element in planted(model):
        liar = lie_about(honest(model), EXAMPLE, row, element)
        liar.lie.cut = row
        with rehearsal():
            court = accepted(scene, liar)
            Table(court, court.challenge(), liar, honest(model)).play()
            assert outcome(court) == 4, f"row {row}, element {element}"
            assert court.owed(BOB) == CHALLENGE_BOND


@pytest.mark.parametrize("model", MODELS)
def test_the_same_lie_does_not_hurt_a_true_claim(scene: Scene, model: str) -> None:
    """R1: told by a challenger."""
    for row, element in list(planted(model))[:: 1 if ALL else 3]:
        liar = lie_about(honest(model), EXAMPLE, row, element)
        with rehearsal():
            court = accepted(scene, honest(model))
            table = Table(court, court.challenge(), honest(model), liar)
            with refused("rf: the step is right"):
                table.play()
            stands(court, table.n)


def test_what_stands_behind_the_last_element_or_row_is_refuted(scene: Scene) -> None:
    """R1: trees are filled up with zeros, behind a row's elements and behind the rows."""
    truth = honest("mlp").computed(EXAMPLE)
    rows = honest("mlp").rows.rows
    last = len(rows) - 1
    assert last + 1 < 1 << truth.tree.depth  # there is something behind the rows
    odd = next(n for n, row in enumerate(rows) if row.dtype != WIDE and row.elements % 8)
    lower = (truth.loss or 0) - 1
    for lie in (Padded(truth, odd, 0, 0, lower), Longer(truth, last, 0, lower, lower)):
        liar = Liar(honest("mlp"), EXAMPLE, lie)
        with rehearsal():
            court = accepted(scene, liar)
            Table(court, court.challenge(), liar, honest("mlp")).play()
            assert outcome(court) == 4
