"""Claims that nobody judged keep rank and bond, and are entered again."""

from dataclasses import replace
from typing import Any

import brownie
import pytest

from tests.contracts.conftest import event
from tests.contracts.terms import EPOCH, MIN_BOND, Config


@pytest.fixture
def unjudged(group: Any, people: Any) -> Any:
    """tara's claim of a block to which only carol came, paid by mallory; settled."""
    claim = group.claim(people.tara, "tara's", 900)
    group.commit(claim)
    group.reveal(claim, payer=people.mallory)
    group.vote({"carol": claim})
    group.to(claim.block_index, "end")
    group.voting.settle({"from": people.oscar})
    return claim


def again(group: Any, claim: Any, **changes: Any) -> Any:
    return replace(claim, block_index=group.index + 1, **changes)


def test_keeps_rank_payer_and_bond(protocol: Any, group: Any, unjudged: Any, people: Any) -> None:
    """K1, K16, F1: a copy that is committed first in the later block ranks behind."""
    voting, before = group.voting, protocol.nrn.balanceOf(people.dave)
    seq = voting.candidate(unjudged.checkpoint_hash)[3]
    claim = again(group, unjudged)
    copy = replace(claim, trainer=people.tom.address, checkpoint_hash=b"\x77" * 32)
    group.commit(copy, claim)
    group.reveal(copy, payer=people.alice)
    revealed = event(group.reveal(claim), "Revealed")
    assert (revealed["seq"], revealed["block_index"]) == (seq, claim.block_index)
    assert tuple(voting.candidate(claim.checkpoint_hash)) == (
        people.tara.address, 900, people.mallory, seq, claim.block_index + 1, MIN_BOND
    )  # fmt: skip
    assert voting.votes(claim.checkpoint_hash) == 0
    assert protocol.nrn.balanceOf(people.dave) == before
    assert protocol.nrn.balanceOf(voting) == 2 * MIN_BOND
    group.vote({"alice": [copy, claim], "bob": [copy, claim]})
    group.to(claim.block_index, "end")
    voting.settle({"from": people.oscar})
    assert bytes(voting.accepted(1)) == claim.checkpoint_hash
    assert voting.candidate(claim.checkpoint_hash)[2] == people.mallory
    group.outlast_challenges(claim.block_index)
    released = event(
        voting.release_bond(claim.checkpoint_hash, {"from": people.oscar}), "BondReleased"
    )
    assert (released["payer"], released["burned"]) == (people.mallory, False)


def test_may_say_another_loss(group: Any, unjudged: Any, people: Any) -> None:
    """K16: the training set may have changed."""
    claim = again(group, unjudged, loss=950, root=b"\x31" * 32)
    group.commit(claim)
    group.reveal(claim)
    assert group.voting.candidate(claim.checkpoint_hash)[1] == 950
    assert bytes(group.voting.eval_root_hash(claim.checkpoint_hash)) == claim.root_hash


def test_as_often_as_nobody_judges(group: Any, unjudged: Any, people: Any, clock: Any) -> None:
    """K16: the four epochs count from the last block."""
    claim = again(group, unjudged)
    group.commit(claim)
    group.reveal(claim)
    group.to(claim.block_index, "end")
    group.voting.settle({"from": people.oscar})
    second = again(group, claim)
    group.commit(second)
    group.reveal(second)
    group.vote({"alice": None})
    group.to(second.block_index, "end")
    group.voting.settle({"from": people.oscar})
    group.outlast_challenges(second.block_index)
    receipt = group.voting.release_bond(second.checkpoint_hash, {"from": people.oscar})
    assert event(receipt, "BondReleased")["burned"]


@pytest.mark.parametrize("why", ["another trainer", "judged", "accepted", "returned", "twice"])
def test_refuses_all_others(group: Any, unjudged: Any, people: Any, clock: Any, why: str) -> None:
    """K1, K16"""
    claim = again(group, unjudged)
    if why == "another trainer":
        claim = replace(claim, trainer=people.tom.address)
    if why in ("judged", "accepted"):
        group.commit(claim)
        group.reveal(claim)
        group.vote({"alice": None if why == "judged" else claim})
        group.to(claim.block_index, "end")
        claim = again(group, claim, loss=1)
    if why == "returned":
        clock.to((group.start(unjudged.block_index) // EPOCH + 4) * EPOCH)
        group.voting.release_bond(claim.checkpoint_hash, {"from": people.oscar})
        claim = again(group, claim)
    if why == "accepted":
        claim = replace(claim, baseline_loss=900)
    group.commit(claim)
    group.to(claim.block_index, "reveal")
    if why == "twice":
        group.reveal(claim)
    with brownie.reverts("cv: hash already used"):
        group.voting.reveal(*group.arguments(claim), {"from": people.dave})


def test_without_a_judgement_but_a_winner_is_over(group: Any, people: Any) -> None:
    """K15, K16: who ranks behind a winner has its bond back, and its hash stays used."""
    first, second = group.claim(people.tara, "a", 800), group.claim(people.tom, "b", 900)
    index = group.play([first, second], {"alice": first})
    group.voting.settle({"from": people.oscar})
    later = replace(second, block_index=index + 1, baseline_loss=800, loss=700)
    group.commit(later)
    group.to(index + 1, "reveal")
    with brownie.reverts("cv: hash already used"):
        group.voting.reveal(*group.arguments(later), {"from": people.dave})


def test_the_block_says_what_protects_its_rank(protocol: Any, people: Any) -> None:
    """K4, K17: 20 at this level, whoever asks before the block is settled."""
    group = protocol.create(Config(min_improvement=10, max_improvement=1_000))
    protocol.stake(group, {"erin": 10**21})
    protocol.next_epoch()
    voting, loss = group.voting, 10_000
    group.to(group.index + 1, "commit")

    def now(trainer: Any, name: str, gain: int) -> Any:
        return group.claim(trainer, name, loss - gain, loss, block_index=group.index)

    for number in range(8):
        won = now(people.tara, f"won {number}", 100)
        group.play([won], {"erin": won})
        voting.settle({"from": people.oscar})
        loss -= 100
    group.play([now(people.tara, "open", 100)], {})
    again = now(people.tara, "open", 100)
    nearly = now(people.tom, "nearly", 115)
    group.commit(again, nearly)
    group.reveal(again, nearly)
    assert voting.terms()[0] == 20
    group.vote({"erin": [again, nearly]})
    assert voting.state()[3] == "0x" + again.checkpoint_hash.hex()
