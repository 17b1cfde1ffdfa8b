from typing import Any

import brownie
import pytest
from eth_utils import keccak

from tests.contracts.conftest import STAKES, event
from tests.contracts.terms import DAY, EPOCH, Config

LATE = (0, 1, 5 * DAY, 40 * DAY)


def test_appends_the_winner(ripe: Any, people: Any) -> None:
    """D4, D5, D6"""
    deltas, genesis = ripe.deltas, bytes(ripe.deltas.tip())
    ripe.vote(2, "bob")  # 20,000 of 60,000 >= 20 %
    ripe.clock.next(ripe.end)
    receipt = deltas.finalize({"from": people.oscar})
    delta = keccak(text="two")
    tip = keccak(genesis + delta)
    assert event(receipt, "PeriodFinalized") == {
        "period_index": ripe.index,
        "proposal_id": 2,
        "votes": STAKES["bob"],
        "appended": True,
    }
    assert event(receipt, "DeltaAppended") == {
        "version": 1,
        "proposal_id": 2,
        "delta_hash": "0x" + delta.hex(),
        "tip": "0x" + tip.hex(),
    }
    assert deltas.version() == 1
    assert bytes(deltas.tip()) == bytes(deltas.tip_of(1)) == tip
    assert bytes(deltas.delta_of(1)) == delta
    assert bytes(deltas.tip_of(0)) == genesis
    assert tuple(deltas.due(1)) == (people.erin, ripe.start, 7 * DAY)
    assert tuple(deltas.period()) == (
        ripe.end, 7 * DAY, 7 * DAY, ripe.index + 1, ripe.end + 7 * DAY
    )  # fmt: skip
    assert tuple(deltas.leader()) == (0, 0)


@pytest.mark.parametrize("delay", LATE)
def test_the_time_of_the_call_does_not_matter(
    ripe: Any, people: Any, clock: Any, delay: int
) -> None:
    """D6, D7, A28: same version, same date, same budget, and the grid is kept."""
    ripe.vote(1, "alice")
    clock.to(ripe.end + delay)
    ripe.deltas.finalize({"from": people.oscar})
    passed = delay // (7 * DAY)
    start = ripe.end + passed * 7 * DAY
    expected = (start, 7 * DAY, 7 * DAY, ripe.index + 1 + passed, start + 7 * DAY)
    assert tuple(ripe.deltas.period()) == expected
    assert tuple(ripe.deltas.due(1)) == (people.erin, ripe.start, 7 * DAY)
    tips = [ripe.deltas.tip_at(ripe.end - 1)[0], ripe.deltas.tip_at(ripe.end)[0]]
    assert tips == [0, 1]


def test_changes_nothing_below_the_quorum(ripe: Any, people: Any) -> None:
    """D5: carol's 10,000 of 60,000 are less than 20 %."""
    ripe.vote(1, "carol")
    ripe.clock.to(ripe.end)
    receipt = ripe.deltas.finalize({"from": people.oscar})
    finalized = event(receipt, "PeriodFinalized")
    assert (finalized["proposal_id"], finalized["appended"]) == (1, False)
    assert "DeltaAppended" not in receipt.events
    assert ripe.deltas.version() == 0


def test_the_quorum_itself_is_enough(protocol: Any, people: Any, clock: Any) -> None:
    """D5: 2,000 of 10,000 at 20 %, and not one wei less."""
    for missing in (0, 1):
        group = protocol.create(Config(delta_quorum_bps=2_000))
        protocol.stake(group, {"dave": 2_000 - missing, "erin": 8_000 + missing})
        clock.to(group.deltas.period()[0] + 7 * DAY)
        tip = group.deltas.tip()
        group.deltas.propose(tip, keccak(text="x"), {"from": people.dave})
        clock.to(group.deltas.period()[0] + DAY + 10)
        group.deltas.vote(1, {"from": people.dave})
        clock.to(group.deltas.period()[0] + 7 * DAY)
        group.deltas.finalize({"from": people.dave})
        assert group.deltas.version() == 1 - missing


@pytest.mark.parametrize("voters", [(), ("alice",)])
def test_no_change_is_no_version(ripe: Any, people: Any, voters: tuple[str, ...]) -> None:
    """D5: nor is an empty period."""
    if voters:
        ripe.vote(0, *voters)
        ripe.vote(1, "bob")
    ripe.clock.to(ripe.end)
    receipt = ripe.deltas.finalize({"from": people.oscar})
    assert event(receipt, "PeriodFinalized")["appended"] is False
    assert ripe.deltas.version() == 0


def test_credits_the_week_in_the_order_of_the_periods(
    protocol: Any, ripe: Any, people: Any, clock: Any
) -> None:
    """C1, C5, A2: four-day periods that begin in one epoch share its seven days, 4 + 3; the epoch
    of a period is the one it begins in.

    epoch e        | e + 1              | e + 2
    .. [7 d period)[4 d)[4 d)[4 d)[4 d)..
    """
    for name in ("alice", "bob"):
        ripe.deltas.vote_period_length(4 * DAY, {"from": getattr(people, name)})
    clock.to(ripe.end)
    ripe.deltas.finalize({"from": people.oscar})
    for i in range(4):
        proposal_id = ripe.propose(f"short {i}")
        start = ripe.deltas.period()[0]
        clock.to(start + DAY)
        ripe.vote(proposal_id, "alice")
        clock.to(start + 4 * DAY)
        ripe.deltas.finalize({"from": people.oscar})
    given: dict[int, int] = {}
    for version in range(1, 5):
        _, start, credit = ripe.deltas.due(version)
        left = EPOCH - given.get(start // EPOCH, 0)
        assert credit == min(4 * DAY, left)
        given[start // EPOCH] = given.get(start // EPOCH, 0) + credit
    assert EPOCH in given.values()


def test_every_second_belongs_to_one_period(ripe: Any, clock: Any) -> None:
    """D2, D3, D6: half open. carol's 10,000 of 60,000 are below the quorum, twice.

    period k)[period k + 1
           1  1
    """
    carol = STAKES["carol"]
    clock.next(ripe.end - 1)
    ripe.vote(1, "carol")
    assert ripe.deltas.tally(ripe.index, 1) == carol
    clock.next(ripe.end)
    receipt = ripe.vote(1, "carol")
    assert event(receipt, "PeriodFinalized")["votes"] == carol
    assert event(receipt, "Voted")["period_index"] == ripe.index + 1
    assert tuple(ripe.deltas.leader()) == (1, carol)


def test_refuses_while_the_period_runs(ripe: Any, people: Any) -> None:
    """D7"""
    ripe.vote(1, "alice")
    ripe.clock.next(ripe.end - 1)
    with brownie.reverts("dr: period running"):
        ripe.deltas.finalize({"from": people.oscar})
