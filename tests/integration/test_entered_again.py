"""Nothing expires for want of voters: an honest claim comes back with its rank, a copy loses."""

from compute.chain import Status
from compute.chain.voting import CHALLENGE_SECONDS
from tests.integration.mallory import Mallory
from tests.integration.stage import Stage


def play(stage: Stage, *, keeper: bool) -> None:
    """A block in which tara competes, from commit to its end; alice votes if `keeper`."""
    tara, block = stage.trainer(), stage.block
    stage.step(tara)
    stage.net.warp(block.reveal_at)
    stage.step(tara)
    stage.net.warp(block.vote_at)
    if keeper:
        stage.step(stage.keeper())
    stage.net.warp(block.end)
    stage.hush()


def test_a_claim_that_nobody_judged_wins_in_the_next_block_against_its_copy(stage: Stage) -> None:
    """claim, nobody votes | copied, entered again after a restart | it wins with its first rank"""
    group, neuron = stage.group, stage.chain.neuron
    before = neuron.balance_of(stage.net.accounts["tara"].address)
    first = stage.block
    play(stage, keeper=False)
    (claim,) = group.voting.candidates(first.index)
    bond = before - neuron.balance_of(claim.trainer)
    assert bond == group.voting.asked().bond > 0

    stage.net.sender("bob").settle(group)
    assert group.voting.outcome(first.index).status is Status.NO_QUORUM
    thief = Mallory(stage)
    copy = thief.commit(
        thief.checkpoint(nonce=9), loss=claim.loss, eval_root_hash=claim.eval_root_hash
    )
    second = stage.block
    tara = stage.trainer()
    stage.step(tara)
    stage.net.warp(second.reveal_at)
    stage.step(tara)
    thief.reveal()
    alice = stage.keeper()
    stage.step(alice)
    stage.net.warp(second.end)
    stage.step(alice)
    ranked = group.voting.candidates(second.index)
    assert [c.seq for c in ranked if c.checkpoint_hash == claim.checkpoint_hash] == [claim.seq]
    assert copy.checkpoint_hash in {c.checkpoint_hash for c in ranked}
    assert group.voting.incumbent().checkpoint_hash == claim.checkpoint_hash
    stage.step(tara)
    stage.net.warp(second.end + CHALLENGE_SECONDS)
    stage.step(tara)
    reward = stage.chain.coinbase.block_reward(group.id, second.start)
    pool = reward * group.config.keeper_bps // 10_000
    assert neuron.balance_of(claim.trainer) == before + reward - pool
    (released,) = stage.happened("BondReleased")
    assert released["amount"] == bond and not released["burned"]


def test_a_claim_that_is_never_judged_gets_its_bond_back(stage: Stage) -> None:
    """claim, nobody votes | nobody votes for a month | released"""
    tara, neuron = stage.net.accounts["tara"].address, stage.chain.neuron
    before = neuron.balance_of(tara)
    first = stage.block
    play(stage, keeper=False)
    (claim,) = stage.group.voting.candidates(first.index)
    stored = stage.group.voting.candidate(claim.checkpoint_hash)
    assert stored is not None and neuron.balance_of(tara) < before
    stage.net.warp(stage.group.voting.lapses_at(stored) - 1)
    trainer = stage.trainer()
    trainer._claimant.collect(stage.block.index)
    assert trainer._claimant.checkpoints() == {claim.checkpoint_hash}
    stage.net.warp(stage.group.voting.lapses_at(stored))
    trainer._claimant.collect(stage.block.index)
    assert neuron.balance_of(tara) == before and trainer._claimant.checkpoints() == set()
