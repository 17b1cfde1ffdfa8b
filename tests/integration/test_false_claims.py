"""A keeper against everything that is not a true claim: each is named, none is voted for."""

import logging
import re

import numpy as np
import pytest

from compute.canonical import digest
from compute.chain import Status
from compute.chain.claims import Claim, eval_root_hash
from compute.chain.voting import CHALLENGE_SECONDS
from compute.checkpoint import Reason
from compute.checkpoint.manifest import Tensor
from compute.exact.evaluation import SATURATED
from compute.storage import FolderStore
from tests.integration.mallory import Mallory
from tests.integration.stage import Stage


def verdicts(caplog: pytest.LogCaptureFixture) -> dict[str, str]:
    """Checkpoint hash -> what the keeper said about it last."""
    rows = [r.getMessage() for r in caplog.records if r.name == "compute.roles.wisdomkeeper"]
    form = re.compile(r"checkpoint ([0-9a-f]{64})(?:: | (?:refused|approved): )(.*)", re.S)
    told = map(form.fullmatch, rows)
    return {found[1]: found[2] for found in told if found}


def damage(store: FolderStore, block: bytes) -> None:
    """Flip a bit of a stored block."""
    path = store.path / block.hex()[:2] / block.hex()
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.write_bytes(data)


def remove(store: FolderStore, block: bytes) -> bytes:
    """Lose a block; returns it."""
    data = store.get(block)
    (store.path / block.hex()[:2] / block.hex()).unlink()
    return data


def test_every_lie_is_named_and_the_honest_claim_wins(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """commit all | reveal all | judge | the deadline: what is missing is not approved, vote"""
    caplog.set_level(logging.INFO)
    mallory = Mallory(stage)
    kernel = mallory.parameters["Dense_0/kernel"]
    tensors = {
        name: (array.shape, (digest(array.tobytes()),))
        for name, array in mallory.parameters.items()
    }

    def stated(name: str, shape: tuple[int, ...], blocks: int = 1) -> tuple[Tensor, ...]:
        """The true tensors, but this one with a shape and a number of blocks of our choice."""
        (digests,) = (found for key, (_, found) in tensors.items() if key == name)
        changed = {**tensors, name: (shape, digests * blocks)}
        return tuple(Tensor(key, *value) for key, value in sorted(changed.items()))

    poisoned = {value: np.full_like(kernel, value) for value in (np.nan, np.inf, 2.0**15)}
    missing, corrupt = mallory.checkpoint(nonce=1), mallory.checkpoint(nonce=2)
    ranks = iter(range(100, 0, -1))  # all better than the honest claim
    expected: dict[bytes, str] = {}

    def lie(checkpoint_hash: bytes, reason: str, **lies: object) -> None:
        loss = mallory.truth.loss - next(ranks)
        mallory.commit(checkpoint_hash, **{"loss": loss, **lies})
        expected[checkpoint_hash] = reason

    lie(mallory.checkpoint({"Dense_0/kernel": poisoned[np.nan]}), Reason.NOT_FINITE)
    lie(mallory.checkpoint({"Dense_0/kernel": poisoned[np.inf]}), Reason.NOT_FINITE)
    lie(mallory.checkpoint({"Dense_0/kernel": poisoned[2.0**15]}), SATURATED)
    lie(mallory.checkpoint({"Dense_0/kernel": kernel.T.copy()}), Reason.SHAPES)
    lie(mallory.checkpoint(tensors=stated("Dense_0/kernel", (2**31, 2**31))), Reason.SHAPES)
    lie(mallory.checkpoint(tensors=stated("Dense_0/kernel", (8, 16), 1000)), Reason.BLOCKS)
    longer = stage.store.put(kernel.tobytes() + bytes(4))
    tensors["Dense_0/kernel"] = (kernel.shape, (longer,))
    lie(mallory.checkpoint(tensors=stated("Dense_0/kernel", (8, 16))), Reason.LENGTH)
    lie(mallory.checkpoint(model_hash=digest(b"another model")), Reason.MODEL)
    lie(mallory.checkpoint(params_root=digest(b"other parameters")), Reason.ROOT)
    lie(stage.store.put(b"no manifest"), Reason.MANIFEST)
    lie(mallory.checkpoint(nonce=3), "its loss is")
    lie(mallory.checkpoint(nonce=4, shard_sums=(7,)), "its shard sums are those of a loss of 0")
    lie(mallory.checkpoint(nonce=5), "the incumbent's loss is", baseline_loss=2**40)
    lie(missing, "could not be retrieved")
    lie(corrupt, "could not be retrieved")
    root = eval_root_hash(bytes(32))
    lie(
        mallory.checkpoint(nonce=6), "evaluation root", loss=mallory.truth.loss, eval_root_hash=root
    )
    honest: Claim = mallory.commit(mallory.checkpoint(nonce=7))
    remove(stage.store, missing)
    damage(stage.store, corrupt)
    block, keeper = stage.block, stage.keeper()
    mallory.reveal()

    wait = stage.step(keeper)
    assert (wait.until, wait.recheck) == (block.end - 900, True)
    assert stage.happened("Voted") == []
    stage.net.warp(wait.until)
    assert stage.step(keeper).until == block.end

    said = verdicts(caplog)
    for checkpoint_hash, reason in expected.items():
        assert reason in said[checkpoint_hash.hex()]
    assert said[honest.checkpoint_hash.hex()] == "its loss is true"
    stage.net.warp(block.end)
    stage.step(keeper)
    assert stage.group.voting.incumbent().checkpoint_hash == honest.checkpoint_hash
    sender = stage.net.sender("bob")
    stage.net.warp(block.end + CHALLENGE_SECONDS)
    for checkpoint_hash in expected:
        assert sender.release_bond(stage.group, checkpoint_hash).event("BondReleased")["burned"]


def test_with_lies_alone_the_keeper_votes_for_none(stage: Stage) -> None:
    mallory, keeper, block = Mallory(stage), stage.keeper(), stage.block
    mallory.commit(mallory.checkpoint(), loss=1)
    mallory.reveal()
    stage.step(keeper)
    stage.net.warp(block.end)
    stage.step(keeper)
    assert stage.group.voting.outcome(block.index).status == Status.REJECTED


def test_a_checkpoint_that_arrives_late_but_in_time_is_voted_for(stage: Stage) -> None:
    mallory, keeper, block = Mallory(stage), stage.keeper(), stage.block
    checkpoint_hash = mallory.checkpoint()
    mallory.commit(checkpoint_hash)
    withheld = remove(stage.store, checkpoint_hash)
    mallory.reveal()
    assert stage.step(keeper).recheck
    stage.store.put(withheld)
    assert stage.step(keeper).until == block.end
    assert stage.happened("Voted")[0]["checkpoint_hash"] == checkpoint_hash


def test_what_a_keeper_fetched_it_serves_again(stage: Stage) -> None:
    """judge | the block is lost by everybody else | the next step puts it back"""
    mallory, keeper = Mallory(stage), stage.keeper()
    checkpoint_hash = mallory.checkpoint()
    mallory.commit(checkpoint_hash)
    mallory.reveal()
    stage.step(keeper)
    remove(stage.store, checkpoint_hash)
    stage.step(stage.keeper("bob"))
    assert not stage.store.has(checkpoint_hash)
    stage.step(keeper)
    assert stage.store.has(checkpoint_hash)
