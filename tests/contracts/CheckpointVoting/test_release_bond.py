from dataclasses import replace
from typing import Any

import brownie
import pytest
from eth_utils import keccak

from tests.contracts.conftest import event
from tests.contracts.terms import MIN_BOND, attestation


def release(group: Any, claim: Any, people: Any) -> bool:
    """Release a bond; whether it was burned."""
    receipt = group.voting.release_bond(claim.checkpoint_hash, {"from": people.oscar})
    released = event(receipt, "BondReleased")
    assert released["payer"] == people.dave
    assert released["amount"] == MIN_BOND
    assert int(str(released["checkpoint_hash"]), 16) == int.from_bytes(claim.checkpoint_hash, "big")
    return bool(released["burned"])


@pytest.mark.parametrize("winner", ["tara", "tom", "late"])
def test_burns_what_ranked_better_than_the_winner(
    protocol: Any, group: Any, revealed: Any, people: Any, winner: str
) -> None:
    """K6, K11, A13, A17: keepers take the best claim they find true; what they passed over was not.

    ranks: tom 800, tara 900, late 950
    """
    nrn, voting = protocol.nrn, group.voting
    group.vote({"alice": getattr(revealed, winner)})
    group.to(revealed.index, "end")
    voting.settle({"from": people.oscar})
    before, supply = nrn.balanceOf(people.dave), nrn.totalSupply()
    ranking = ("tom", "tara", "late")
    expected = {name: ranking.index(name) < ranking.index(winner) for name in ranking}
    found = {name: release(group, getattr(revealed, name), people) for name in ranking}
    assert found == expected
    burned = sum(expected.values())
    assert nrn.totalSupply() == supply - burned * MIN_BOND
    assert nrn.balanceOf(people.dave) == before + (3 - burned) * MIN_BOND
    assert nrn.balanceOf(voting) == 0


def test_an_equal_loss_ranks_by_its_commitment(group: Any, people: Any) -> None:
    """K6"""
    claims = [group.claim(people.tara, name, 900) for name in ("a", "b", "c")]
    index = group.play(claims, {"alice": claims[1]})
    group.to(index, "end")
    group.voting.settle({"from": people.oscar})
    assert [release(group, claim, people) for claim in claims] == [True, False, False]


def test_burns_all_when_none_was_valid(group: Any, revealed: Any, people: Any) -> None:
    """K6, A13"""
    group.vote({"alice": None})
    group.to(revealed.index, "end")
    group.voting.settle({"from": people.oscar})
    for claim in (revealed.tara, revealed.tom, revealed.late):
        assert release(group, claim, people)


def test_gives_all_back_without_a_quorum(group: Any, revealed: Any, people: Any) -> None:
    """K6: nobody has judged."""
    group.vote({"carol": None})
    group.to(revealed.index, "end")
    group.voting.settle({"from": people.oscar})
    for claim in (revealed.tara, revealed.tom, revealed.late):
        assert not release(group, claim, people)


def test_refuses_before_the_block_is_settled(group: Any, revealed: Any, people: Any) -> None:
    group.to(revealed.index, "end")
    with brownie.reverts("cv: not settled"):
        group.voting.release_bond(revealed.tara.checkpoint_hash, {"from": people.dave})


def test_refuses_twice_and_what_has_no_bond(group: Any, revealed: Any, people: Any) -> None:
    """K11"""
    group.to(revealed.index, "end")
    group.voting.settle({"from": people.oscar})
    release(group, revealed.tara, people)
    assert not group.voting.candidate(revealed.tara.checkpoint_hash)[5]
    for checkpoint_hash in (revealed.tara.checkpoint_hash, keccak(text="unknown")):
        with brownie.reverts("cv: no bond"):
            group.voting.release_bond(checkpoint_hash, {"from": people.dave})


def test_refuses_when_the_token_refuses(group: Any, people: Any, clock: Any, loose: Any) -> None:
    """All three ways out of the contract: a bond, a credit, a keeper's pay."""
    voting, token = loose
    start, period = voting.GENESIS_TIME() + voting.PERIOD(), voting.PERIOD()
    token.set_answer(True, {"from": people.oscar})
    first = group.claim(people.tara, "same", 900, block_index=1)
    second = replace(first, trainer=people.tom.address)
    clock.to(start)
    for claim in (first, second):
        voting.commit(claim.commitment(voting.address, brownie.chain.id), {"from": people.dave})
    clock.to(start + voting.COMMIT_WINDOW())
    for claim, key in ((second, people.tom), (first, people.tara)):
        arguments = claim.arguments(key, voting.address, brownie.chain.id)
        voting.reveal(*arguments, {"from": people.dave})
    clock.to(start + period - voting.VOTE_WINDOW())
    proof = attestation(first.root, people.alice.address)
    voting.vote(first.checkpoint_hash, proof, {"from": people.alice})
    clock.to(start + period)
    voting.settle({"from": people.oscar})
    assert voting.redeem(1, {"from": people.oscar}).return_value > 0
    voting.open_root(1, first.root, {"from": people.oscar})
    token.set_answer(False, {"from": people.oscar})
    with brownie.reverts("cv: transfer"):
        voting.release_bond(first.checkpoint_hash, {"from": people.oscar})
    with brownie.reverts("cv: transfer"):
        voting.withdraw_credit({"from": people.dave})
    with brownie.reverts("cv: transfer"):
        voting.claim_keeper(1, {"from": people.alice})
