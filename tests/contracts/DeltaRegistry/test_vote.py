from typing import Any

import brownie

from tests.contracts.conftest import STAKES, event
from tests.contracts.terms import DAY

ALICE, BOB, CAROL = STAKES.values()


def test_counts_the_power(ripe: Any, people: Any) -> None:
    """D1, D2, D3"""
    deltas = ripe.deltas
    receipt = ripe.vote(1, "alice")
    assert event(receipt, "Voted") == {
        "period_index": ripe.index,
        "proposal_id": 1,
        "staker": people.alice,
        "power": ALICE,
    }
    ripe.vote(1, "bob")
    assert tuple(deltas.leader()) == (1, ALICE + BOB)
    assert deltas.tally(ripe.index, 1) == ALICE + BOB
    assert deltas.tally(ripe.index, 2) == deltas.tally(ripe.index - 1, 1) == 0
    assert deltas.voted(ripe.index, 1, people.alice)
    assert not deltas.voted(ripe.index, 1, people.carol)
    assert not deltas.voted(ripe.index, 2, people.alice)
    assert not deltas.voted(ripe.index - 1, 1, people.alice)


def test_a_staker_may_approve_several(ripe: Any) -> None:
    """D1, D2: each with full weight; the most approved leads."""
    ripe.vote(1, "alice")
    ripe.vote(3, "alice", "carol")
    assert tuple(ripe.deltas.leader()) == (3, ALICE + CAROL)
    ripe.vote(1, "bob")
    assert tuple(ripe.deltas.leader()) == (1, ALICE + BOB)


def test_ties_go_to_the_earliest(ripe: Any) -> None:
    """D1: in whatever order the ballots come, and "no change" is the very first.

    alice = bob + carol = 30,000
    """
    ripe.vote(2, "alice")
    assert ripe.deltas.leader()[0] == 2
    ripe.vote(3, "bob", "carol")
    assert tuple(ripe.deltas.leader()) == (2, ALICE)
    ripe.vote(1, "bob")
    assert tuple(ripe.deltas.leader()) == (2, ALICE), "earlier, but with fewer votes"
    ripe.vote(1, "carol")
    assert tuple(ripe.deltas.leader()) == (1, ALICE)
    ripe.vote(0, "bob", "carol")
    assert tuple(ripe.deltas.leader()) == (0, ALICE)


def test_an_operator_votes_for_its_staker(protocol: Any, ripe: Any, people: Any) -> None:
    """D3, V8"""
    protocol.vault.set_operator(people.oscar, {"from": people.alice})
    ripe.deltas.vote(1, people.alice, {"from": people.oscar})
    assert ripe.deltas.tally(ripe.index, 1) == ALICE
    with brownie.reverts("dr: already voted"):
        ripe.vote(1, "alice")
    with brownie.reverts("vault: not operator"):
        ripe.deltas.vote(1, people.bob, {"from": people.oscar})


def test_a_loser_is_carried_over_with_no_votes(ripe: Any, people: Any) -> None:
    """D2, D3, D8: powers of two snapshots are never added; who voted may vote again."""
    ripe.vote(1, "carol")  # 10,000 of 60,000: no quorum
    ripe.clock.to(ripe.end)
    ripe.vote(1, "bob")
    assert ripe.deltas.version() == 0
    assert tuple(ripe.deltas.leader()) == (1, BOB)
    assert ripe.deltas.tally(ripe.index + 1, 1) == BOB
    ripe.vote(1, "carol")
    assert ripe.deltas.tally(ripe.index + 1, 1) == BOB + CAROL
    assert ripe.deltas.voted(ripe.index + 1, 1, people.carol)


def test_refuses_what_is_not_proposed(ripe: Any, people: Any) -> None:
    with brownie.reverts("dr: no proposal"):
        ripe.deltas.vote(4, {"from": people.alice})


def test_refuses_a_stale_parent(ripe: Any, people: Any) -> None:
    """D8"""
    ripe.vote(1, "alice")
    ripe.clock.to(ripe.end)
    with brownie.reverts("dr: stale parent"):
        ripe.deltas.vote(2, {"from": people.alice})


def test_refuses_a_proposal_in_review(period: Any, people: Any) -> None:
    """A26: one day in a week; nobody proposes and wins in the last minute."""
    at = period.start + DAY
    period.clock.next(at)
    period.propose("late")
    period.clock.next(at + DAY - 1)
    with brownie.reverts("dr: in review"):
        period.deltas.vote(1, {"from": people.alice})
    period.clock.next(at + DAY)
    period.deltas.vote(1, {"from": people.alice})
    assert period.deltas.leader()[0] == 1


def test_no_change_needs_no_review(period: Any) -> None:
    period.vote(0, "alice")
    assert tuple(period.deltas.leader()) == (0, ALICE)


def test_refuses_a_second_ballot(ripe: Any, people: Any) -> None:
    """D3"""
    for proposal_id in (0, 1):
        ripe.vote(proposal_id, "alice")
        with brownie.reverts("dr: already voted"):
            ripe.deltas.vote(proposal_id, {"from": people.alice})


def test_refuses_who_has_no_power(protocol: Any, group: Any, ripe: Any, people: Any) -> None:
    """D2: no stake, or stake of this very epoch."""
    with brownie.reverts("dr: no power"):
        ripe.deltas.vote(1, {"from": people.oscar})
    protocol.vault.stake(group.id, 10**21, {"from": people.mallory})
    with brownie.reverts("dr: no power"):
        ripe.deltas.vote(1, {"from": people.mallory})


def test_who_leaves_loses_the_vote(protocol: Any, group: Any, ripe: Any, people: Any) -> None:
    """A8, D2: power then and now."""
    protocol.vault.request_exit(group.id, ALICE - 5, {"from": people.alice})
    protocol.next_epoch()
    assert protocol.clock.now < ripe.end
    ripe.vote(1, "alice")
    assert ripe.deltas.tally(ripe.index, 1) == 5


def test_one_wei_is_power(protocol: Any, people: Any, clock: Any) -> None:
    """D2, D3: where it is all the group's power it decides data and length."""
    group = protocol.create()
    protocol.stake(group, {"dave": 1})
    clock.to(group.genesis + 7 * DAY)
    deltas = group.deltas
    deltas.propose(deltas.tip(), b"\x07" * 32, {"from": people.erin})
    clock.to(clock.now + DAY)
    deltas.vote(1, {"from": people.dave})
    deltas.vote_period_length(3 * DAY, {"from": people.dave})
    assert tuple(deltas.leader()) == (1, 1)
    assert deltas.period()[2] == 3 * DAY
    clock.to(deltas.period()[0] + 7 * DAY)
    deltas.finalize({"from": people.oscar})
    assert (deltas.version(), tuple(deltas.leader())) == (1, (0, 0))
