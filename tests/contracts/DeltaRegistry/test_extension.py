"""A ballot that turns the decision in the last seventh of a period extends it by a seventh."""

from typing import Any

import brownie
import pytest
from eth_utils import keccak

from tests.contracts.terms import DAY

# alice 30,000, bob 20,000, carol 10,000 of 60,000; the quorum is 20 %: 12,000


def end(ripe: Any) -> int:
    return int(ripe.deltas.period()[4])


@pytest.mark.parametrize(("early", "extended"), [(1, False), (0, True)])
def test_only_in_the_last_seventh(ripe: Any, people: Any, early: int, extended: bool) -> None:
    """D11: from its first second on."""
    ripe.clock.next(ripe.end - DAY - early)
    ripe.deltas.vote(1, {"from": people.bob})
    assert end(ripe) == ripe.end + extended * DAY
    assert ripe.deltas.period()[1] == 7 * DAY


def test_what_changes_no_decision_extends_nothing(ripe: Any, people: Any) -> None:
    """D11: not who leads counts, but what would be appended."""
    ripe.clock.to(ripe.end - DAY)
    ripe.deltas.vote(1, {"from": people.carol})  # leads, below the quorum
    ripe.deltas.vote(0, {"from": people.carol})  # "no change" leads; nothing was decided before
    assert end(ripe) == ripe.end
    ripe.deltas.vote(2, {"from": people.bob})  # decides
    assert end(ripe) == ripe.end + DAY
    ripe.clock.to(ripe.end)
    ripe.deltas.vote(2, {"from": people.alice})  # decides the same
    assert end(ripe) == ripe.end + DAY


def test_a_quorum_reached_late_extends(ripe: Any, people: Any) -> None:
    """D11, F8: by whom it led long before."""
    ripe.deltas.vote(1, {"from": people.carol})
    ripe.clock.to(ripe.end - 100)
    ripe.deltas.vote(1, {"from": people.bob})
    assert end(ripe) == ripe.end + DAY


def test_the_period_goes_on_until_the_extended_end(ripe: Any, people: Any, clock: Any) -> None:
    """D6, D7, D11: the next one and the version begin where it ends."""
    deltas = ripe.deltas
    clock.next(ripe.end - 1)
    deltas.vote(1, {"from": people.bob})
    clock.next(ripe.end + DAY - 1)
    with brownie.reverts("dr: period running"):
        deltas.finalize({"from": people.oscar})
    clock.next(ripe.end + DAY)
    deltas.finalize({"from": people.oscar})
    assert tuple(deltas.period()) == (
        ripe.end + DAY, 7 * DAY, 7 * DAY, ripe.index + 1, ripe.end + 8 * DAY
    )  # fmt: skip
    assert [deltas.tip_at(ripe.end + DAY - 1)[0], deltas.tip_at(ripe.end + DAY)[0]] == [0, 1]
    assert tuple(deltas.due(1)) == (people.erin, ripe.start, 7 * DAY)


def test_every_answer_in_the_last_seventh_extends_again(ripe: Any, people: Any, clock: Any) -> None:
    """D11: and "no change" is an answer."""
    turns = ((1, people.bob, 1), (0, people.alice, 2), (2, people.bob, 2), (2, people.alice, 3))
    for proposal, keeper, extensions in turns:  # the third leads nothing
        clock.next(end(ripe) - 1 - proposal)
        ripe.deltas.vote(proposal, {"from": keeper})
        assert end(ripe) == ripe.end + extensions * DAY


@pytest.mark.parametrize("stopped", [False, True])
def test_seven_times_at_most(ripe: Any, people: Any, clock: Any, stopped: bool) -> None:
    """D11, F8: periods end; after the last extension a late ballot turns nothing, but may stop."""
    deltas = ripe.deltas
    tip = bytes(deltas.tip())
    for number in range(4, 12):
        deltas.propose(tip, keccak(text=f"delta {number}"), {"from": people.erin})
    for turn, proposal in enumerate(range(11, 4, -1)):  # ties go to the lower id
        clock.next(end(ripe) - 1)
        deltas.vote(proposal, {"from": people.bob})
        assert end(ripe) == ripe.end + (turn + 1) * DAY
    clock.next(end(ripe) - DAY)
    with brownie.reverts("dr: too late"):
        deltas.vote(4, {"from": people.bob})
    deltas.vote(5, {"from": people.carol})  # decides the same
    if stopped:
        deltas.vote(0, {"from": people.alice})
    clock.to(end(ripe))
    deltas.finalize({"from": people.oscar})
    assert deltas.version() == (0 if stopped else 1)
    start, length, _, index, ends = deltas.period()
    assert (start, index, ends) == (ripe.end + 7 * DAY, ripe.index + 1, start + length)
