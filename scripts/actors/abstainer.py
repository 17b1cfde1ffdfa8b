"""A staker that does not vote: it claims a copy of what then found no quorum."""

from functools import partial

from compute.chain import Block, RevealedClaim, Status
from compute.chain.claims import Claim, commitment
from compute.chain.rewards import of_claim
from compute.checkpoint import load, publish
from compute.judging.retrieval import load_specification
from compute.node.clock import Wait
from compute.node.role import Role
from compute.node.seat import Seat
from scripts.actors.part import attempt, play

NONCE, SALT = 1 << 40, bytes(range(32))


class Abstainer(Role):
    """Watches claims; commits, first thing in the next block, to what nobody has judged."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._sender = seat.sender
        self._seen: list[RevealedClaim] = []
        self._copy: Claim | None = None
        self._revealed: list[bytes] = []  # whose bonds are to come back

    def step(self, now: int) -> Wait:
        """Do what this moment of this block asks for."""
        group = self._seat.group
        block = group.slot_at(now)
        self._release()
        if now < block.reveal_at:
            if self._copy is None and self._seen and self._is_open(self._seen[0]):
                self._steal(block, self._seen[0])
            self._seen = []
            return Wait(block.reveal_at, "waiting for others to reveal", recheck=bool(self._seen))
        if now < block.vote_at:
            if self._copy is not None:
                self._reveal(self._copy)
            self._copy = None
            return Wait(block.vote_at, "waiting for the votes")
        self._seen = group.voting.candidates(block.index)
        return Wait(block.end, "not voting")

    def _is_open(self, claim: RevealedClaim) -> bool:
        group = self._seat.group
        if group.voting.settleable() is not None:
            attempt(self._seat, "settle", lambda: self._sender.settle(group))
        return group.voting.outcome(claim.block_index).status is Status.NO_QUORUM

    def _steal(self, block: Block, claim: RevealedClaim) -> None:
        """Commit to the same parameters, repacked, in its own name."""
        group, blocks = self._seat.group, self._seat.blocks
        model = load_specification(blocks, group.model_hash)
        found = load(
            blocks,
            claim.checkpoint_hash,
            model_hash=model.hash,
            shapes=model.parameter_shapes(),
            magnitude_log2=model.magnitude_log2,
        )
        copy = publish(found.params, model_hash=model.hash, store=blocks, nonce=NONCE)
        self._copy = Claim(
            self._sender.address,
            block.index,
            group.model_hash,
            group.voting.current().tip,
            copy,
            claim.loss,
            claim.baseline_loss,
            claim.eval_root_hash,
        )
        value = commitment(self._copy.digest(group.domain), SALT)
        attempt(self._seat, "commit to a copy", lambda: self._sender.commit(group, value))

    def _reveal(self, claim: Claim) -> None:
        group = self._seat.group
        self._seat.blocks.serve_checkpoint(claim.checkpoint_hash)
        signature = claim.sign(group.domain, self._seat.account)
        if attempt(
            self._seat,
            "reveal a copy",
            lambda: self._sender.reveal(group, claim, SALT, signature),
        ):
            self._revealed.append(claim.checkpoint_hash)

    def _release(self) -> None:
        group = self._seat.group
        for claim in group.voting.revealed(self._revealed):
            if of_claim(group, claim):
                attempt(
                    self._seat,
                    "release a bond",
                    partial(self._sender.release_bond, group, claim.checkpoint_hash),
                )
                self._revealed.remove(claim.checkpoint_hash)


def main() -> None:
    """Abstain until SIGTERM."""
    play("abstainer", Abstainer)


if __name__ == "__main__":
    main()
