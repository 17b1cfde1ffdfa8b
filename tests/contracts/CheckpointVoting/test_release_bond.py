from dataclasses import replace
from typing import Any

import brownie
import pytest
from eth_utils import keccak

from tests.contracts.conftest import event
from tests.contracts.terms import EPOCH, HOUR, MIN_BOND, Config, ballot


def release(group: Any, claim: Any, people: Any) -> bool:
    """Release a bond; whether it was burned."""
    group.outlast_challenges(group.voting.candidate(claim.checkpoint_hash)[4] - 1)
    receipt = group.voting.release_bond(claim.checkpoint_hash, {"from": people.oscar})
    released = event(receipt, "BondReleased")
    assert released["payer"] == people.dave
    assert released["amount"] == MIN_BOND
    assert int(str(released["checkpoint_hash"]), 16) == int.from_bytes(claim.checkpoint_hash, "big")
    return bool(released["burned"])


def settled(group: Any, index: int, people: Any) -> None:
    group.to(index, "end")
    group.voting.settle({"from": people.oscar})


@pytest.mark.parametrize("winner", ["tara", "tom", "late"])
def test_burns_what_ranked_before_the_winner(
    protocol: Any, group: Any, revealed: Any, people: Any, winner: str
) -> None:
    """K15, K6, K11, A13, A17: keepers approve what they find true; what they passed over was not.

    ranks: tom 800, tara 900, late 950
    """
    nrn, voting = protocol.nrn, group.voting
    group.vote({"alice": getattr(revealed, winner)})
    settled(group, revealed.index, people)
    before, supply = nrn.balanceOf(people.dave), nrn.totalSupply()
    ranking = ("tom", "tara", "late")
    expected = {name: ranking.index(name) < ranking.index(winner) for name in ranking}
    found = {name: release(group, getattr(revealed, name), people) for name in ranking}
    assert found == expected
    burned = sum(expected.values())
    assert nrn.totalSupply() == supply - burned * MIN_BOND
    assert nrn.balanceOf(people.dave) == before + (3 - burned) * MIN_BOND
    assert nrn.balanceOf(voting) == 0


@pytest.mark.parametrize(
    ("ballots", "burned"),
    [
        ({"alice": "tara tom", "bob": "tara", "carol": "tara"}, False),  # half did not approve tom
        ({"alice": "tara", "bob": "tara tom", "carol": "tara tom"}, False),
        ({"alice": "tara", "bob": "tara tom", "carol": "tara"}, True),
        ({"bob": "tara tom", "carol": ""}, False),  # nobody won, and 10,000 are no quorum
        ({"alice": "", "bob": "tom"}, True),
        ({"bob": "", "carol": "tara tom"}, False),  # most, but not a third of all
    ],
)
def test_burns_only_by_a_majority_and_quorum(
    group: Any, revealed: Any, people: Any, ballots: dict[str, str], burned: bool
) -> None:
    """K15: tom's claim ranks before tara's."""
    group.vote({n: [getattr(revealed, c) for c in names.split()] for n, names in ballots.items()})
    settled(group, revealed.index, people)
    if burned or group.voting.outcome(revealed.index)[0] == 1:
        assert release(group, revealed.tom, people) == burned
    else:
        with brownie.reverts("cv: not judged"):
            release(group, revealed.tom, people)


def test_the_quorum_itself_burns(protocol: Any, people: Any) -> None:
    """K15: 2,500 of 10,000 at 25 %, and not one wei less."""
    for missing in (0, 1):
        group = protocol.create(Config(checkpoint_quorum_bps=2_500))
        protocol.stake(group, {"dave": 2_500 - missing, "erin": 7_500 + missing})
        protocol.next_epoch()
        claim = group.claim(people.tara, "x", 900)
        index = group.play([claim], {"dave": None})
        settled(group, index, people)
        group.outlast_challenges(index)
        if missing:
            with brownie.reverts("cv: not judged"):
                group.voting.release_bond(claim.checkpoint_hash, {"from": people.oscar})
        else:
            receipt = group.voting.release_bond(claim.checkpoint_hash, {"from": people.oscar})
            assert event(receipt, "BondReleased")["burned"]


def test_measures_the_quorum_where_the_block_began(protocol: Any, people: Any, clock: Any) -> None:
    """K3, K15: stake that counts from the next epoch on saves no bond, however near that is."""
    group = protocol.create(Config(checkpoint_quorum_bps=2_500))
    protocol.stake(group, {"dave": 2_500})
    protocol.next_epoch()
    protocol.stake(group, {"erin": 100_000})
    clock.to((clock.now // EPOCH + 1) * EPOCH - 12 * HOUR)
    claim = group.claim(people.tara, "x", 900)
    index = group.play([claim], {"dave": None})
    settled(group, index, people)
    group.outlast_challenges(index)
    receipt = group.voting.release_bond(claim.checkpoint_hash, {"from": people.oscar})
    assert event(receipt, "BondReleased")["burned"]


@pytest.mark.parametrize(
    ("loss", "first", "burned"),
    [
        (899, True, True), (899, False, True), (900, True, True), (900, False, False),
        (901, True, False), (901, False, False),
    ],
)  # fmt: skip
def test_ranks_by_loss_and_commitment(
    protocol: Any, people: Any, loss: int, first: bool, burned: bool
) -> None:
    """K15: against a winner of 900 of the same block, where a claim must gain 10."""
    group = protocol.create(Config(min_improvement=10, max_improvement=10))
    protocol.stake(group, {"erin": 10**21})
    protocol.next_epoch()
    other, winner = group.claim(people.tara, "other", loss), group.claim(people.tara, "won", 900)
    index = group.play([other, winner] if first else [winner, other], {"erin": winner})
    settled(group, index, people)
    group.outlast_challenges(index)
    receipt = group.voting.release_bond(other.checkpoint_hash, {"from": people.oscar})
    assert event(receipt, "BondReleased")["burned"] == burned


def test_burns_all_when_all_are_judged_false(group: Any, revealed: Any, people: Any) -> None:
    """K15, A13"""
    group.vote({"alice": None})
    settled(group, revealed.index, people)
    for claim in (revealed.tara, revealed.tom, revealed.late):
        assert release(group, claim, people)


def test_keeps_what_nobody_judged_for_four_epochs(
    group: Any, revealed: Any, people: Any, clock: Any
) -> None:
    """K16, F4: to the second; then to its payer."""
    group.vote({"carol": None})
    settled(group, revealed.index, people)
    clock.to((group.start(revealed.index) // EPOCH + 4) * EPOCH - 10)
    for claim in (revealed.tara, revealed.tom):
        with brownie.reverts("cv: not judged"):
            release(group, claim, people)
    clock.next((group.start(revealed.index) // EPOCH + 4) * EPOCH - 1)
    with brownie.reverts("cv: not judged"):
        release(group, revealed.late, people)
    clock.next((group.start(revealed.index) // EPOCH + 4) * EPOCH)
    for claim in (revealed.tara, revealed.tom, revealed.late):
        assert not release(group, claim, people)


def test_refuses_before_the_block_is_settled(group: Any, revealed: Any, people: Any) -> None:
    group.outlast_challenges(revealed.index)
    with brownie.reverts("cv: not settled"):
        group.voting.release_bond(revealed.tara.checkpoint_hash, {"from": people.dave})


def test_refuses_twice_and_what_has_no_bond(group: Any, revealed: Any, people: Any) -> None:
    """K11"""
    group.vote({"alice": revealed.tara})
    settled(group, revealed.index, people)
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
    cast = ballot(people.alice.address, first)
    voting.vote(cast, {"from": people.alice})
    clock.to(start + period)
    voting.settle({"from": people.oscar})
    assert voting.redeem(1, {"from": people.oscar}).return_value > 0
    voting.open_root(1, first.root, {"from": people.oscar})
    token.set_answer(False, {"from": people.oscar})
    with brownie.reverts(""):
        voting.release_bond(first.checkpoint_hash, {"from": people.oscar})
    with brownie.reverts(""):
        voting.withdraw_credit({"from": people.dave})
    with brownie.reverts(""):
        voting.claim_keeper(1, cast, {"from": people.alice})
