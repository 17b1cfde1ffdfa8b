from typing import Any

import brownie
import pytest
from brownie import accounts

from tests.contracts.conftest import event
from tests.contracts.terms import DAY, EPOCH


@pytest.fixture
def deltas(group: Any) -> Any:
    """The delta registry of group 1, as a sender."""
    return accounts.at(group.deltas.address, force=True)


def test_mints_the_reward(protocol: Any, group: Any, people: Any, clock: Any, deltas: Any) -> None:
    """C3, N2: 0.0001 % of the issued tokens for a week, to the wei."""
    coinbase, start = protocol.coinbase, clock.now
    clock.to(start + EPOCH)
    receipt = coinbase.mint_delta(people.tara.address, start, EPOCH, {"from": deltas})
    reward = protocol.sale.issued() // 1_000_000
    assert event(receipt, "DeltaCoinbase") == {
        "group_id": group.id,
        "proposer": people.tara.address,
        "period_start": start,
        "reward": reward,
    }
    assert receipt.return_value == reward == protocol.nrn.balanceOf(people.tara.address)
    assert coinbase.minted() == reward
    assert coinbase.delta_seconds(group.id, start // EPOCH) == EPOCH


def test_credits_no_more_than_the_epoch_has(
    protocol: Any, group: Any, people: Any, clock: Any, deltas: Any
) -> None:
    """C1: five days, then the two that are left, then nothing."""
    coinbase, start, paid = protocol.coinbase, clock.now, []
    clock.to(start + EPOCH)
    for _ in range(3):
        receipt = coinbase.mint_delta(people.tara.address, start, 5 * DAY, {"from": deltas})
        paid.append(receipt.return_value)
    issued = protocol.sale.issued()
    assert paid == [issued * 5 // 7_000_000, issued * 2 // 7_000_000, 0]
    assert coinbase.delta_seconds(group.id, start // EPOCH) == EPOCH


def test_refuses_who_is_not_a_delta_registry(
    protocol: Any, group: Any, people: Any, clock: Any
) -> None:
    """N3"""
    for sender in (people.mallory, accounts.at(group.voting.address, force=True)):
        with brownie.reverts("coinbase: not a group"):
            protocol.coinbase.mint_delta(people.mallory, clock.now - EPOCH, 1, {"from": sender})


def test_refuses_a_period_that_cannot_be_over(
    protocol: Any, people: Any, clock: Any, deltas: Any
) -> None:
    start = clock.now
    clock.next(start + DAY - 1)
    with brownie.reverts("coinbase: running"):
        protocol.coinbase.mint_delta(people.tara.address, start, DAY, {"from": deltas})
    clock.next(start + DAY)
    receipt = protocol.coinbase.mint_delta(people.tara.address, start, DAY, {"from": deltas})
    assert event(receipt, "DeltaCoinbase")
