"""The referee refutes a claim: R11 to R13."""

from typing import Any

import brownie
import pytest

from tests.contracts.conftest import STAKES, event
from tests.contracts.terms import MIN_BOND, Config, ballot


def refute(group: Any, claim: Any, people: Any) -> Any:
    """A game that erin wins; the receipt of its end."""
    referee = {"from": people.referee}
    group.voting.hold(claim.checkpoint_hash, True, referee)
    return group.voting.refute(claim.checkpoint_hash, people.erin, referee)


def win(group: Any, people: Any, name: str, loss: int, baseline: int) -> Any:
    """A claim that is accepted and settled."""
    claim = group.claim(people.tara, name, loss, baseline)
    group.play([claim], {"alice": claim, "bob": claim})
    group.voting.settle({"from": people.oscar})
    return claim


def test_splits_the_bond(protocol: Any, group: Any, people: Any) -> None:
    """R11: half is the challenger's, half is burned; nothing is left of it."""
    nrn, voting, claim = protocol.nrn, group.voting, win(group, people, "x", 900, 1_000)
    bond, supply, before = (
        voting.candidate(claim.checkpoint_hash)[5],
        nrn.totalSupply(),
        nrn.balanceOf(people.erin),
    )
    refuted = event(refute(group, claim, people), "Refuted")
    assert bond == MIN_BOND
    assert (refuted["challenger"], refuted["payer"]) == (people.erin, people.dave)
    assert (refuted["amount"], refuted["block_index"]) == (bond, claim.block_index)
    assert nrn.balanceOf(people.erin) == before + bond // 2
    assert nrn.totalSupply() == supply - bond // 2
    assert nrn.balanceOf(voting) == 0
    assert voting.candidate(claim.checkpoint_hash)[5] == 0
    assert voting.is_refuted(claim.checkpoint_hash)
    assert not voting.is_disputed(claim.checkpoint_hash)


def test_burns_the_odd_wei(protocol: Any, people: Any) -> None:
    """R11"""
    mine = 10**21
    part = mine * 2**24 // (sum(STAKES.values()) + mine)
    odd = next(b for b in range(MIN_BOND, 2 * MIN_BOND) if b * part // 2**24 % 2)
    group = protocol.create(Config(bond=odd))
    protocol.stake(group, {"erin": mine})
    protocol.next_epoch()
    claim = group.claim(people.tara, "x", 900)
    group.play([claim], {"erin": claim})
    bond = group.voting.candidate(claim.checkpoint_hash)[5]
    supply, before = protocol.nrn.totalSupply(), protocol.nrn.balanceOf(people.erin)
    refute(group, claim, people)
    assert bond % 2 == 1
    assert protocol.nrn.balanceOf(people.erin) == before + bond // 2
    assert protocol.nrn.totalSupply() == supply - bond // 2 - 1


def test_the_block_pays_nothing(group: Any, people: Any) -> None:
    """R11, R13: it is of no height; its other claims are judged by nobody."""
    voting = group.voting
    claim, other = (group.claim(people.tara, name, loss) for name, loss in (("x", 900), ("y", 800)))
    group.play([claim, other], {"alice": claim, "bob": claim})
    voting.settle({"from": people.oscar})
    refute(group, claim, people)
    assert tuple(voting.outcome(claim.block_index))[:4] == (4, 900, 0, False)
    assert voting.state()[3] == "0x" + "00" * 32
    assert not voting.has_won(claim.checkpoint_hash)
    for refused in (
        lambda: voting.redeem(claim.block_index, {"from": people.oscar}),
        lambda: voting.open_root(claim.block_index, claim.root, {"from": people.oscar}),
    ):
        with brownie.reverts("cv: not accepted"):
            refused()
    group.outlast_challenges(claim.block_index)
    with brownie.reverts("cv: no bond"):
        voting.release_bond(claim.checkpoint_hash, {"from": people.oscar})
    with brownie.reverts("cv: not judged"):
        voting.release_bond(other.checkpoint_hash, {"from": people.oscar})


def test_its_keepers_are_not_paid_any_more(group: Any, people: Any) -> None:
    """R11: also where the reward has left."""
    voting, claim = group.voting, win(group, people, "x", 900, 1_000)
    voting.redeem(claim.block_index, {"from": people.oscar})
    voting.open_root(claim.block_index, claim.root, {"from": people.oscar})
    refute(group, claim, people)
    with brownie.reverts("cv: attestation"):
        voting.claim_keeper(
            claim.block_index, ballot(people.alice.address, claim), {"from": people.alice}
        )


@pytest.mark.parametrize("order", ["newest first", "oldest first"])
def test_the_last_true_incumbent_stands_again(group: Any, people: Any, order: str) -> None:
    """R11: at a height of its own, its loss unknown; refuting an older one changes no incumbent."""
    voting = group.voting
    first, second, third = (
        win(group, people, name, 900 - 10 * n, 910 - 10 * n)
        for n, name in enumerate(("a", "b", "c"))
    )
    level = voting.terms()[0]
    if order == "newest first":
        fell = event(refute(group, third, people), "FellBack")
        assert (fell["height"], bytes(fell["checkpoint_hash"])) == (4, second.checkpoint_hash)
        fell = event(refute(group, second, people), "FellBack")
        assert (fell["height"], bytes(fell["checkpoint_hash"])) == (5, first.checkpoint_hash)
    else:
        assert refute(group, second, people).events.count("FellBack") == 0
        assert voting.incumbent() == "0x" + third.checkpoint_hash.hex()
        assert tuple(voting.baseline()) == (880, 0, 3, True)
        fell = event(refute(group, third, people), "FellBack")
        assert (fell["height"], bytes(fell["checkpoint_hash"])) == (4, first.checkpoint_hash)
    assert voting.incumbent() == "0x" + first.checkpoint_hash.hex()
    assert voting.baseline()[0] == 0 and not voting.baseline()[3]
    assert voting.terms()[0] == level
    again = win(group, people, "d", 950, 960)
    assert voting.incumbent() == "0x" + again.checkpoint_hash.hex()
    assert voting.baseline()[2:] == (fell["height"] + 1, True)


def test_the_genesis_checkpoint_stands_in_for_none(group: Any, people: Any) -> None:
    """R11: the first winner has only the genesis checkpoint before it."""
    claim = win(group, people, "x", 900, 1_000)
    fell = event(refute(group, claim, people), "FellBack")
    assert bytes(fell["checkpoint_hash"]) == group.config.genesis_checkpoint
    assert group.voting.accepted(2) == "0x" + group.config.genesis_checkpoint.hex()


def test_a_candidate_that_is_refuted_wins_nothing(group: Any, people: Any, revealed: Any) -> None:
    """R12: its votes are void, no other can be cast for it, and the next best wins."""
    group.vote({"alice": [revealed.tom, revealed.tara]})
    receipt = refute(group, revealed.tom, people)
    assert receipt.events.count("FellBack") == 0
    assert group.voting.votes(revealed.tom.checkpoint_hash) == 0
    with brownie.reverts("cv: not a candidate"):
        group.vote({"bob": [revealed.tom, revealed.tara]})
    group.vote({"bob": revealed.tara})
    group.to(revealed.index, "end")
    group.voting.settle({"from": people.oscar})
    assert group.voting.incumbent() == "0x" + revealed.tara.checkpoint_hash.hex()


def test_refuses_anybody_else(group: Any, people: Any, revealed: Any) -> None:
    group.to(revealed.index, "vote")
    for name in (people.alice, people.erin, people.deployer):
        with brownie.reverts("cv: not the referee"):
            group.voting.refute(revealed.tara.checkpoint_hash, people.erin, {"from": name})
