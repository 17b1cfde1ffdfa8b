"""The edges of windows, empty pockets, missing blocks and rivals: what an actor does then."""

import json
import logging
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from compute.chain import Status
from compute.chain.records import Asked
from compute.chain.voting import Voting
from compute.checkpoint.load import held_out_of
from compute.judging.held_out import HeldOutSet
from compute.judging.transcripts import Transcript
from compute.node.sending import OwnTransactions
from compute.searching.search import Search
from compute.training.learner import Learner, Progress
from tests.integration.mallory import Mallory
from tests.integration.stage import OPTIONS, Stage, examples
from tests.support.patience import PATIENCE, Time


def hide(stage: Stage, digest: bytes) -> bytes:
    """Take a block out of the shared store; returns it."""
    block = stage.store.get(digest)
    (stage.store.path / digest.hex()[:2] / digest.hex()).unlink()
    return block


def test_everyone_waits_for_the_groups_data(stage: Stage) -> None:
    """commit: no data, data comes, commit | vote: no data until the deadline: no ballot"""
    tara, alice, block = stage.trainer(), stage.keeper(), stage.block
    genesis = hide(stage, stage.group.config.genesis_tip)
    wait = stage.step(tara)
    assert (wait.until, wait.recheck) == (block.reveal_at, True)
    stage.store.put(genesis)
    assert stage.step(tara).doing == "waiting to reveal"
    stage.net.warp(block.reveal_at)
    stage.step(tara)
    hide(stage, stage.group.config.genesis_tip)
    stage.net.warp(block.vote_at)
    wait = stage.step(alice)
    assert wait.recheck
    stage.net.warp(wait.until)
    assert stage.step(alice).until == block.end
    assert stage.happened("Voted") == []


def test_windows_are_half_open(stage: Stage) -> None:
    """A commitment in the last second is too late on chain; a ballot is cast in the first."""
    tara, alice, block = stage.trainer(), stage.keeper(), stage.block
    mallory = Mallory(stage)
    mallory.commit(mallory.checkpoint())
    learner_run = Learner.run

    def slow(self: Learner, **more: object) -> Progress:
        stage.net.warp(block.reveal_at - 1)
        stage.net.rpc("evm_setNextBlockTimestamp", block.reveal_at)  # of the commitment
        return learner_run(self, **more)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "run", slow)
        assert stage.step(tara).doing == "waiting to commit again"
    assert [e["block_index"] for e in stage.happened("Committed")] == [block.index]  # mallory's
    mallory.reveal()
    assert stage.chain.now() == block.vote_at
    stage.step(tara)
    stage.step(alice)
    assert len(stage.happened("Voted")) == 1
    stage.net.warp(block.end)
    assert stage.step(tara).doing == "waiting to reveal", "the next block is a new chance"


def test_a_candidate_that_is_late_is_kept_for_the_next_block(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    tara, block = stage.trainer(), stage.block
    learner_run = Learner.run

    def slower(self: Learner, **more: object) -> Progress:
        stage.net.warp(block.reveal_at)
        return learner_run(self, **more)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "run", slower)
        stage.step(tara)
    assert "too late to commit; the candidate is kept" in caplog.text
    assert stage.happened("Committed") == []
    stage.net.warp(block.end)

    def idle(self: Learner, **more: object) -> Progress:
        self.step += 40
        return Progress()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "run", idle)
        assert stage.step(tara).doing == "waiting to reveal"


def test_only_what_gains_the_groups_minimum_is_claimed_and_says_what_was_held_out(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """a gain one too small: no claim | exactly the minimum: a claim"""
    caplog.set_level(logging.INFO)
    np.savez(stage.folder / "held.npz", **examples(20, seed=1))
    held_out = HeldOutSet(stage.folder / "held.npz", stage.store)
    tara = stage.trainer(options=replace(OPTIONS, held_out=held_out))
    goal, search = tara._goals.now(), tara._search
    assert isinstance(search, Search)
    best = search.improve(goal, stage.block.reveal_at)
    assert best is not None
    gain = goal.baseline_loss - best.evaluation.loss

    def idle(self: Learner, **more: object) -> Progress:
        self.step += 40
        return Progress()

    def compete(minimum: int) -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Learner, "run", idle)
            patch.setattr(Voting, "asked", lambda self, head=None: Asked(minimum, 1))
            return stage.step(tara).doing

    assert compete(gain + 1) == "waiting for the next block"
    assert "nothing beats the incumbent yet" in caplog.text
    assert compete(gain) == "waiting to reveal"
    (claimed,) = tara._claimant.checkpoints()
    assert held_out_of(tara._blocks, claimed) == best.held_out is not None


def test_an_evaluation_that_ends_too_late_is_kept_for_the_next_block(stage: Stage) -> None:
    """train | the commit window ends while the exact loss is computed | next block: committed"""
    tara, block, evaluated = stage.trainer(), stage.block, Transcript.add
    tara._goals.now()  # the incumbent's loss is known

    def slow(self: Transcript, start: int, losses: np.ndarray) -> None:
        stage.net.warp(block.reveal_at)
        evaluated(self, start, losses)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transcript, "add", slow)
        assert stage.step(tara).until == block.end
    assert stage.happened("Committed") == []
    search = tara._search
    assert isinstance(search, Search) and (kept := search._best) is not None
    stage.net.warp(block.end)
    assert stage.step(tara).doing == "waiting to reveal"
    assert search._best is not None and search._best.evaluation.loss <= kept.evaluation.loss


def test_a_keeper_leaves_an_evaluation_when_its_block_is_over(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """vote: the evaluation outlasts the window | no vote | next block: a vote"""
    tara, alice, block, evaluated = stage.trainer(), stage.keeper(), stage.block, Transcript.add
    stage.step(alice)  # it knows the incumbent's loss

    def to_the_vote() -> None:
        stage.step(tara)
        stage.net.warp(stage.block.reveal_at)
        stage.step(tara)
        stage.net.warp(stage.block.vote_at)

    def slow(self: Transcript, start: int, losses: np.ndarray) -> None:
        evaluated(self, start, losses)
        stage.net.warp(block.end)

    to_the_vote()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transcript, "add", slow)
        assert stage.step(alice).until == block.end
    assert "what was evaluated is kept" in caplog.text
    assert stage.happened("Voted") == []
    to_the_vote()
    stage.step(alice)
    assert [event["block_index"] for event in stage.happened("Voted")] == [block.index + 1]


def test_a_trainer_without_the_bond_says_so_and_waits(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    sender = stage.net.sender("tara")
    sender.transfer(
        stage.net.accounts["tom"].address, stage.chain.neuron.balance_of(sender.address)
    )
    assert stage.step(stage.trainer()).until == stage.block.end
    assert "Fund it to compete." in caplog.text


def test_actors_without_ether_say_so_and_try_again(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """commit refused | ETH arrives | the same claim is committed"""
    tara, address = stage.trainer(), stage.net.accounts["tara"].address
    stage.net.rpc("anvil_setBalance", address, "0x0")
    wait = stage.step(tara)
    assert wait.until == stage.chain.now() + 60
    assert "Send it some ETH" in caplog.text
    stage.net.rpc("anvil_setBalance", address, hex(10**18))
    assert stage.step(tara).doing == "waiting to reveal"
    assert len(stage.happened("Committed")) == 1


def test_a_displaced_trainer_gets_its_bond_back(stage: Stage) -> None:
    """mallory commits, tara commits to the same hash | tara reveals, mallory displaces her"""
    tara, mallory, block = stage.trainer(), Mallory(stage), stage.block
    before = stage.chain.neuron.balance_of(stage.net.accounts["tara"].address)
    checkpoint_hash = mallory.checkpoint()
    mallory.commit(checkpoint_hash)
    claimant = tara._claimant
    claimant.prepare(
        block.index,
        tip=mallory.goal.tip,
        checkpoint_hash=checkpoint_hash,
        loss=mallory.truth.loss,
        baseline_loss=mallory.goal.baseline_loss,
        eval_root=bytes(32),
    )
    stage.step(tara)
    stage.net.warp(block.reveal_at)
    stage.step(tara)
    assert len(stage.happened("Revealed")) == 1
    mallory.reveal()
    assert len(stage.happened("Displaced")) == 1
    stage.net.warp(block.end)
    claimant.collect(block.index + 1)
    assert stage.chain.neuron.balance_of(stage.net.accounts["tara"].address) == before


def test_nobody_reveals_and_the_group_goes_on(stage: Stage) -> None:
    alice, block = stage.keeper(), stage.block
    stage.net.warp(block.vote_at)
    assert stage.step(alice).until == block.end
    assert stage.group.voting.outcome(block.index).status == Status.UNSETTLED
    stage.net.warp(block.end)
    assert stage.step(alice).until == stage.block.vote_at


def test_a_keeper_without_stake_does_not_judge(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    mallory = Mallory(stage)
    mallory.commit(mallory.checkpoint())
    mallory.reveal()
    assert stage.step(stage.keeper("tom")).until == stage.block.end
    assert "has no stake in this group" in caplog.text


def test_without_a_step_budget_training_lasts_until_the_deadline(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight seconds before commitments must be sent: a few rounds, and a claim in time."""
    block, clock, learner_run, rounds = stage.block, Time(), Learner.run, []
    deadline = block.reveal_at - OwnTransactions.commit_margin
    monkeypatch.setattr("compute.searching.search.time", clock)

    def second(self: Learner, **asked: Any) -> Progress:
        """20 steps are a second of ours and of the chain's."""
        rounds.append(stage.chain.now())
        clock.sleep(1)
        stage.net.warp(stage.chain.now() + 1)
        return learner_run(self, **{**asked, "steps": 20, "seconds": PATIENCE})

    monkeypatch.setattr(Learner, "run", second)
    tara = stage.trainer(options=replace(OPTIONS, steps=None))
    stage.net.warp(deadline - 8)
    assert stage.step(tara).doing == "waiting to reveal"
    assert rounds == [*range(deadline - 8, deadline)]
    rows = [
        json.loads(line)
        for line in (stage.folder / "trainer-tara" / "metrics.jsonl").read_text().splitlines()
    ]
    training = [row for row in rows if "loss" in row]
    assert training[-1]["step"] > training[0]["step"] > 0
    assert all(row["examples_per_second"] > 0 for row in training)
    losses = [row["exact_loss"] for row in rows if "exact_loss" in row]
    assert min(losses) < rows[-1]["baseline_loss"]


@pytest.mark.parametrize(("rival_steps", "who_leads"), [(1, "tara"), (400, "mallory")])
def test_a_late_candidate_meets_a_new_incumbent(
    rival_steps: int, who_leads: str, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """tara is late, mallory wins the block | tara goes on from the better of the two"""
    caplog.set_level(logging.INFO)
    tara, alice, block = stage.trainer(), stage.keeper(), stage.block
    mallory = Mallory(stage, rival_steps)
    mallory.commit(mallory.checkpoint())
    learner_run = Learner.run

    def late(self: Learner, **more: object) -> Progress:
        stage.net.warp(block.reveal_at)
        return learner_run(self, **more)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "run", late)
        stage.step(tara)
    mallory.reveal()
    stage.step(alice)
    stage.net.warp(block.end)
    assert stage.step(tara).doing == "waiting to reveal"
    assert stage.group.voting.incumbent().loss == mallory.truth.loss
    assert ("starting from the incumbent" in caplog.text) == (who_leads == "mallory")
