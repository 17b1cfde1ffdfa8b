from typing import Any

import brownie
import pytest

from tests.contracts.conftest import STAKES, event
from tests.contracts.terms import DAY, EPOCH

ALICE, BOB, CAROL = STAKES.values()


def test_more_than_half_of_the_stake_decides(period: Any, people: Any) -> None:
    """D9: "a majority of the training group's stakeholders"; half is none. In force from the next
    period on.

    alice 30,000 = half | + carol 10,000 = majority
    """
    deltas, epoch = period.deltas, period.clock.now // EPOCH
    receipt = deltas.vote_period_length(3 * DAY, {"from": people.alice})
    assert event(receipt, "PeriodLengthVoted") == {
        "epoch": epoch,
        "staker": people.alice,
        "length": 3 * DAY,
        "power": ALICE,
    }
    assert "PeriodLengthAdopted" not in receipt.events
    assert deltas.period()[2] == 7 * DAY
    receipt = deltas.vote_period_length(3 * DAY, {"from": people.carol})
    assert event(receipt, "PeriodLengthAdopted") == {"length": 3 * DAY}
    assert tuple(deltas.period()) == (
        period.start, 7 * DAY, 3 * DAY, period.index, period.end
    )  # fmt: skip
    assert deltas.length_tally(epoch, 3 * DAY) == ALICE + CAROL
    assert deltas.length_tally(epoch, 4 * DAY) == deltas.length_tally(epoch - 1, 3 * DAY) == 0
    assert deltas.length_voted(epoch, people.carol)
    assert not deltas.length_voted(epoch, people.bob)
    assert not deltas.length_voted(epoch - 1, people.carol)

    receipt = deltas.vote_period_length(3 * DAY, {"from": people.bob})
    assert "PeriodLengthAdopted" not in receipt.events  # it already is
    period.clock.to(period.end)
    deltas.finalize({"from": people.oscar})
    assert tuple(deltas.period()) == (
        period.end, 3 * DAY, 3 * DAY, period.index + 1, period.end + 3 * DAY
    )  # fmt: skip


def test_every_epoch_counts_afresh(period: Any, people: Any, clock: Any) -> None:
    """D9: votes of two epochs never add up, not even of two seconds."""
    deltas, epoch = period.deltas, clock.now // EPOCH + 1
    clock.next(epoch * EPOCH - 1)
    deltas.vote_period_length(3 * DAY, {"from": people.alice})
    clock.next(epoch * EPOCH)
    deltas.vote_period_length(3 * DAY, {"from": people.carol})
    assert deltas.length_tally(epoch, 3 * DAY) == CAROL
    assert deltas.period()[2] == 7 * DAY
    deltas.vote_period_length(3 * DAY, {"from": people.alice})
    assert deltas.period()[2] == 3 * DAY


def test_an_operator_votes_for_its_staker(protocol: Any, period: Any, people: Any) -> None:
    protocol.vault.set_operator(people.oscar, {"from": people.alice})
    period.deltas.vote_period_length(DAY, people.alice, {"from": people.oscar})
    assert period.deltas.length_voted(period.clock.now // EPOCH, people.alice)


def test_rolls_an_overdue_period_first(ripe: Any, people: Any) -> None:
    """D6, D7: a vote after the end does not change the period that already began."""
    ripe.clock.to(ripe.end)
    ripe.deltas.vote_period_length(3 * DAY, {"from": people.alice})
    ripe.deltas.vote_period_length(3 * DAY, {"from": people.bob})
    assert tuple(ripe.deltas.period()) == (
        ripe.end, 7 * DAY, 3 * DAY, ripe.index + 1, ripe.end + 7 * DAY
    )  # fmt: skip


@pytest.mark.parametrize("length", [0, DAY - 1, DAY + 1, 57 * DAY])
def test_refuses_lengths_out_of_bounds(period: Any, people: Any, length: int) -> None:
    """A29"""
    with brownie.reverts("dr: period"):
        period.deltas.vote_period_length(length, {"from": people.alice})


def test_refuses_a_second_ballot_of_the_epoch(period: Any, people: Any) -> None:
    """D9"""
    period.deltas.vote_period_length(DAY, {"from": people.alice})
    with brownie.reverts("dr: already voted"):
        period.deltas.vote_period_length(2 * DAY, {"from": people.alice})


def test_refuses_who_has_no_power_or_no_right(period: Any, people: Any) -> None:
    with brownie.reverts("dr: no power"):
        period.deltas.vote_period_length(DAY, {"from": people.oscar})
    with brownie.reverts("vault: not operator"):
        period.deltas.vote_period_length(DAY, people.alice, {"from": people.oscar})
