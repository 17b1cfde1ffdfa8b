from typing import Any

import brownie
import pytest
from eth_utils import keccak

from tests.contracts.conftest import STAKES, event
from tests.contracts.Sponsorship.conftest import claim_keeper, play
from tests.contracts.terms import CHALLENGE, DAY, EPOCH, ETHER, ZERO, Config

ALICE, BOB, CAROL = STAKES.values()


def test_pays_the_trainer(sponsored: Any, people: Any) -> None:
    """P3: 20 % are the keepers', and nobody proposed the genesis data."""
    claim = play(sponsored.group, people, "x")
    contract, token = sponsored.contract, sponsored.token
    assert tuple(contract.due(1, 1)) == (8 * ETHER, 2 * ETHER, 0)
    receipt = contract.draw(1, 1, {"from": people.oscar})
    assert event(receipt, "Drawn") == {
        "sponsorship_id": 1, "height": 1, "trainer": claim.trainer, "to_trainer": 8 * ETHER,
        "proposer": ZERO, "to_proposer": 0,
    }  # fmt: skip
    assert receipt.return_value == contract.credit(token, claim.trainer) == 8 * ETHER
    assert contract.sponsorship(1)[3] == 92 * ETHER
    assert contract.drawn(1, 1, ZERO)
    with brownie.reverts("sp: drawn"):
        contract.draw(1, 1, {"from": people.oscar})
    assert tuple(contract.due(1, 1)) == (8 * ETHER, 2 * ETHER, 0)


def test_pays_keepers_who_evaluated(sponsored: Any, people: Any) -> None:
    """P3: as the group did, each its part by power; bob has not asked the group."""
    claim = play(sponsored.group, people, "x")
    contract, token = sponsored.contract, sponsored.token
    claim_keeper(sponsored.group, claim, people.alice)
    receipt = contract.draw_keeper(1, 1, people.alice, {"from": people.oscar})
    amount = 2 * ETHER * ALICE // (ALICE + BOB)
    assert event(receipt, "KeeperDrawn") == {
        "sponsorship_id": 1, "height": 1, "staker": people.alice, "amount": amount,
    }  # fmt: skip
    assert receipt.return_value == contract.credit(token, people.alice) == amount
    assert contract.sponsorship(1)[3] == 100 * ETHER - amount
    with brownie.reverts("sp: drawn"):
        contract.draw_keeper(1, 1, {"from": people.alice})
    for keeper in (people.bob, people.carol, people.oscar):
        with brownie.reverts("sp: not paid"):
            contract.draw_keeper(1, 1, {"from": keeper})
    claim_keeper(sponsored.group, claim, people.bob)
    contract.draw_keeper(1, 1, {"from": people.bob})
    assert contract.credit(token, people.alice) + contract.credit(token, people.bob) <= 2 * ETHER


def test_pays_the_proposer_of_the_data(
    protocol: Any, sponsored: Any, people: Any, clock: Any
) -> None:
    """P3: a delta to a block as their rewards, one to ten; before and after it is redeemed."""
    deltas, contract = sponsored.group.deltas, sponsored.contract
    proposal = deltas.propose(deltas.tip(), keccak(text="d"), {"from": people.erin}).return_value
    clock.to(deltas.period()[4])
    deltas.finalize({"from": people.oscar})
    clock.to(deltas.period()[0] + DAY)
    for keeper in (people.alice, people.bob):
        deltas.vote(proposal, {"from": keeper})
    clock.to(deltas.period()[4])
    deltas.finalize({"from": people.oscar})
    contract.sponsor(
        1, sponsored.token, 110 * ETHER, 10, clock.now + 7 * DAY, {"from": people.alice}
    )
    play(sponsored.group, people, "x", tip=bytes(deltas.tip()))
    parts = tuple(contract.due(2, 1))
    assert parts == (8 * ETHER, 2 * ETHER, ETHER)
    deltas.redeem(1, {"from": people.oscar})
    assert tuple(contract.due(2, 1)) == parts
    drawn = event(contract.draw(2, 1, {"from": people.oscar}), "Drawn")
    assert (drawn["proposer"], drawn["to_proposer"]) == (people.erin, ETHER)
    assert contract.credit(sponsored.token, people.erin) == ETHER


def test_only_for_its_heights_and_time(
    protocol: Any, sponsored: Any, group: Any, people: Any, clock: Any
) -> None:
    """P5: not for a block that was accepted or begun before, nor for one that begins at the end."""
    contract, since = sponsored.contract, clock.now
    index = group.index
    assert group.start(index) < since
    for height in (0, 11):
        with brownie.reverts("sp: height"):
            contract.draw(1, height, {"from": people.oscar})
    with brownie.reverts("sp: not accepted"):
        contract.draw(1, 1, {"from": people.oscar})
    first = (sponsored.until - group.genesis) // group.period
    last = first if group.start(first) < sponsored.until else first - 1
    play(group, people, "last", wait=False, block_index=last)
    play(group, people, "beyond", block_index=last + 1)
    contract.draw(1, 1, {"from": people.oscar})
    for call in (contract.draw, contract.draw_keeper):
        with brownie.reverts("sp: not sponsored"):
            call(1, 2, {"from": people.alice})
    contract.sponsor(1, sponsored.token, ETHER, 10, clock.now + DAY, {"from": people.alice})
    assert tuple(contract.heights(2)) == (3, 12)


def test_not_for_a_block_that_was_running(
    protocol: Any, group: Any, sponsored: Any, people: Any, clock: Any
) -> None:
    """P5: nobody knew of the sponsorship."""
    claim = group.claim(people.tara, "x", 900)
    group.commit(claim)
    sponsored.contract.sponsor(
        1, sponsored.token, ETHER, 10, clock.now + DAY, {"from": people.alice}
    )
    group.reveal(claim)
    group.vote({"alice": claim})
    group.outlast_challenges(claim.block_index)
    group.voting.settle({"from": people.oscar})
    sponsored.contract.draw(1, 1, {"from": people.oscar})
    with brownie.reverts("sp: not sponsored"):
        sponsored.contract.draw(2, 1, {"from": people.oscar})


def test_not_while_the_block_may_be_challenged(sponsored: Any, people: Any, clock: Any) -> None:
    """P5: a majority that passes a lie does not take the sponsors' money before it is refuted."""
    claim = play(sponsored.group, people, "x", wait=False)
    claim_keeper(sponsored.group, claim, people.alice)
    end = sponsored.group.start(claim.block_index + 1) + CHALLENGE
    contract = sponsored.contract
    for call in (contract.draw, contract.draw_keeper):
        clock.next(end - 2 + (call == contract.draw_keeper))
        with brownie.reverts("sp: may be challenged"):
            call(1, 1, {"from": people.alice})
    clock.next(end)
    contract.draw(1, 1, {"from": people.oscar})
    contract.draw_keeper(1, 1, {"from": people.alice})


@pytest.mark.parametrize(("beyond", "over"), [(-1, False), (0, True)])
def test_until_two_epochs_after_the_end(
    sponsored: Any, people: Any, clock: Any, beyond: int, over: bool
) -> None:
    """P5"""
    play(sponsored.group, people, "x")
    clock.next(sponsored.until + 2 * EPOCH + beyond)
    if over:
        with brownie.reverts("sp: over"):
            sponsored.contract.draw(1, 1, {"from": people.oscar})
    else:
        sponsored.contract.draw(1, 1, {"from": people.oscar})


def test_a_group_that_pays_trainers_alone(
    protocol: Any, sponsored: Any, people: Any, clock: Any
) -> None:
    """P3: its keepers have no share of sponsorships either."""
    group = protocol.create(Config(keeper_bps=0))
    protocol.stake(group, {"erin": 10**21})
    protocol.next_epoch()
    contract = sponsored.contract
    contract.sponsor(group.id, sponsored.token, 99, 10, clock.now + 7 * DAY, {"from": people.alice})
    claim = group.claim(people.tara, "x", 900)
    group.play([claim], {"erin": claim})
    group.voting.settle({"from": people.oscar})
    group.outlast_challenges(claim.block_index)
    assert tuple(contract.due(2, 1)) == (9, 0, 0)
