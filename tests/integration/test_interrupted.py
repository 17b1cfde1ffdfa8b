"""Ctrl-C in every phase, a chain that goes silent, and two actors with one key."""

import json
import signal
from dataclasses import replace

from compute.chain import Status
from tests.integration.cable import Cable
from tests.integration.stage import OPTIONS, Stage
from tests.support.patience import PATIENCE

ENDLESS = replace(OPTIONS, steps=10**9)


def test_ctrl_c_ends_a_trainer_cleanly_in_every_phase(stage: Stage) -> None:
    """Ctrl-C while training | waiting to reveal | waiting for votes | after the block"""
    block = stage.block
    stage.start("wisdomkeeper", "alice")
    trainer = stage.start("trainer", "tara", options=ENDLESS)
    metrics = trainer.state / "metrics.jsonl"
    stage.run_until(lambda: trainer.said("training set"))
    assert trainer.end(signal.SIGINT) == 0
    for words in ("waiting to reveal", "waiting for the next block", "our claim won"):
        trainer = stage.start("trainer", "tara")
        stage.run_until(lambda t=trainer, words=words: t.said(words))
        assert trainer.end(signal.SIGINT) == 0

    outcome = stage.group.voting.outcome(block.index)
    assert (outcome.status, outcome.redeemed) == (Status.ACCEPTED, True)
    steps = [
        row["step"] for row in map(json.loads, metrics.read_text().splitlines()) if "step" in row
    ]
    assert steps == sorted(steps)


def test_ctrl_c_ends_a_keeper_cleanly_in_every_phase(stage: Stage) -> None:
    """Ctrl-C before the vote window | after the ballot | after the block"""
    block = stage.block
    trainer = stage.start("trainer", "tara")
    for words in ("waiting for the vote window", "done: vote in block", "done: claim the keeper"):
        keeper = stage.start("wisdomkeeper", "alice")
        stage.run_until(lambda k=keeper, words=words: k.said(words))
        assert keeper.end(signal.SIGINT) == 0
    trainer.end(signal.SIGTERM)
    assert stage.group.voting.outcome(block.index).status == Status.ACCEPTED
    assert len(stage.happened("Voted")) == len(stage.happened("KeeperPaid")) == 1


def test_actors_wait_for_a_silent_chain_and_go_on(stage: Stage) -> None:
    block = stage.block
    cable = Cable(stage.net.url)
    stage.start("wisdomkeeper", "alice", rpc=cable.url)
    trainer = stage.start("trainer", "tara", rpc=cable.url)
    stage.run_until(lambda: trainer.said("waiting to reveal"))
    cable.cut()
    stage.run_until(lambda: all(a.said("Waiting for the chain") for a in stage.actors.values()))
    cable.mend()
    stage.run_until(lambda: stage.settled(block.end))
    assert stage.group.voting.outcome(block.index).redeemed
    cable.close()


def test_a_second_actor_with_the_same_key_is_refused(stage: Stage) -> None:
    first = stage.start("trainer", "tara")
    stage.run_until(lambda: first.said("waiting to reveal"))
    second = stage.start("trainer", "tara")
    second.process.join(PATIENCE)
    assert second.process.exitcode == 1
    assert second.said("already runs in this group. Stop it first")
    assert first.alive()
    first.end(signal.SIGTERM)
