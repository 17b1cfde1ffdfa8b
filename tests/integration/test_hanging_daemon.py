"""A keeper whose daemon hangs: real sockets, real timeouts."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from compute.storage import StoreUnreachable, cid, copy, kubo
from compute.storage.kubo import KuboStore
from tests.integration.cable import Cable
from tests.integration.mallory import Mallory
from tests.integration.stage import Stage
from tests.support.kubo_daemon import Daemon, require_kubo
from tests.support.patience import PATIENCE

TIMEOUT = 1.5  # seconds, of the keeper's requests to a daemon that hangs


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    require_kubo()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    daemon = Daemon(tmp_path / "kubo")
    daemon.start()
    try:
        yield daemon
    finally:
        daemon.kill()


@pytest.fixture
def claims(stage: Stage, daemon: Daemon) -> list[bytes]:
    """Revealed, and in the daemon: a claim that is the better one, and an honest one."""
    mallory = Mallory(stage)
    found = [mallory.checkpoint(nonce=nonce) for nonce in (1, 2)]
    for digest, loss in zip(found, (mallory.truth.loss - 1, mallory.truth.loss), strict=True):
        mallory.commit(digest, loss=loss)
    mallory.reveal()
    copy(stage.store.digests(), stage.store, KuboStore(daemon.api))
    return found


def test_a_claim_that_the_daemon_hangs_on_is_not_approved_at_the_deadline(
    stage: Stage, daemon: Daemon, claims: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """seek, in vain | the deadline: the other claim gets the vote"""
    monkeypatch.setattr(kubo, "_SIGN_OF_LIFE_SECONDS", PATIENCE)
    host, port = daemon.api.split("/")[2:5:2]
    hangs_on, honest = claims
    with closing(Cable(f"http://{host}:{port}", swallowed=cid(hangs_on).encode())) as cable:
        stage.store = KuboStore(cable.url)
        alice, block = stage.keeper(), stage.block
        stage.store.timeout = TIMEOUT
        wait = stage.step(alice)
        assert wait.recheck and wait.until == block.end - 900 and cid(hangs_on) in wait.doing
        assert stage.happened("Voted") == []
        stage.net.warp(wait.until)
        stage.step(alice)
    (vote,) = stage.happened("Voted")
    assert vote["checkpoint_hash"] == honest


def test_no_claim_is_judged_by_a_daemon_that_answers_nothing(
    stage: Stage, daemon: Daemon, claims: list[bytes]
) -> None:
    """the daemon is silent: no vote | it goes on before the deadline: the true claim gets it"""
    stage.store = KuboStore(daemon.api)
    alice = stage.keeper()
    stage.store.timeout = TIMEOUT
    os.kill(daemon.pid, signal.SIGSTOP)
    with pytest.raises(StoreUnreachable):
        stage.step(alice)
    assert stage.happened("Voted") == []
    os.kill(daemon.pid, signal.SIGCONT)
    stage.store.timeout = PATIENCE
    stage.step(alice)
    (vote,) = stage.happened("Voted")
    assert vote["checkpoint_hash"] == claims[1]
