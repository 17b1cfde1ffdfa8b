"""A keeper whose daemon hangs, by our own clock: real sockets, real timeouts, a chain that runs."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from compute.storage import StoreUnreachable, cid, copy
from compute.storage.kubo import KuboStore
from tests.integration.cable import Cable
from tests.integration.mallory import Mallory
from tests.integration.stage import Stage
from tests.support.kubo_daemon import Daemon, require_kubo

TIMEOUT = 1.5  # seconds, of the keeper's requests
LEFT = 3  # seconds until the deadline


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


@pytest.fixture
def running(stage: Stage, claims: list[bytes]) -> Iterator[int]:
    """The chain is LEFT seconds before the deadline, and runs as fast as our clock."""
    deadline = stage.block.end - 900
    stage.net.warp(deadline - LEFT)
    stage.net.rpc("evm_setIntervalMining", 1)
    try:
        yield deadline
    finally:
        stage.net.rpc("evm_setIntervalMining", 0)
        stage.net.rpc("evm_setAutomine", True)


def test_a_claim_that_the_daemon_hangs_on_is_not_approved_at_the_deadline(
    stage: Stage, daemon: Daemon, claims: list[bytes], running: int
) -> None:
    """seek, in vain, until the deadline | the other claim gets the vote"""
    host, port = daemon.api.split("/")[2:5:2]
    hangs_on, honest = claims
    with closing(Cable(f"http://{host}:{port}", swallowed=cid(hangs_on).encode())) as cable:
        stage.store = KuboStore(cable.url, timeout=TIMEOUT)
        alice, block = stage.keeper(), stage.block
        waits = []
        while not stage.happened("Voted"):
            waits.append(stage.step(alice))

    assert waits[0].recheck and cid(hangs_on) in waits[0].doing
    (vote,) = stage.happened("Voted")
    assert vote["checkpoint_hash"] == honest
    voted = stage.net.web3.eth.get_block(vote.block_number)["timestamp"]
    assert running <= voted < running + 60 < block.end


def test_no_claim_is_judged_by_a_daemon_that_answers_nothing(
    stage: Stage, daemon: Daemon, claims: list[bytes], running: int
) -> None:
    """the daemon is silent: no vote | it goes on before the deadline: the true claim gets it"""
    stage.store = KuboStore(daemon.api, timeout=TIMEOUT)
    alice = stage.keeper()
    os.kill(daemon.pid, signal.SIGSTOP)
    with pytest.raises(StoreUnreachable):
        stage.step(alice)
    assert stage.chain.now() < running
    assert stage.happened("Voted") == []
    os.kill(daemon.pid, signal.SIGCONT)
    while not stage.happened("Voted"):
        stage.step(alice)
    (vote,) = stage.happened("Voted")
    assert vote["checkpoint_hash"] == claims[1]
