from typing import Any

import brownie
import pytest

from tests.contracts.conftest import STAKES, event
from tests.contracts.terms import Config, attestation, ballot

ALICE, BOB, CAROL = STAKES.values()


def casts(race: Any, people: Any) -> dict[str, bytes]:
    """The ballots."""
    alice, carol = people.alice.address, people.carol.address
    return {
        "alice": ballot(alice, race.tara, race.late),
        "bob": race.tara.checkpoint_hash + attestation(race.tara.root, alice),
        "carol": race.tom.checkpoint_hash + attestation(race.tara.root, carol),
    }


@pytest.fixture
def won(group: Any, revealed: Any, people: Any) -> Any:
    """Tara's claim has won: alice evaluated it and late's, bob copied alice's attestation, carol
    approved tom's claim. Settled; neither redeemed nor opened."""
    winner, voting = revealed.tara, group.voting
    for keeper, cast in casts(revealed, people).items():
        if keeper == "alice":
            group.to(revealed.index, "vote")
        voting.vote(cast, {"from": getattr(people, keeper)})
    assert bytes(voting.state()[3]) == winner.checkpoint_hash
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
    cast = casts(won, people)["alice"]
    receipt = group.voting.claim_keeper(won.index, cast, people.alice, {"from": people.mallory})
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
    for name, cast in (casts(won, people) | {"oscar": b""}).items():
        if name != "alice":
            with brownie.reverts("cv: attestation"):
                group.voting.claim_keeper(won.index, cast, {"from": getattr(people, name)})


def test_refuses_a_ballot_that_was_not_cast(group: Any, won: Any, paid: int, people: Any) -> None:
    """K10: what would have been paid; a part of what was cast; another's."""
    alice = people.alice.address
    for name in ("alice", "bob", "carol", "oscar"):
        keeper = getattr(people, name)
        with brownie.reverts("cv: ballot"):
            group.voting.claim_keeper(won.index, ballot(keeper.address, won.tara), {"from": keeper})
    with brownie.reverts("cv: attestation"):
        group.voting.claim_keeper(
            won.index, ballot(alice, won.tara, won.late), people.bob, {"from": people.bob}
        )


def test_refuses_twice(group: Any, won: Any, paid: int, people: Any) -> None:
    """K11"""
    cast = casts(won, people)["alice"]
    group.voting.claim_keeper(won.index, cast, {"from": people.alice})
    assert bytes(group.voting.ballot(won.index, people.alice)) == (1).to_bytes(32)
    with brownie.reverts("cv: ballot"):
        group.voting.claim_keeper(won.index, cast, {"from": people.alice})


def test_refuses_before_the_root_is_open(group: Any, won: Any, people: Any) -> None:
    group.voting.redeem(won.index, {"from": people.oscar})
    with brownie.reverts("cv: root closed"):
        group.voting.claim_keeper(won.index, casts(won, people)["alice"], {"from": people.alice})


def test_refuses_before_the_block_is_redeemed(group: Any, won: Any, people: Any) -> None:
    """K10: and the ballot is not used up by the attempt."""
    group.voting.open_root(won.index, won.tara.root, {"from": people.oscar})
    with brownie.reverts("cv: not redeemed"):
        group.voting.claim_keeper(won.index, casts(won, people)["alice"], {"from": people.alice})
    group.voting.redeem(won.index, {"from": people.oscar})
    group.voting.claim_keeper(won.index, casts(won, people)["alice"], {"from": people.alice})


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
        cast = ballot(people.erin.address, claim)
        group.voting.claim_keeper(index, cast, {"from": people.erin})


def test_marks_ballots_of_a_block_beyond_the_budget(
    CheckpointVoting: Any, protocol: Any, group: Any, people: Any, clock: Any
) -> None:
    """K10, C5: where nothing is due keepers still show that they evaluated; others pay for it."""
    claim = group.claim(people.tara, "late", 900, block_index=group.index + 1)
    index = group.play([claim], {"alice": claim, "bob": claim})
    group.voting.settle({"from": people.oscar})
    brownie.web3.provider.make_request("anvil_setBalance", [group.voting.address, hex(10**20)])
    for _ in range(28):
        as_group = {"from": brownie.accounts.at(group.voting.address, force=True)}
        protocol.coinbase.mint_block(people.oscar, group.start(index), 0, as_group)
    assert group.voting.redeem(index, {"from": people.oscar}).return_value == 0
    group.voting.open_root(index, claim.root, {"from": people.oscar})
    cast = ballot(people.alice.address, claim)
    assert group.voting.claim_keeper(index, cast, {"from": people.alice}).return_value == 0
    assert bytes(group.voting.ballot(index, people.alice)) == (1).to_bytes(32)
