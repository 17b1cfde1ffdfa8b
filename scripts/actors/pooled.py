"""A wisdomkeeper that evaluates nothing itself: it attests what the evaluator of its pool says."""

import argparse
import json
from pathlib import Path

from compute.chain.claims import attestation, ballot
from compute.node.clock import Wait
from compute.node.role import Role
from compute.node.seat import Seat
from scripts.actors.part import attempt, play


class Pooled(Role):
    """Approves every claim of a block that the evaluator knows, and no other."""

    def __init__(self, seat: Seat, evaluator: Path) -> None:
        self._seat, self._evaluator = seat, evaluator
        self._voted = -1

    def step(self, now: int) -> Wait:
        """Do what this moment of this block asks for."""
        block = self._seat.group.slot_at(now)
        if now < block.vote_at:
            return Wait(block.vote_at, "waiting for what its pool says")
        if self._voted < block.index:
            self._vote(block.index)
        return Wait(block.end, "waiting for the next block")

    def _vote(self, index: int) -> None:
        group, sender = self._seat.group, self._seat.sender
        told = json.loads(self._evaluator.read_text()) if self._evaluator.exists() else {}
        roots = {bytes.fromhex(name): bytes.fromhex(root) for name, root in told.items()}
        claims = [claim.checkpoint_hash for claim in group.voting.candidates(index)]
        known = {name: attestation(roots[name], sender.address) for name in claims if name in roots}
        if known:
            what = f"vote in block {index} as the pool says"
            attempt(self._seat, what, lambda: sender.vote(group, ballot(known)))
        self._voted = index


def main() -> None:
    """Vote until SIGTERM."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--evaluator", type=Path, required=True)
    evaluator = parser.parse_known_args()[0].evaluator
    play("pooled", lambda seat: Pooled(seat, evaluator), parser)


if __name__ == "__main__":
    main()
