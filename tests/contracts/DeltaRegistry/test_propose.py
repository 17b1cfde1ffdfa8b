from typing import Any

import brownie
from eth_utils import keccak

from tests.contracts.conftest import event

DELTA = keccak(text="delta")


def test_records_the_proposal(period: Any, people: Any) -> None:
    deltas = period.deltas
    receipt = deltas.propose(deltas.tip(), DELTA, {"from": people.erin})
    assert receipt.return_value == deltas.n_proposals() == 1
    assert event(receipt, "Proposed") == {
        "proposal_id": 1,
        "proposer": people.erin,
        "parent_version": 0,
        "delta_hash": "0x" + DELTA.hex(),
        "rebased_from": 0,
    }
    proposer, parent, proposed_at, delta_hash = deltas.proposal(1)
    assert (proposer, parent, proposed_at) == (people.erin, 0, receipt.timestamp)
    assert bytes(delta_hash) == bytes(deltas.proposal_delta(1)) == DELTA
    assert deltas.tally(period.index, 1) == 0


def test_the_same_delta_may_be_proposed_twice(period: Any) -> None:
    """A24: no uniqueness, so nobody squats a hash; the manifest names the proposer."""
    assert [period.propose("same", "mallory"), period.propose("same", "erin")] == [1, 2]


def test_rolls_an_overdue_period_first(ripe: Any, people: Any) -> None:
    """D6, D8: the tip a proposal must name is the one in force now."""
    ripe.vote(1, "alice")
    old = ripe.deltas.tip()
    ripe.clock.to(ripe.end)
    with brownie.reverts("dr: stale parent"):
        ripe.deltas.propose(old, DELTA, {"from": people.erin})
    receipt = ripe.deltas.propose(
        keccak(bytes(old) + keccak(text="one")), DELTA, {"from": people.erin}
    )
    assert event(receipt, "DeltaAppended")["version"] == 1
    assert event(receipt, "Proposed")["parent_version"] == 1


def test_rebases_an_own_proposal(ripe: Any, people: Any) -> None:
    ripe.vote(3, "alice")
    ripe.clock.to(ripe.end)
    ripe.deltas.finalize({"from": people.oscar})
    tip = ripe.deltas.tip()
    receipt = ripe.deltas.propose(tip, DELTA, 1, {"from": people.erin})
    assert event(receipt, "Proposed")["rebased_from"] == 1
    assert ripe.deltas.proposal(4)[1] == 1


def test_refuses_a_stale_parent(period: Any, people: Any) -> None:
    """D8"""
    with brownie.reverts("dr: stale parent"):
        period.deltas.propose(b"\x99" * 32, DELTA, {"from": people.erin})


def test_refuses_no_delta(period: Any, people: Any) -> None:
    with brownie.reverts("dr: empty delta"):
        period.deltas.propose(period.deltas.tip(), bytes(32), {"from": people.erin})


def test_refuses_to_rebase_what_is_not_ones_own(ripe: Any, people: Any) -> None:
    for rebased_from in (3, 99):
        with brownie.reverts("dr: not proposer"):
            ripe.deltas.propose(ripe.deltas.tip(), DELTA, rebased_from, {"from": people.erin})
