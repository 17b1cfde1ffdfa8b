from typing import Any

import brownie

from tests.contracts.conftest import event


def test_pays_the_proposer_whoever_calls(protocol: Any, ripe: Any, people: Any) -> None:
    """D10, C3: 0.0001 % of the issued tokens for a week, to the wei."""
    deltas, nrn = ripe.deltas, protocol.nrn
    ripe.vote(3, "alice")  # dave's
    ripe.clock.to(ripe.end)
    deltas.finalize({"from": people.oscar})
    before, reward = nrn.balanceOf(people.dave), protocol.sale.issued() // 1_000_000
    receipt = deltas.redeem(1, {"from": people.mallory})
    assert receipt.return_value == reward == nrn.balanceOf(people.dave) - before
    paid = event(receipt, "DeltaCoinbase")
    assert (paid["proposer"], paid["period_start"]) == (people.dave, ripe.start)
    assert tuple(deltas.due(1)) == (people.dave, ripe.start, 0)


def test_refuses_twice(ripe: Any, people: Any) -> None:
    """D10"""
    ripe.vote(1, "alice")
    ripe.clock.to(ripe.end)
    ripe.deltas.finalize({"from": people.oscar})
    ripe.deltas.redeem(1, {"from": people.erin})
    with brownie.reverts("dr: nothing due"):
        ripe.deltas.redeem(1, {"from": people.erin})


def test_refuses_what_is_not_appended(ripe: Any, people: Any) -> None:
    """D10: the genesis has no proposer, a version to come none yet."""
    for version in (0, 1):
        with brownie.reverts("dr: nothing due"):
            ripe.deltas.redeem(version, {"from": people.erin})


def test_dates_of_versions_survive_their_payment(ripe: Any, people: Any) -> None:
    """D4, D7"""
    ripe.vote(1, "alice")
    ripe.clock.to(ripe.end)
    ripe.deltas.finalize({"from": people.oscar})
    ripe.deltas.redeem(1, {"from": people.erin})
    assert [ripe.deltas.tip_at(ripe.end + i)[0] for i in (-1, 0)] == [0, 1]
