"""Searches cost time, and the vote window is short: a keeper votes in it whatever is missing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from compute.storage import BlockUnavailable, FolderStore
from tests.integration.mallory import Mallory
from tests.integration.stage import Stage


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
    return [event["checkpoint_hash"] for event in stage.happened("Voted")]


def test_from_half_of_the_window_on_nothing_is_sought_twice(
    stage: Stage, claims: list[bytes]
) -> None:
    """judge: three searches | half: no search, a vote"""
    sought: list[bytes] = []
    stage.store = Searching(stage.store.path, sought.append)
    alice, block = stage.keeper(), stage.block

    wait = stage.step(alice)
    assert (sought, ballots(stage)) == (claims[:3], [])
    stage.net.warp(wait.until)
    assert stage.step(alice).until == block.end

    assert sought == claims[:3]
    assert ballots(stage) == [claims[3]]


def test_a_search_that_lasts_beyond_half_of_the_window_ends_in_a_vote(
    stage: Stage, claims: list[bytes]
) -> None:
    """judge: the first search takes until half of the window | the same step votes"""
    block = stage.block
    half = block.vote_at + (block.end - block.vote_at) // 2

    def slow(digest: bytes) -> None:
        if stage.chain.now() < half:
            stage.net.warp(half)

    stage.store = Searching(stage.store.path, slow)

    assert stage.step(stage.keeper()).until == block.end
    assert ballots(stage) == [claims[3]]
