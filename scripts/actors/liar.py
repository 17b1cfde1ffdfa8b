"""A trainer that owns the evaluator of a pool: it claims half of a loss, which the pool attests.

It defends that before the referee, as slowly as it may.
"""

import argparse
import json
import logging
import secrets
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from compute.chain.claims import Claim, commitment, eval_root_hash
from compute.checkpoint import publish
from compute.judging.belief import Published
from compute.judging.evaluation import losses_of
from compute.judging.goal import Goals
from compute.judging.retrieval import load_checkpoint
from compute.judging.transcripts import Transcript
from compute.node.clock import Wait
from compute.node.disputing import Disputes, Duties
from compute.node.role import Role
from compute.node.seat import Seat
from compute.units import nats
from scripts.actors.lying import Lying
from scripts.actors.part import attempt, play

SALT = secrets.token_bytes(32)


class Liar(Role):
    """Makes one false claim, in the block in which it begins."""

    def __init__(self, seat: Seat, evaluator: Path) -> None:
        self._seat, self._evaluator = seat, evaluator
        self._group, self._sender = seat.group, seat.sender
        self._goal = Goals(seat.group, seat.blocks).now()
        self._block = seat.group.slot_at(seat.clock.now())
        defence = Duties(challenge=False)
        self._disputes = Disputes(seat.group, seat.sender, lambda game: self._belief, defence)
        self._done: set[str] = set()

    def step(self, now: int) -> Wait:
        """Do what this moment of its block asks for."""
        block = self._block
        if now < block.reveal_at:
            self._once("commit to a lie", self._commit)
            return Wait(block.reveal_at, "waiting to reveal a lie")
        if now < block.vote_at:
            self._once("reveal a lie", self._reveal)
        if now < block.end:
            return Wait(block.end, "thinking about the challenge, as long as it may")
        return self._defend(now)

    def _defend(self, now: int) -> Wait:
        """Take the reward, if that can be; play on."""
        if self._group.voting.settleable() is not None:
            attempt(self._seat, "settle", lambda: self._sender.settle(self._group))
        self._once("redeem the lie", self._redeem)
        wait = self._disputes.play(now)
        if wait is None and self._group.voting.is_refuted(self._name):
            self._once("redeem the refuted lie", self._redeem)
        return wait or Wait(self._group.slot_at(now).end, "waiting for nothing")

    def _once(self, what: str, deed: Callable[[], object]) -> None:
        if what not in self._done:
            self._done.add(what)
            attempt(self._seat, what, deed)

    @cached_property
    def _name(self) -> bytes:
        """The incumbent's parameters again, under another name."""
        return publish(
            self._goal.parameters,
            model_hash=self._goal.specification.hash,
            store=self._seat.blocks,
            nonce=secrets.randbits(62),
        )

    @cached_property
    def _belief(self) -> Lying:
        goal, blocks = self._goal, self._seat.blocks
        checkpoint = load_checkpoint(blocks, goal.specification, self._name)
        data = goal.training_set
        subject = goal.specification, checkpoint.params, data
        found = losses_of(*subject, Transcript(len(data)))
        published = checkpoint, goal.specification, data, goal.version
        return Lying(Published(self._group, blocks, self._name, *published, *found))

    @cached_property
    def _claim(self) -> Claim:
        false = self._belief.evaluation
        logging.info("claiming %.4f nats", nats(false.loss))
        return Claim(
            self._seat.address,
            self._block.index,
            self._group.model_hash,
            self._goal.tip,
            self._name,
            false.loss,
            self._goal.baseline_loss,
            eval_root_hash(false.root),
        )

    def _commit(self) -> None:
        value = commitment(self._claim.digest(self._group.domain), SALT)
        self._sender.commit(self._group, value)

    def _reveal(self) -> None:
        """Show the claim, and have the pool's evaluator call it true."""
        self._seat.blocks.serve_checkpoint(self._name)
        signature = self._claim.sign(self._group.domain, self._seat.account)
        self._sender.reveal(self._group, self._claim, SALT, signature)
        roots = {self._name.hex(): self._belief.evaluation.root.hex()}
        self._evaluator.write_text(json.dumps(roots))

    def _redeem(self) -> None:
        self._sender.redeem(self._group, self._block.index)


def main() -> None:
    """Lie until SIGTERM."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--evaluator", type=Path, required=True)
    evaluator = parser.parse_known_args()[0].evaluator
    play("liar", lambda seat: Liar(seat, evaluator), parser)


if __name__ == "__main__":
    main()
