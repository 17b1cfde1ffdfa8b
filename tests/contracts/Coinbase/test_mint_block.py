from typing import Any

import brownie
import pytest
from brownie import accounts

from tests.contracts.conftest import event
from tests.contracts.terms import EPOCH, HOUR


@pytest.fixture
def voting(group: Any) -> Any:
    """The voting contract of group 1, as a sender."""
    return accounts.at(group.voting.address, force=True)


def test_mints_the_reward_and_the_pool(
    protocol: Any, group: Any, people: Any, clock: Any, voting: Any
) -> None:
    """C3, N2: with all stake in one group, 0.001 % of the issued tokens to the wei."""
    coinbase, nrn, start = protocol.coinbase, protocol.nrn, clock.now
    issued, supply = protocol.sale.issued(), protocol.nrn.totalSupply()
    clock.to(start + 6 * HOUR)
    receipt = coinbase.mint_block(people.tara.address, start, 3_000, {"from": voting})
    reward, pooled = issued // 100_000, issued // 100_000 * 3 // 10
    assert event(receipt, "BlockCoinbase") == {
        "group_id": group.id,
        "trainer": people.tara.address,
        "block_start": start,
        "reward": reward,
        "pooled": pooled,
    }
    assert receipt.return_value == pooled == nrn.balanceOf(voting)
    assert nrn.balanceOf(people.tara.address) == reward - pooled
    assert coinbase.minted() == reward == nrn.totalSupply() - supply
    assert coinbase.issued() == issued
    assert coinbase.blocks_paid(group.id, start // EPOCH) == 1


def test_stops_after_28_blocks_of_an_epoch(
    protocol: Any, group: Any, people: Any, clock: Any, voting: Any
) -> None:
    """C1: even a group contract gone wrong gets no more. A dry budget answers 0."""
    coinbase, start = protocol.coinbase, clock.now // EPOCH * EPOCH
    clock.to(start + EPOCH)
    for i in range(28):
        receipt = coinbase.mint_block(people.tara.address, start + i, 0, {"from": voting})
    assert event(receipt, "Transfer")["receiver"] == people.tara.address  # and nothing to a pool
    minted = coinbase.minted()
    assert minted == 28 * (protocol.sale.issued() // 100_000)
    receipt = coinbase.mint_block(people.tara.address, start + 28, 5_000, {"from": voting})
    assert receipt.return_value == 0
    assert "BlockCoinbase" not in receipt.events
    assert coinbase.minted() == minted
    assert coinbase.blocks_paid(group.id, start // EPOCH) == 28


def test_refuses_who_is_not_a_voting_contract(
    protocol: Any, group: Any, people: Any, clock: Any
) -> None:
    """N3: not a person, and not the group's other contract."""
    for sender in (people.mallory, accounts.at(group.deltas.address, force=True)):
        with brownie.reverts("coinbase: not a group"):
            protocol.coinbase.mint_block(people.mallory, clock.now - EPOCH, 0, {"from": sender})


def test_refuses_a_block_that_cannot_be_over(
    protocol: Any, people: Any, clock: Any, voting: Any
) -> None:
    start = clock.now
    clock.next(start + 6 * HOUR - 1)
    with brownie.reverts("coinbase: running"):
        protocol.coinbase.mint_block(people.tara.address, start, 0, {"from": voting})
    clock.next(start + 6 * HOUR)
    receipt = protocol.coinbase.mint_block(people.tara.address, start, 0, {"from": voting})
    assert event(receipt, "BlockCoinbase")
