"""The data changes, a delta is garbage, the model is forked, and a newcomer believes none of it."""

from dataclasses import replace

import pytest

from compute.chain import Group, Status
from compute.chain.claims import attestation, ballot
from compute.judging.goal import Goals
from compute.judging.transcripts import Transcripts
from compute.models import MLP, Parent
from compute.roles import curator
from compute.roles.curator import Curator
from compute.roles.founder import Origin, found_fork
from compute.roles.verifier import verify
from compute.storage import BlockUnavailable
from compute.training_set import blocks_of, build_delta
from tests.integration.devnet import NRN
from tests.integration.mallory import Mallory
from tests.integration.stage import SPECIFICATION, Stage, examples


def play_block(stage: Stage) -> None:
    """One block with tara and alice in this process: commit, reveal, vote, collect."""
    tara, alice, block = stage.trainer(), stage.keeper(), stage.block
    for moment in (block.start, block.reveal_at, block.vote_at, block.end):
        if moment > stage.chain.now():
            stage.net.warp(moment)
        stage.step(tara)
        stage.step(alice)
    stage.hush()


def append(stage: Stage, name: str, delta_hash: bytes) -> int:
    """Propose a delta, let alice vote it through, see it appended; the new version."""
    group = stage.group
    seat = stage.seat("curator", name)
    stage.net.warp(group.deltas.period().end)
    number = curator.propose(seat, delta_hash)
    stage.net.warp(stage.chain.now() + group.deltas.period().review)
    stage.net.sender("alice").vote_delta(group, number)
    stage.net.warp(group.deltas.period().end)
    stage.step(Curator(seat))
    stage.net.warp(stage.block.end)
    return group.voting.current().version


def test_new_data_raises_the_bar_and_pays_its_curator(stage: Stage) -> None:
    """block | delta of 16 examples | block on the new data | verify, cut off | verify"""
    group, address = stage.group, stage.net.accounts["carol"].address
    play_block(stage)
    seat = stage.seat("curator", "carol")
    stage.net.warp(group.deltas.period().end)
    delta_hash = curator.new_delta(seat, add=examples(16, seed=9))
    assert not stage.store.has(delta_hash), "published before the proposal is on chain"
    before = stage.chain.neuron.balance_of(address)

    assert append(stage, "carol", delta_hash) == 1
    assert stage.chain.neuron.balance_of(address) > before
    assert group.deltas.due(1) is None
    assert len(Goals(group, stage.store).now().training_set) == 80
    play_block(stage)

    class Cut(Exception):
        pass

    def cut(height: int, *rest: int) -> None:
        if height == 2:
            raise Cut

    kept = Transcripts(stage.folder / "verification", kept=99)
    with pytest.raises(Cut):
        verify(group, stage.store, cut, transcripts=kept)
    told: list[tuple[int, ...]] = []
    report = verify(group, stage.store, lambda *now: told.append(now), transcripts=kept)
    assert told[0] == (1, 2, 64, 64), "a verification that was cut off goes on"
    assert (2, 2, 80, 80) in told
    assert not list((stage.folder / "verification").iterdir())
    assert [(c.block.version, c.fault) for c in report.blocks] == [(0, None), (1, None)]
    assert (
        group.history.accepted_blocks()[1].baseline_loss != group.history.accepted_blocks()[0].loss
    )


def test_a_delta_for_another_parent_is_the_empty_patch(stage: Stage) -> None:
    group = stage.group
    own = stage.seat("curator", "mallory").blocks
    foreign = build_delta(
        curator.checkout(group, own),
        add=examples(16, seed=9),
        parent_tip=bytes(32),
        proposer=stage.net.accounts["mallory"].address,
        store=own,
    )
    own.serve(blocks_of(own, foreign))
    stage.net.warp(group.deltas.period().end)
    _, tip = group.deltas.tip_at(stage.chain.now())
    stage.net.sender("mallory").propose(group, tip, foreign)
    stage.net.warp(stage.chain.now() + group.deltas.period().review)
    stage.net.sender("alice").vote_delta(group, group.deltas.proposals()[-1].id)
    stage.net.warp(group.deltas.period().end)
    stage.net.warp(stage.block.end)

    goal = Goals(group, stage.store).now()
    assert (goal.version, len(goal.training_set)) == (1, 64)
    play_block(stage)
    assert str(verify(group, stage.store)) == "1 of 1 blocks verified"


def test_a_fork_grows_wider_from_an_accepted_block(stage: Stage) -> None:
    """block in the parent | fork | stake migrates | block in the fork | verify both"""
    parent = stage.group
    play_block(stage)
    wider = replace(
        SPECIFICATION, architecture=MLP((24,), 4), parent=Parent(SPECIFICATION.hash, "widen")
    )
    origin = Origin(parent.model_hash, parent.voting.accepted(1), examples(64))
    config = replace(parent.config, model_hash=found_fork(wider, origin, stage.store))
    receipt = stage.net.sender("alice").fork_group(parent.id, 1, 0, config)
    stage.group = stage.net.chain().group(receipt.event("GroupCreated")["group_id"])
    stage.net.sender("alice").migrate(parent.id, stage.group.id, 80 * NRN)
    stage.net.next_epoch()
    stage.net.warp(stage.block.end)
    parent_loss = parent.voting.incumbent().loss
    stage.folder = stage.folder / "fork"
    play_block(stage)

    block = stage.group.history.accepted_blocks()[0]
    assert abs(block.baseline_loss - parent_loss) < parent_loss / 1000, "widening kept the function"
    assert stage.group.voting.outcome(block.block_index).status == Status.ACCEPTED
    for group in (parent, stage.group):
        assert verify(group, stage.store).true


def test_a_newcomer_finds_the_lie_a_bad_majority_accepted(stage: Stage) -> None:
    play_block(stage)
    mallory = Mallory(stage)
    lie = mallory.commit(mallory.checkpoint(), loss=mallory.truth.loss - 1)
    block = stage.block
    mallory.reveal()
    proof = attestation(bytes(32), stage.net.accounts["alice"].address)
    stage.net.sender("alice").vote(stage.group, ballot({lie.checkpoint_hash: proof}))
    stage.net.warp(block.end)
    stage.net.sender("bob").settle(stage.group)

    report = verify(stage.group, stage.store)
    assert [checked.fault for checked in report.blocks] == [
        None,
        f"its loss is {mallory.truth.loss}, not {lie.loss}",
    ]
    assert str(report).startswith("1 of 2 blocks verified\nBlock ")


def test_verification_proves_nothing_without_the_bytes(stage: Stage) -> None:
    play_block(stage)
    accepted = stage.group.voting.incumbent().checkpoint_hash
    (stage.store.path / accepted.hex()[:2] / accepted.hex()).unlink()
    with pytest.raises(BlockUnavailable):
        verify(stage.group, stage.store)


def test_a_genesis_checkpoint_of_someones_own_is_a_lie(stage: Stage) -> None:
    mallory = Mallory(stage)
    config = replace(stage.group.config, genesis_checkpoint=mallory.checkpoint())
    group: Group = stage.net.create_group(config)
    report = verify(group, stage.store)
    assert not report.true
    assert "initial parameters" in str(report)
