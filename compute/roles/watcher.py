"""The watcher: challenge false claims before the referee, whatever the majority said, and play on.

A claim is looked at from its vote window on until it cannot be challenged any more. What is false
is challenged once, if the account holds the referee's bond; a claim of this account is defended.
Nothing is journalled: the chain has the games, the content the rest.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from compute.chain import RevealedClaim
from compute.chain.claims import eval_root_hash
from compute.checkpoint import InvalidCheckpoint
from compute.exact.evaluation import Invalid
from compute.judging.belief import Published
from compute.judging.evaluation import complete
from compute.judging.retrieval import load_checkpoint, load_specification, load_training_sets
from compute.judging.transcripts import Transcripts, transcript_in
from compute.models import ModelSpecification
from compute.node.clock import Wait
from compute.node.disputing import Disputes
from compute.node.role import Role
from compute.node.seat import Seat
from compute.storage import BlockUnavailable
from compute.units import DAY

logger = logging.getLogger(__name__)

LOOK_SECONDS = 60
CHALLENGE_SECONDS = 3 * DAY


@dataclass(frozen=True)
class Finding:
    """`belief` is None where the example's losses are none, or the bytes are no checkpoint."""

    true: bool
    belief: Published | None


class Watcher(Role):
    """One account's watch over the claims of a group."""

    needs_exact_device = True

    def __init__(self, seat: Seat) -> None:
        self._seat, self._group = seat, seat.group
        self._blocks, self._clock = seat.blocks, seat.clock
        self._transcripts = Transcripts(seat.state / "evaluations")
        self._found: dict[bytes, Finding] = {}
        self._disputes = Disputes(seat.group, seat.sender, self._belief)
        self._said: set[bytes] = set()

    def step(self, now: int) -> Wait:
        """Look at the claims that may be challenged, and make the moves that are due."""
        for claim in self._open(now):
            self._look(claim)
        while self._disputes.play(self._clock.now()):
            pass
        return Wait(now + LOOK_SECONDS, "watching the claims", recheck=True)

    def _open(self, now: int) -> Iterator[RevealedClaim]:
        """Claims whose vote has begun and that may still be challenged."""
        newest = self._group.slot_at(now)
        for index in range(newest.index, -1, -1):
            slot = self._group.slot(index)
            if now >= slot.end + CHALLENGE_SECONDS:
                return
            if now >= slot.vote_at:
                yield from self._group.voting.candidates(index)

    def _look(self, claim: RevealedClaim) -> None:
        name = claim.checkpoint_hash
        if name in self._found or self._group.voting.is_refuted(name):
            return
        if claim.trainer == self._seat.address:
            return
        try:
            finding = self._found[name] = self._judge(claim)
        except BlockUnavailable as error:
            self._say(name, f"the claim {name.hex()[:12]} cannot be looked at: {error}")
            return
        if finding.true or self._disputes.challenged(name):
            return
        if finding.belief is None:
            self._say(name, f"the claim {name.hex()[:12]} is false, but not by its losses")
        elif not self._disputes.can_challenge():
            del self._found[name]
            self._say(name, f"the claim {name.hex()[:12]} is false; the bond to say so is missing")
        else:
            self._disputes.challenge(name)

    def _judge(self, claim: RevealedClaim) -> Finding:
        """Return whether a claim's evaluation is what it says."""
        try:
            belief = self._published(claim.checkpoint_hash, claim.block_index)
        except InvalidCheckpoint:
            return Finding(False, None)
        if belief is None:
            return Finding(False, None)
        same = belief.evaluation.loss == claim.loss
        return Finding(
            same and eval_root_hash(belief.evaluation.root) == claim.eval_root_hash, belief
        )

    def _belief(self, checkpoint_hash: bytes) -> Published | None:
        """What is believed of a challenged claim, computed again after a restart."""
        if checkpoint_hash not in self._found:
            claim = self._group.voting.candidate(checkpoint_hash)
            if claim is None:
                return None
            try:
                belief = self._published(checkpoint_hash, claim.block_index)
            except (BlockUnavailable, InvalidCheckpoint):
                return None
            self._found[checkpoint_hash] = Finding(True, belief)
        return self._found[checkpoint_hash].belief

    def _published(self, checkpoint_hash: bytes, block_index: int) -> Published | None:
        specification = self._specification()
        start = self._group.slot(block_index).start
        version, tip = self._group.deltas.tip_at(start)
        sets = load_training_sets(
            self._group, self._blocks, version, self._seat.training_sets, verify=False
        )
        training_set = sets.version(version)
        checkpoint = load_checkpoint(self._blocks, specification, checkpoint_hash)
        with transcript_in(
            self._transcripts, specification, checkpoint_hash, tip, training_set
        ) as transcript:
            try:
                for _ in complete(
                    range(transcript.shards),
                    specification,
                    checkpoint.params,
                    training_set,
                    transcript,
                    lambda examples: self._clock.check(),
                ):
                    pass
            except Invalid:
                return None
            losses = np.array(transcript.losses)
        return Published(
            self._group,
            self._blocks,
            checkpoint_hash,
            checkpoint,
            specification,
            training_set,
            version,
            losses,
        )

    def _specification(self) -> ModelSpecification:
        return load_specification(self._blocks, self._group.model_hash)

    def _say(self, name: bytes, sentence: str) -> None:
        if name not in self._said:
            self._said.add(name)
            logger.warning("%s", sentence)
