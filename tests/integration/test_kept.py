"""What roles keep for others: pinned in real daemons, kept while it serves, private until then."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from compute import checkpoint
from compute.node.keeping import HEIGHTS_KEPT
from compute.storage import FolderStore, collect, copy, pinned, pins_of
from compute.storage.kubo import KuboStore
from tests.integration.stage import Stage
from tests.support.kubo_daemon import Daemon, require_kubo


@pytest.fixture
def daemons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Daemon]]:
    """Of tara, alice and bob: alice's knows the other two, which do not know each other."""
    require_kubo()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    found = {name: Daemon(tmp_path / "kubo" / name) for name in ("tara", "alice", "bob")}
    (tmp_path / "kubo").mkdir()
    try:
        for daemon in found.values():
            daemon.start()
        alice = KuboStore(found["alice"].api)
        for name in ("tara", "bob"):
            alice.connect(found[name].address())
        yield found
    finally:
        for daemon in found.values():
            daemon.kill()


def test_content_stays_when_daemons_collect_and_die(
    stage: Stage, daemons: dict[str, Daemon]
) -> None:
    """commit: nothing shows | reveal, judge | all collect, tara's dies | bob reads it from alice"""
    stores = {name: KuboStore(daemon.api, timeout=60) for name, daemon in daemons.items()}
    copy(stage.store.digests(), stage.store, stores["tara"])
    stage.store = stores["tara"]
    tara = stage.trainer()
    stage.store = stores["alice"]
    alice = stage.keeper("alice")
    stage.store = stores["bob"]
    bob = stage.keeper("bob")
    block = stage.block

    assert stage.step(tara).doing == "waiting to reveal"
    own = FolderStore(stage.folder / "trainer-tara" / "blocks")
    (claim,) = tara._claimant.checkpoints()
    blocks = checkpoint.blocks_of(own, claim)
    assert not any(stores["tara"].has(digest) for digest in blocks)
    assert not pinned(pins_of(stores["tara"])) & set(blocks)
    collect(own, pins_of(own), idle_seconds=-1)
    assert all(own.has(digest) for digest in blocks)
    stage.step(alice)  # has the data now

    stage.net.warp(block.reveal_at)
    stage.step(tara)
    stage.net.warp(block.vote_at)
    assert stage.step(alice).until == block.end
    for name in ("tara", "alice"):
        daemons[name].rpc("repo/gc")
        assert all(stores[name].has(digest) for digest in blocks)
        assert stores[name].has(stage.group.config.genesis_tip)

    daemons["tara"].kill()
    assert stage.step(bob).until == block.end
    voted = [event["checkpoint_hash"] for event in stage.happened("Voted")]
    assert voted == [claim, claim]


def test_checkpoints_are_let_go_two_heights_after_the_next_and_data_never(stage: Stage) -> None:
    tara, alice = stage.trainer(), stage.keeper()
    accepted = [stage.group.config.genesis_checkpoint]
    for height in range(1, HEIGHTS_KEPT + 2):
        block = stage.block
        stage.step(tara)
        for moment in (block.reveal_at, block.vote_at, block.end):
            stage.net.warp(moment)
            stage.step(tara)
            stage.step(alice)
        incumbent = stage.group.voting.incumbent()
        assert incumbent.height == height
        accepted.append(incumbent.checkpoint_hash)
        for name in ("trainer-tara", "wisdomkeeper-alice"):
            own = FolderStore(stage.folder / name / "blocks")
            spared = pinned(pins_of(own))
            held = [digest in spared for digest in accepted]
            assert held == [height - at <= HEIGHTS_KEPT for at in range(height + 1)]
            assert stage.group.config.genesis_tip in spared
        shared = pinned(pins_of(stage.store))
        assert [d in shared for d in accepted] == [True, *held[1:]]  # who founds pins for good


def test_what_is_not_on_chain_yet_is_pinned_again_after_a_restart(stage: Stage) -> None:
    """commit | restart | the candidate is still pinned and private"""
    stage.step(stage.trainer())
    stage.hush()
    tara = stage.trainer()
    (claim,) = tara._claimant.checkpoints()
    stage.step(tara)
    own = FolderStore(stage.folder / "trainer-tara" / "blocks")
    assert claim in pinned(pins_of(own))
    assert claim not in pinned(pins_of(stage.store))
    assert not stage.store.has(claim)
