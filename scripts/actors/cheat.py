"""A trainer that trains nothing: it invents a low loss until its money for bonds is gone."""

import logging
import secrets

from compute.chain import Block
from compute.checkpoint import publish
from compute.roles.claimant import Claimant, ClaimEntry, checkpoint_nonce
from compute.roles.clock import Wait, follow
from compute.roles.journal import Journal
from compute.roles.retrieval import load_specification
from compute.roles.sending import OwnTransactions
from scripts.actors.seat import Seat

GUESS = 3 << 32  # Q32.32 nats: what it says the incumbent has where the chain does not know


class Cheat:
    """Commits, reveals and collects like a trainer; only the numbers are invented."""

    def __init__(self, seat: Seat, journal: Journal[ClaimEntry]) -> None:
        self._seat = seat
        delivery = OwnTransactions(seat.group, seat.chain.sender(seat.account))
        self._claimant = Claimant(seat.group, seat.account, journal, seat.blocks, delivery)

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
        logging.info("block %d: claiming %.4f nats", block.index, baseline / 20 / 2**32)


def main() -> None:
    """Cheat until SIGTERM."""
    seat = Seat.from_arguments()
    identity = {
        "role": "cheat",
        "voting": seat.group.voting.address,
        "account": seat.account.address,
    }
    journal = Journal(seat.state / "journal.json", ClaimEntry, identity)
    follow(Cheat(seat, journal).step, seat.clock)


if __name__ == "__main__":
    main()
