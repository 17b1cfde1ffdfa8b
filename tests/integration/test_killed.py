"""Power cuts: actors killed around every act, started again, and nothing done twice or lost."""

import signal

from compute.chain import Status
from compute.roles.verifier import verify
from compute.storage import FolderStore
from tests.integration.stage import Stage


def test_a_trainer_killed_around_every_act_loses_nothing(stage: Stage) -> None:
    """train save | commit | reveal | settle redeem release, with a kill before or after each"""
    block, address = stage.block, stage.net.accounts["tara"].address
    stage.start("wisdomkeeper", "alice")
    for cut in [
        ("before", "train"),
        ("before", "save"),
        ("before", "commit"),
        ("after", "commit"),
        ("before", "reveal"),
        ("after", "reveal"),
        ("before", "release_bond"),
    ]:
        trainer = stage.start("trainer", "tara", kill=cut)
        stage.run_until(trainer.killed)
    stage.start("trainer", "tara")
    stage.run_until(lambda: stage.settled(block.end))

    mine = [event["block_index"] for event in stage.happened("Committed")]
    assert mine.count(block.index) == 1
    assert stage.group.voting.outcome(block.index).status == Status.ACCEPTED
    assert stage.group.voting.outcome(block.index).redeemed
    won = stage.group.voting.accepted(1)
    released = [e for e in stage.happened("BondReleased") if e["checkpoint_hash"] == won]
    assert [(e["payer"], e["burned"]) for e in released] == [(address, False)]
    assert verify(stage.group, stage.store).true
    FolderStore(stage.folder / "trainer-tara" / "blocks")


def test_a_keeper_killed_around_every_act_loses_nothing(stage: Stage) -> None:
    """judge vote | settle redeem open claim, with a kill before or after each"""
    block, address = stage.block, stage.net.accounts["alice"].address
    before = stage.chain.neuron.balance_of(address)
    trainer = stage.start("trainer", "tara")
    stage.run_until(lambda: stage.settled(block.vote_at - 1) or trainer.said("done: reveal"))
    assert trainer.end(signal.SIGTERM) == 0
    for cut in [
        ("before", "judge"),
        ("before", "vote"),
        ("after", "vote"),
        ("after", "settle"),
        ("after", "redeem"),
        ("before", "open_root"),
        ("after", "open_root"),
        ("after", "claim_keeper"),
    ]:
        keeper = stage.start("wisdomkeeper", "alice", kill=cut)
        stage.run_until(keeper.killed)
    stage.start("wisdomkeeper", "alice")
    stage.run_until(lambda: stage.settled(block.end))

    assert len(stage.happened("Voted")) == len(stage.happened("KeeperPaid")) == 1
    reward = stage.chain.coinbase.block_reward(stage.group.id, block.start)
    share = reward * stage.group.config.keeper_bps // 10_000
    assert stage.chain.neuron.balance_of(address) == before + share
