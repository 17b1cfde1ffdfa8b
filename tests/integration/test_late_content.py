"""Searches cost time, and the vote window is short: a keeper votes in it whatever is missing."""

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from compute.chain import RevealedClaim
from compute.chain.claims import NONE_APPROVED
from compute.judging import arrivals
from compute.judging.verdict import Verdict
from compute.storage import BlockUnavailable, FolderStore, StoreUnreachable
from tests.integration.mallory import Mallory
from tests.integration.stage import Stage
from tests.support.patience import PATIENCE


class Searching(FolderStore):
    """A store that tells when it is asked in vain."""

    def __init__(self, path: Path, in_vain: Callable[[bytes], None]) -> None:
        super().__init__(path)
        self._in_vain = in_vain

    def get(self, digest: bytes) -> bytes:
        try:
            return super().get(digest)
        except BlockUnavailable:
            self._in_vain(digest)
            raise


@pytest.fixture
def claims(stage: Stage) -> list[bytes]:
    """Checkpoint hashes: three that nobody has, which claim to be better, and an honest one."""
    mallory = Mallory(stage)
    found = []
    for rank in (3, 2, 1):
        found.append(mallory.checkpoint(nonce=rank))
        mallory.commit(found[-1], loss=mallory.truth.loss - rank)
    found.append(mallory.checkpoint())
    mallory.commit(found[-1])
    for digest in found[:3]:
        (stage.store.path / digest.hex()[:2] / digest.hex()).unlink()
    mallory.reveal()
    return found


def ballots(stage: Stage) -> list[bytes]:
    """The checkpoint hashes that ballots approve."""
    return [event["checkpoint_hash"] for event in stage.happened("Voted")]


def test_from_the_deadline_on_nothing_is_sought(stage: Stage, claims: list[bytes]) -> None:
    """judge: three searches | deadline: no search, a vote"""
    sought: list[bytes] = []
    stage.store = Searching(stage.store.path, sought.append)
    alice, block = stage.keeper(), stage.block

    wait = stage.step(alice)
    assert (set(sought), ballots(stage)) == (set(claims[:3]), [])
    assert wait.recheck and wait.until == block.end - 900
    stage.net.warp(wait.until)
    count = len(sought)
    assert stage.step(alice).until == block.end

    assert len(sought) == count
    assert ballots(stage) == [claims[3]]


def test_a_search_that_lasts_beyond_the_deadline_ends_in_a_vote(
    stage: Stage, claims: list[bytes]
) -> None:
    """judge: each search lasts until the true claim is judged, and beyond | the same step votes"""
    block, alice = stage.block, stage.keeper()
    deadline, judged = block.end - 900, threading.Event()
    say = alice._say

    def slow(digest: bytes) -> None:
        if judged.wait(PATIENCE) and stage.chain.now() < deadline:
            with contextlib.suppress(AssertionError):  # another search was first
                stage.net.warp(deadline)

    def said(claim: RevealedClaim, verdict: Verdict) -> None:
        say(claim, verdict)
        judged.set()

    alice._blocks.shared = Searching(stage.store.path, slow)
    alice._say = said  # type: ignore[method-assign]

    assert stage.step(alice).until == block.end
    assert judged.is_set()
    assert ballots(stage) == [claims[3]]


def test_who_could_not_look_votes_against_nobody(
    stage: Stage, claims: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """the store is silent until the deadline: no vote, which would count against the true claim"""

    class Silent(FolderStore):
        def get(self, digest: bytes) -> bytes:
            if digest in claims:
                raise StoreUnreachable("The daemon does not answer.")
            return super().get(digest)

    stage.store = Silent(stage.store.path)
    alice, block = stage.keeper(), stage.block
    for _ in range(2):
        with pytest.raises(StoreUnreachable):
            stage.step(alice)
    stage.net.warp(block.end - 900)
    stage.step(alice)
    assert ballots(stage) == []


def test_what_was_sought_long_ago_is_not_called_missing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """one search in vain | the chain is silent until the deadline: no vote"""
    mallory = Mallory(stage)
    name = mallory.checkpoint()
    mallory.commit(name)
    mallory.reveal()
    (stage.store.path / name.hex()[:2] / name.hex()).unlink()
    alice, block = stage.keeper(), stage.block
    stage.step(alice)
    stage.net.warp(block.end - 900)
    monkeypatch.setattr(arrivals, "LATELY_SECONDS", 0.0)
    stage.step(alice)
    assert ballots(stage) == []
    monkeypatch.undo()
    stage.step(alice)
    assert ballots(stage) == [NONE_APPROVED]
