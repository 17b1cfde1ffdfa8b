"""A majority accepts a false loss; one watcher without stake refutes it, on a real chain."""

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import pytest

from compute.chain import Status, referee
from compute.chain.claims import attestation, ballot, eval_root_hash
from compute.chain.contract import Contract
from compute.chain.events import read_events
from compute.chain.rpc import Rpc
from compute.dispute.state import Evaluation, Game
from compute.exact import merkle_top
from compute.judging.belief import Published
from compute.judging.evaluation import losses_of
from compute.judging.retrieval import load_checkpoint, load_training_set
from compute.judging.transcripts import Transcript
from compute.node.disputing import Disputes, Duties
from compute.roles.watcher import Watcher
from tests.integration.mallory import Mallory
from tests.integration.stage import SPECIFICATION, Stage
from tests.support.disputes import Lie


class Lying:
    """Believes what is published, but for one example."""

    def __init__(self, truth: Published, example: int, row: int) -> None:
        self._truth, self._example = truth, example
        traced = truth.traced(example)
        word = int(traced.words(row)[0])
        loss = max(0, int(truth.losses[example]) - 10**9)
        self._lie = Lie(traced, row, 0, word ^ 8, loss)
        self.losses = np.array(truth.losses)
        self.losses[example] = loss

    def __getattr__(self, name: str) -> Any:
        return getattr(self._truth, name)

    @cached_property
    def evaluation(self) -> Evaluation:
        top = merkle_top(self.losses.tolist())
        loss = top.total // len(self.losses)
        return replace(self._truth.evaluation, loss=loss, total=top.total, top=top.hash)

    def traced(self, example: int) -> Any:
        return self._lie if example == self._example else self._truth.traced(example)


def published(stage: Stage, name: bytes) -> Published:
    """What is so of a checkpoint on the first data."""
    training_set = load_training_set(stage.group, stage.store, 0)
    checkpoint = load_checkpoint(stage.store, SPECIFICATION, name)
    subject = SPECIFICATION, checkpoint.params, training_set
    found = losses_of(*subject, Transcript(len(training_set)))
    subject = checkpoint, SPECIFICATION, training_set
    return Published(stage.group, stage.store, name, *subject, 0, *found)


def logs_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The first chain block of each look at the referee's logs from now on."""
    found: list[int] = []

    def reading(
        rpc: Rpc, contract: Contract, names: Any, first: int, *more: Any, **where: Any
    ) -> Any:
        found.append(first)
        return read_events(rpc, contract, names, first, *more, **where)

    monkeypatch.setattr(referee, "read_events", reading)
    return found


def test_one_watcher_refutes_what_a_majority_accepted(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both sides play to the end by themselves; the watcher forgets everything in the middle."""
    mallory = Mallory(stage)
    name = mallory.checkpoint()
    seat = stage.seat("watcher", "tom")
    watcher = Watcher(seat)
    truth = published(stage, name)
    dot = next(n for n, row in enumerate(truth.rows.rows) if row.leaf[3] == 0xC0)
    liar = Lying(truth, 37, dot)
    false = liar.evaluation
    mallory.commit(name, loss=false.loss, eval_root_hash=eval_root_hash(false.root))
    block = stage.block
    mallory.reveal()
    alice = stage.net.accounts["alice"].address
    stage.net.sender("alice").vote(stage.group, ballot({name: attestation(false.root, alice)}))
    stage.net.warp(block.end)
    stage.net.sender("bob").settle(stage.group)
    before = stage.group.voting.incumbent()
    assert before.checkpoint_hash == name
    defence = Disputes(
        stage.group, stage.net.sender("mallory"), lambda _: liar, Duties(challenge=False)
    )

    for turn in range(40):
        wait = stage.step(watcher)
        if stage.group.voting.is_refuted(name):
            break
        assert wait.recheck  # the other side's move does not follow the clock
        defence.play(stage.chain.now())
        if turn == 2:  # all it knew is gone
            watcher = Watcher(replace(stage.seat("watcher", "tom"), role="watcher"))
            logs = logs_read(monkeypatch)

    last = stage.chain.head().number
    revealed = stage.chain.heads.block_at(block.reveal_at, stage.chain.deployment.block, last)
    assert logs and min(logs) == revealed, "nothing is read again from the protocol's beginning"

    assert stage.group.voting.is_refuted(name)
    assert stage.group.voting.outcome(block.index).status is Status.REFUTED
    after = stage.group.voting.incumbent()
    assert after.checkpoint_hash == stage.group.config.genesis_checkpoint and not after.known
    assert stage.group.history.winners() == []
    refuted = stage.happened("Refuted")
    assert [event["challenger"] for event in refuted] == [stage.net.accounts["tom"].address]
    known = stage.chain.referee
    games = [Game.of(n, known.words(n)) for n in range(1, known.count() + 1)]
    assert not any(game.owes(stage.net.accounts["tom"].address) for game in games)
