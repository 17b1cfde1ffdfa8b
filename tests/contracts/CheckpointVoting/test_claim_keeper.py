from typing import Any

import brownie
import pytest

from tests.contracts.conftest import STAKES, event
from tests.contracts.terms import Config, attestation

ALICE, BOB, CAROL = STAKES.values()


@pytest.fixture
def won(group: Any, revealed: Any, people: Any) -> Any:
    """Tara's claim has won: alice evaluated it, bob copied alice's attestation, carol voted for
    tom's claim. Settled; neither redeemed nor opened."""
    winner, voting = revealed.tara, group.voting
    group.vote({"alice": winner})
    copied = attestation(winner.root, people.alice.address)
    voting.vote(winner.checkpoint_hash, copied, {"from": people.bob})
    voting.vote(
        revealed.tom.checkpoint_hash,
        attestation(winner.root, people.carol.address),
        {"from": people.carol},
    )
    group.to(revealed.index, "end")
    voting.settle({"from": people.oscar})
    return revealed


@pytest.fixture
def paid(group: Any, won: Any, people: Any) -> int:
    """Redeemed and opened; the pool."""
    pool = group.voting.redeem(won.index, {"from": people.oscar}).return_value
    group.voting.open_root(won.index, won.tara.root, {"from": people.oscar})
    return pool


def test_pays_the_part_of_its_ballot(
    protocol: Any, group: Any, won: Any, paid: int, people: Any
) -> None:
    """K6, K10: pool * power / winner's votes; to the staker, whoever calls."""
    before = protocol.nrn.balanceOf(people.alice)
    receipt = group.voting.claim_keeper(won.index, people.alice, {"from": people.mallory})
    amount = paid * ALICE // (ALICE + BOB)
    assert event(receipt, "KeeperPaid") == {
        "block_index": won.index,
        "staker": people.alice,
        "amount": amount,
    }
    assert receipt.return_value == amount == protocol.nrn.balanceOf(people.alice) - before
    assert amount <= paid


def test_refuses_who_did_not_evaluate_or_chose_another(
    group: Any, won: Any, paid: int, people: Any
) -> None:
    """K10, A18, A21: a copied attestation; the winner's on a ballot for the loser; no ballot."""
    for name in ("bob", "carol", "oscar"):
        with brownie.reverts("cv: attestation"):
            group.voting.claim_keeper(won.index, {"from": getattr(people, name)})


def test_refuses_twice(group: Any, won: Any, paid: int, people: Any) -> None:
    """K11"""
    group.voting.claim_keeper(won.index, {"from": people.alice})
    with brownie.reverts("cv: attestation"):
        group.voting.claim_keeper(won.index, {"from": people.alice})


def test_refuses_before_the_root_is_open(group: Any, won: Any, people: Any) -> None:
    group.voting.redeem(won.index, {"from": people.oscar})
    with brownie.reverts("cv: root closed"):
        group.voting.claim_keeper(won.index, {"from": people.alice})


def test_refuses_before_the_block_is_redeemed(group: Any, won: Any, people: Any) -> None:
    """K10: and the ballot is not used up by the attempt."""
    group.voting.open_root(won.index, won.tara.root, {"from": people.oscar})
    with brownie.reverts("cv: not redeemed"):
        group.voting.claim_keeper(won.index, {"from": people.alice})
    group.voting.redeem(won.index, {"from": people.oscar})
    group.voting.claim_keeper(won.index, {"from": people.alice})


def test_refuses_where_there_is_no_pool(protocol: Any, people: Any) -> None:
    """K10: a group that pays trainers alone."""
    group = protocol.create(Config(keeper_bps=0))
    protocol.stake(group, {"erin": 10**21})
    protocol.next_epoch()
    claim = group.claim(people.tara, "x", 900)
    index = group.play([claim], {"erin": claim})
    group.voting.settle({"from": people.oscar})
    group.voting.redeem(index, {"from": people.oscar})
    group.voting.open_root(index, claim.root, {"from": people.oscar})
    with brownie.reverts("cv: not redeemed"):
        group.voting.claim_keeper(index, {"from": people.erin})
