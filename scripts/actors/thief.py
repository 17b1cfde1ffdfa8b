"""A trainer that copies: it claims what others have revealed, in every way that comes to mind."""

import secrets
from dataclasses import replace
from functools import partial

from compute.chain import Block, RevealedClaim
from compute.chain.claims import Claim, commitment
from compute.checkpoint import load, publish
from compute.judging.retrieval import load_specification
from compute.node.clock import Wait
from compute.node.role import Role
from compute.node.seat import Seat
from scripts.actors.part import attempt, play

SALT = secrets.token_bytes(32)


class Thief(Role):
    """Watches reveals; claims one at once, and the winner twice more in the next block."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._sender = seat.sender
        self._seen: list[RevealedClaim] = []
        self._prepared: list[tuple[str, Claim]] = []
        self._robbed = -1  # the last block in which it tried to reveal

    def step(self, now: int) -> Wait:
        """Do what this moment of this block asks for."""
        group = self._seat.group
        block = group.slot_at(now)
        if now < block.reveal_at:
            winner = group.voting.incumbent().checkpoint_hash
            for seen in self._seen:
                # Where the loss to beat is not on chain, it would have to evaluate.
                if seen.checkpoint_hash == winner and group.voting.current().baseline_known:
                    self._prepare(block, seen)
            self._seen = []
            return Wait(block.reveal_at, "waiting for others to reveal")
        if now < block.vote_at and self._robbed < block.index:
            for what, claim in self._prepared:
                self._reveal(what, claim)
            self._prepared = []
            revealed = group.voting.candidates(block.index)
            if not revealed:
                return Wait(block.vote_at, "watching for reveals", recheck=True)
            self._robbed = block.index
            claim = self._claim(block, revealed[0], revealed[0].checkpoint_hash)
            self._reveal("reveal another's checkpoint at once", claim)
        if now < block.vote_at:
            return Wait(block.vote_at, "waiting for the votes")
        self._seen = group.voting.candidates(block.index)
        return Wait(block.end, "waiting for the next block")

    def _prepare(self, block: Block, stolen: RevealedClaim) -> None:
        """Commit to the loot: once as it is, once repacked so that its hash is new."""
        specification = load_specification(self._seat.blocks, self._seat.group.model_hash)
        checkpoint = load(
            self._seat.blocks,
            stolen.checkpoint_hash,
            model_hash=specification.hash,
            shapes=specification.parameter_shapes(),
            magnitude_log2=specification.magnitude_log2,
        )
        repacked = publish(
            checkpoint.params,
            model_hash=specification.hash,
            store=self._seat.blocks,
            nonce=secrets.randbits(62),
        )
        self._prepared = [
            (
                "reveal the same hash again, with a lower loss",
                replace(self._claim(block, stolen, stolen.checkpoint_hash), loss=stolen.loss // 2),
            ),
            ("reveal a repacked copy", self._claim(block, stolen, repacked)),
        ]
        for what, claim in self._prepared:
            value = commitment(claim.digest(self._seat.group.domain), SALT)
            attempt(
                self._seat,
                what.replace("reveal", "commit to"),
                partial(self._sender.commit, self._seat.group, value),
            )

    def _claim(self, block: Block, stolen: RevealedClaim, checkpoint_hash: bytes) -> Claim:
        """The stolen numbers under the thief's own name, against the loss it has to beat."""
        current = self._seat.group.voting.current()
        return Claim(
            trainer=self._sender.address,
            block_index=block.index,
            model_hash=self._seat.group.model_hash,
            tip=current.tip,
            checkpoint_hash=checkpoint_hash,
            loss=stolen.loss,
            baseline_loss=(
                current.baseline_loss if current.baseline_known else stolen.baseline_loss
            ),
            eval_root_hash=stolen.eval_root_hash,
        )

    def _reveal(self, what: str, claim: Claim) -> None:
        group = self._seat.group
        signature = claim.sign(group.domain, self._seat.account)
        attempt(self._seat, what, lambda: self._sender.reveal(group, claim, SALT, signature))


def main() -> None:
    """Steal until SIGTERM."""
    play("thief", Thief)


if __name__ == "__main__":
    main()
