"""What a reorganisation takes back is done again, and nothing is decided on one stale answer."""

from collections.abc import Iterator
from typing import Any

import pytest

from compute.chain import MalformedAnswer, shared, voting
from compute.chain.records import Head
from compute.chain.voting import CHALLENGE_SECONDS
from compute.node.role import Role
from compute.node.seat import Seat
from tests.integration.stage import Stage

CONFIRMATIONS = 3


@pytest.fixture
def slow(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A stage whose blocks are final under three others."""
    monkeypatch.setitem(shared.CONFIRMATIONS, stage.chain.chain_id, CONFIRMATIONS)
    yield stage


def bury(stage: Stage) -> None:
    """Make what is in a block final."""
    for _ in range(CONFIRMATIONS):
        stage.net.rpc("evm_mine")


def taken_back(stage: Stage, role: Role, waiting: str, doing: str) -> None:
    """Step, take back what it sent, step again: it waits the same way, then for what follows."""
    before = stage.net.rpc("evm_snapshot")
    assert stage.step(role).doing == waiting
    assert stage.net.rpc("evm_revert", before)
    assert stage.step(role).doing == waiting
    bury(stage)
    assert stage.step(role).doing == doing


def test_what_a_reorganisation_takes_back_is_sent_again(slow: Stage) -> None:
    """commit, reveal and ballot: once each in the end"""
    tara, alice, block = slow.trainer(), slow.keeper(), slow.block
    taken_back(slow, tara, "waiting for the commitment to be final", "waiting to reveal")
    slow.net.warp(block.reveal_at)
    taken_back(slow, tara, "waiting for the reveal to be final", "waiting for the next block")
    slow.net.warp(block.vote_at)
    bury(slow)
    taken_back(slow, alice, "waiting for the ballot to be final", "waiting for the next block")
    bury(slow)
    for event in ("Committed", "Revealed", "Voted"):
        assert len(slow.happened(event)) == 1, event


def to_the_vote(stage: Stage, seat: Role) -> None:
    stage.step(seat)
    for at in (stage.block.reveal_at, stage.block.vote_at):
        stage.net.warp(at)
        bury(stage)
        stage.step(seat)


def test_the_journal_forgets_what_is_final_alone(slow: Stage) -> None:
    """settled, not final | a node that knows no claim | final: forgotten"""
    tara, alice, block = slow.trainer(), slow.keeper(), slow.block
    to_the_vote(slow, tara)
    slow.step(alice)
    slow.net.warp(block.end)
    tara._claimant.collect(block.index + 1)
    alice._collect(block.index + 1)
    assert tara._claimant.has_claim(block.index) and alice._journal.get(block.index)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slow.group.voting, "candidate", lambda digest, at="latest": None)
        tara._claimant.collect(block.index + 1)
    assert tara._claimant.has_claim(block.index)
    slow.net.warp(block.end + CHALLENGE_SECONDS)
    tara._claimant.collect(block.index + 1)  # its bond returns now
    bury(slow)
    alice._collect(block.index + 1)
    tara._claimant.collect(block.index + 1)
    assert not tara._claimant.has_claim(block.index) and not alice._journal.get(block.index)


def test_logs_that_leave_out_claims_cost_no_vote(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    tara, alice = stage.trainer(), stage.keeper()
    to_the_vote(stage, tara)
    with monkeypatch.context() as patch:
        patch.setattr(voting, "read_events", lambda *_, **__: iter(()))
        with pytest.raises(MalformedAnswer, match="does not tell the same of block"):
            stage.step(alice)
    stage.step(alice)
    assert len(stage.happened("Voted")) == 1


def test_no_decision_rests_on_a_head_before_the_window(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that lags behind what the clock saw: no training for the block before, no vote."""
    tara, alice, block = stage.trainer(), stage.keeper(), stage.block
    now, behind = stage.chain.now(), Head(1, bytes(32), block.start - 24)
    with monkeypatch.context() as patch:
        patch.setattr(type(stage.group), "head", lambda self: behind)
        with pytest.raises(MalformedAnswer, match="The node lags"):
            tara._compete(block)
        with pytest.raises(MalformedAnswer, match="The node lags"):
            alice._vote(block)
    assert now == stage.chain.now() and stage.happened("Committed") == []


def test_votes_and_reveals_go_before_housekeeping(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    tara, alice = stage.trainer(), stage.keeper()
    to_the_vote(stage, tara)
    stage.step(alice)
    stage.net.warp(stage.block.end)
    sent: list[str] = []
    transact = type(alice._sender)._transact

    def note(self: Any, contract: Any, name: str, *arguments: Any, **more: Any) -> Any:
        sent.append(name)
        return transact(self, contract, name, *arguments, **more)

    monkeypatch.setattr(type(alice._sender), "_transact", note)
    monkeypatch.setattr(type(alice), "_act", lambda self, block, now: sent.append("act"))
    monkeypatch.setattr(Seat, "keeping", None)
    alice._keeping = type("Nothing", (), {"refresh": lambda *_: None})()  # type: ignore[assignment]
    stage.step(alice)
    assert sent[0] == "act" and "settle" in sent
