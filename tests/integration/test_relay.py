"""A trainer with nothing but a key, and who pays for its claims without being robbed by it."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from compute.chain import Status
from compute.chain.claims import Claim, commitment
from compute.chain.handover import Handover, Opened
from compute.chain.rewards import collect, open_bonds
from compute.chain.voting import CHALLENGE_SECONDS
from compute.roles.relayer import Relayer
from compute.roles.trainer import Trainer
from tests.integration.mallory import SALT, Mallory
from tests.integration.stage import Stage


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the trainer writes and the relayer reads."""
    (tmp_path / "relay").mkdir()
    return tmp_path / "relay"


@pytest.fixture
def trainer(stage: Stage, folder: Path) -> Trainer:
    """A trainer whose account holds neither ether nor NRN."""
    stage.net.new_account("nora")
    return stage.trainer("nora", relay=folder)


@pytest.fixture
def relayer(stage: Stage, folder: Path) -> Relayer:
    """Tom pays; he has ether and NRN."""
    return stage.relayer(folder)


def the_claim(folder: Path) -> Handover:
    """The only claim in the folder."""
    [path] = folder.iterdir()
    return Handover.decode(path.read_bytes())


def steps(stage: Stage, *roles: Trainer | Relayer) -> None:
    for role in roles:
        stage.step(role)


def test_a_trainer_without_ether_earns_the_reward(
    stage: Stage, trainer: Trainer, relayer: Relayer, folder: Path
) -> None:
    """train, seal | commit by tom | open | reveal by tom | vote | tom collects for both"""
    group, neuron, block = stage.group, stage.chain.neuron, stage.block
    keeper, nora, tom = (stage.net.accounts[n].address for n in ("alice", "nora", "tom"))
    paid_before = neuron.balance_of(tom)

    stage.step(trainer)
    sealed = the_claim(folder)
    assert sealed.opened is None and group.voting.commitment(sealed.commitment) is None
    steps(stage, relayer, relayer, trainer)
    assert [event["commitment"] for event in stage.happened("Committed")] == [sealed.commitment]

    assert the_claim(folder).opened is None  # nothing more is shown while others may commit
    stage.net.warp(block.reveal_at)
    steps(stage, relayer, trainer, relayer, relayer, trainer)
    [revealed] = stage.happened("Revealed")
    assert revealed["trainer"] == nora
    candidate = group.voting.candidate(revealed["checkpoint_hash"])
    assert candidate is not None and candidate.payer == tom

    stage.net.warp(block.vote_at)
    stage.step(stage.keeper())
    stage.net.warp(block.end)
    steps(stage, relayer, relayer)
    outcome = group.voting.outcome(block.index)
    assert (outcome.status, outcome.redeemed) == (Status.ACCEPTED, True)
    reward = stage.chain.coinbase.block_reward(group.id, block.start)
    pool = reward * group.config.keeper_bps // 10_000
    assert neuron.balance_of(nora) == reward - pool > 0
    stage.net.warp(block.end + CHALLENGE_SECONDS)
    steps(stage, relayer)
    assert neuron.balance_of(tom) == paid_before
    assert stage.chain.ether_of(nora) == 0 and keeper != tom

    stage.step(trainer)  # takes its claim back, and goes on with the next block
    assert sealed.commitment not in {
        Handover.decode(path.read_bytes()).commitment for path in folder.iterdir()
    }


def test_both_may_be_killed_and_started_again(
    stage: Stage, trainer: Trainer, relayer: Relayer, folder: Path
) -> None:
    """The folder is lost after the commitment, and each party starts anew before every step."""
    steps(stage, trainer, relayer)
    [path] = folder.iterdir()
    path.unlink()
    stage.hush()
    stage.net.warp(stage.block.reveal_at)
    for _ in range(2):
        steps(stage, stage.trainer("nora", relay=folder), stage.relayer(folder))
        stage.hush()
    assert len(stage.happened("Committed")) == len(stage.happened("Revealed")) == 1


def hand_over(folder: Path, handover: Handover) -> None:
    (folder / f"{handover.commitment.hex()}.json").write_bytes(handover.encode())


def opened_by(mallory: Mallory, stage: Stage, claim: Claim, **changes: object) -> Handover:
    """A claim committed to by its trainer, and opened."""
    domain = stage.group.domain
    opened = Opened(claim, SALT, claim.sign(domain, stage.net.accounts["mallory"]))
    sealed = Handover(domain, claim.block_index, commitment(claim.digest(domain), SALT))
    return sealed.open(replace(opened, **changes))


def test_no_bond_is_risked_for_what_keepers_would_refuse(
    stage: Stage, relayer: Relayer, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mallory, group = Mallory(stage), stage.group
    lie = mallory.commit(mallory.checkpoint(nonce=1), loss=mallory.truth.loss - 1)
    missing = [mallory.commit(bytes([number]) * 32) for number in range(1, 5)]
    stale = mallory.commit(mallory.checkpoint(nonce=2), tip=b"\x77" * 32)
    unsigned = mallory.commit(mallory.checkpoint(nonce=3))
    same = mallory.commit(mallory.checkpoint(nonce=4), loss=mallory.goal.baseline_loss)
    uncommitted = replace(unsigned, checkpoint_hash=mallory.checkpoint(nonce=5))
    honest = mallory.commit(mallory.checkpoint(nonce=6))
    for claim in (lie, *missing, stale, same, uncommitted, honest):
        hand_over(folder, opened_by(mallory, stage, claim))
    hand_over(folder, opened_by(mallory, stage, unsigned, signature=bytes(65)))
    before = stage.chain.neuron.balance_of(stage.net.accounts["tom"].address)
    stage.net.warp(stage.block.reveal_at)
    for _ in range(2):
        stage.step(relayer)

    revealed = {event["checkpoint_hash"] for event in stage.happened("Revealed")}
    assert revealed == {honest.checkpoint_hash}
    paid = before - stage.chain.neuron.balance_of(stage.net.accounts["tom"].address)
    assert paid == group.voting.asked().bond
    for words in (
        f"{lie.checkpoint_hash.hex()}: its loss is",
        f"{stale.checkpoint_hash.hex()}: it is about another model or training set",
        f"{unsigned.checkpoint_hash.hex()}: its trainer did not sign it",
        f"{same.checkpoint_hash.hex()}: it is no improvement",
        f"{uncommitted.checkpoint_hash.hex()}: it was not committed to",
        "not revealed yet",
    ):
        assert caplog.text.count(words) == (len(missing) if words == "not revealed yet" else 1)


def test_trust_must_be_asked_for(stage: Stage, folder: Path) -> None:
    mallory = Mallory(stage)
    lie = mallory.commit(mallory.checkpoint(), loss=1)
    hand_over(folder, opened_by(mallory, stage, lie))
    stage.net.warp(stage.block.reveal_at)
    stage.step(stage.relayer(folder))
    assert stage.happened("Revealed") == []
    stage.step(stage.relayer(folder, trusting=True))
    assert len(stage.happened("Revealed")) == 1


def test_a_bond_is_found_again_without_the_folder(stage: Stage, folder: Path) -> None:
    """`nrn redeem` by who paid it; nobody voted, so it comes back after four epochs."""
    mallory, tom = Mallory(stage), stage.net.accounts["tom"].address
    hand_over(folder, opened_by(mallory, stage, mallory.commit(mallory.checkpoint(), loss=1)))
    end = stage.block.end
    stage.net.warp(stage.block.reveal_at)
    stage.step(stage.relayer(folder, trusting=True))
    stage.net.warp(end)
    sender = stage.net.sender("tom")
    sender.settle(stage.group)
    assert open_bonds(stage.group, stage.net.accounts["mallory"].address) == []
    assert open_bonds(stage.group, tom) == []
    [claim] = stage.group.voting.revealed([stage.happened("Revealed")[0]["checkpoint_hash"]])
    stage.net.warp(stage.group.voting.lapses_at(claim))
    [bond] = open_bonds(stage.group, tom)
    before = stage.chain.neuron.balance_of(tom)
    collect(sender, stage.group, bond)
    assert stage.chain.neuron.balance_of(tom) - before == bond.amount == claim.bond


def test_a_folder_that_is_lost_is_waited_for(
    stage: Stage, trainer: Trainer, relayer: Relayer, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """There is a file in its place; once that is gone, both go on."""
    folder.rmdir()
    folder.write_text("")
    steps(stage, trainer, relayer)
    assert "could not write" in caplog.text and "cannot be read" in caplog.text
    folder.unlink()
    steps(stage, trainer, relayer)
    assert len(stage.happened("Committed")) == 1


def test_the_folder_is_hostile(
    stage: Stage, relayer: Relayer, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Pipes, links, giants and foreign claims are named; the good claim beside them is served."""
    mallory = Mallory(stage)
    names = iter(f"{number:064x}.json" for number in range(9))
    os.mkfifo(folder / next(names))
    (folder / next(names)).symlink_to("/dev/zero")
    (folder / next(names)).write_bytes(b"[" * (1 << 20))
    domain = replace(stage.group.domain, chain_id=1)
    hand_over(folder, Handover(domain, stage.block.index, b"\x01" * 32))
    moved = Handover(stage.group.domain, stage.block.index, b"\x02" * 32)
    (folder / next(names)).write_bytes(moved.encode())
    good = Handover(stage.group.domain, stage.block.index, b"\x03" * 32)
    hand_over(folder, good)
    stage.step(relayer)
    assert [event["commitment"] for event in stage.happened("Committed")] == [good.commitment]
    for words in (
        "it is no regular file", "Too many levels", "the limit is", "another group or chain",
        "not named after its commitment",
    ):  # fmt: skip
        assert words in caplog.text
    assert mallory.goal
