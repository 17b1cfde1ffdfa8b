"""What a watcher says of claims that are not simply true or false, and what it does then."""

import gc
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from compute.chain import Status
from compute.checkpoint import Reason
from compute.facts.disputes import disputes
from compute.models import ModelSpecification
from compute.node.disputing import Duties
from compute.roles.watcher import RETRY_SECONDS, Watcher
from tests.integration.mallory import Mallory
from tests.integration.stage import Stage
from tests.integration.test_data_and_forks import play_block
from tests.integration.test_false_claims import remove

THINKS = 12 * 3_600  # a side, in a whole game


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Iterator[dict[str, str]]:
    """Checkpoint hash, its first twelve digits -> what the watcher said of it last."""
    found: dict[str, str] = {}

    class Hearer(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            words = record.getMessage().split(" ", 3)
            if words[:2] == ["the", "claim"]:
                found[words[2]] = words[3]

    caplog.set_level(logging.INFO)
    hearer, log = Hearer(), logging.getLogger("compute.roles.watcher")
    log.addHandler(hearer)
    yield found
    log.removeHandler(hearer)


def challenged(stage: Stage) -> list[bytes]:
    """The checkpoints of this group that are in dispute, or were."""
    return [one.game.checkpoint_hash for one in disputes(stage.group)]


def test_of_invalid_checkpoints_it_challenges_what_has_no_loss(
    stage: Stage, said: dict[str, str]
) -> None:
    """Parameters that saturate have no loss to be claimed: that is arithmetic, and refuted. Those
    that are no numbers are for the keepers."""
    mallory, watcher = Mallory(stage), Watcher(stage.seat("watcher", "tom"))
    kernel = mallory.parameters["Dense_0/kernel"]
    saturating = mallory.checkpoint({"Dense_0/kernel": np.full_like(kernel, 2.0**15)})
    infinite = mallory.checkpoint({"Dense_0/kernel": np.full_like(kernel, np.inf)})
    junk = stage.store.put(b"no manifest")
    for rank, name in enumerate((saturating, infinite, junk), 1):
        mallory.commit(name, loss=mallory.truth.loss - rank)
    block = stage.block
    mallory.reveal()

    stage.step(watcher)
    assert said[saturating.hex()[:12]] == "is false: example 0 has no loss"
    for name, reason in ((infinite, Reason.NOT_FINITE), (junk, Reason.MANIFEST)):
        assert reason in said[name.hex()[:12]]
        assert said[name.hex()[:12]].endswith("not challenged: only losses can be refuted")
    assert challenged(stage) == [saturating]

    stage.net.warp(stage.chain.now() + THINKS + 1)
    stage.step(watcher)  # nobody defends it
    assert stage.group.voting.is_refuted(saturating)
    stage.net.warp(max(block.end, stage.chain.now() + 1))
    stage.net.sender("bob").settle(stage.group)
    assert stage.group.voting.outcome(block.index).status is not Status.ACCEPTED


def test_what_is_missing_is_waited_for(stage: Stage, said: dict[str, str]) -> None:
    mallory, watcher = Mallory(stage), Watcher(stage.seat("watcher", "tom"))
    name = mallory.checkpoint()
    mallory.commit(name)
    lost = remove(stage.store, name)
    mallory.reveal()

    wait = stage.step(watcher)
    assert said[name.hex()[:12]].startswith("cannot be looked at: Block ")
    assert wait.until <= stage.chain.now() + RETRY_SECONDS and wait.doing.startswith("waiting. ")
    stage.store.put(lost)
    stage.step(watcher)
    assert said[name.hex()[:12]] == "is true"
    assert challenged(stage) == []


def test_a_model_without_rows_is_said_not_to_be_refereed(
    stage: Stage, said: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mallory, watcher = Mallory(stage), Watcher(stage.seat("watcher", "tom"))
    name = mallory.checkpoint()
    mallory.commit(name, loss=mallory.truth.loss - 1)
    mallory.reveal()
    monkeypatch.setattr(ModelSpecification, "not_refereed", "its loops are too long")

    stage.step(watcher)
    assert said[name.hex()[:12]].startswith("is false: its loss is ")
    end = "not challenged: the model is not refereed: its loops are too long"
    assert said[name.hex()[:12]].endswith(end)
    assert challenged(stage) == []


def test_who_has_no_ether_to_post_says_so(stage: Stage, said: dict[str, str]) -> None:
    """A bond above what `--bonds` allows is waited for, and not posted."""
    mallory, watcher = Mallory(stage), Watcher(stage.seat("watcher", "tom"), Duties(most=1))
    name = mallory.checkpoint()
    mallory.commit(name, loss=mallory.truth.loss - 1)
    mallory.reveal()

    wait = stage.step(watcher)
    assert said[name.hex()[:12]].endswith(
        "not challenged: 0 ether lie in bonds already, see --bonds"
    )
    assert "see --bonds" in wait.doing
    assert challenged(stage) == []


def test_it_keeps_no_files_open_of_what_it_has_seen(stage: Stage) -> None:
    """A view of the data for each claim would hold three files, until memory happens to be
    swept."""
    watcher = Watcher(stage.seat("watcher", "tom"))
    state = str((stage.folder / "watcher-tom").resolve())

    def files() -> int:
        opened = [path for path in Path("/proc/self/fd").iterdir() if path.exists()]
        return sum(str(path.resolve()).startswith(state) for path in opened)

    gc.collect()
    gc.disable()
    try:
        counts = []
        for _ in range(3):
            play_block(stage)
            watcher.step(stage.chain.now())
            counts.append(files())
    finally:
        gc.enable()
    assert counts[0] == counts[-1] > 0
