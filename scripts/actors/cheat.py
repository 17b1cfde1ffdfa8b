"""A trainer that trains nothing: it invents a low loss until its money for bonds is gone."""

import logging
import secrets

from compute.chain import Block
from compute.checkpoint import publish
from compute.judging.retrieval import load_specification
from compute.node.claimant import Claimant, checkpoint_nonce
from compute.node.clock import Wait
from compute.node.role import Role
from compute.node.seat import Seat
from compute.node.sending import OwnTransactions
from compute.units import nats
from scripts.actors.part import play

GUESS = 3 << 32  # Q32.32 nats: what it says the incumbent has where the chain does not know


class Cheat(Role):
    """Commits, reveals and collects like a trainer; only the numbers are invented."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._claimant = Claimant(seat, OwnTransactions(seat.group, seat.sender))

    def step(self, now: int) -> Wait:
        """Do what this moment of this block asks for."""
        block = self._seat.group.slot_at(now)
        self._claimant.collect(block.index)
        if now < block.reveal_at:
            if not self._claimant.has_claim(block.index) and self._claimant.can_pay_bond():
                self._invent(block)
            if self._claimant.has_claim(block.index):
                self._claimant.ensure_committed(block.index)
                return Wait(block.reveal_at, "waiting to reveal a lie")
        elif now < block.vote_at and self._claimant.has_claim(block.index):
            self._claimant.ensure_revealed(block.index)
        return Wait(block.end, "waiting for the next block")

    def _invent(self, block: Block) -> None:
        """Claim an invented loss for the untrained network."""
        seat, current = self._seat, self._seat.group.voting.current()
        baseline = current.baseline_loss if current.baseline_known else GUESS
        specification = load_specification(seat.blocks, seat.group.model_hash)
        checkpoint = publish(
            specification.initial_parameters(),
            model_hash=specification.hash,
            store=seat.blocks,
            nonce=checkpoint_nonce(self._claimant.address, block.index),
        )
        self._claimant.prepare(
            block.index,
            tip=current.tip,
            checkpoint_hash=checkpoint,
            loss=baseline // 20,
            baseline_loss=baseline,
            eval_root=secrets.token_bytes(32),
        )
        logging.info("block %d: claiming %.4f nats", block.index, nats(baseline) / 20)


def main() -> None:
    """Cheat until SIGTERM."""
    play("cheat", Cheat)


if __name__ == "__main__":
    main()
