"""A wisdomkeeper that evaluates nothing: it votes for the best claim and asks for its share."""

import secrets

from compute.chain import Status
from compute.chain.claims import ballot
from compute.node.clock import Wait
from compute.node.role import Role
from compute.node.seat import Seat
from scripts.actors.part import attempt, play


class LazyKeeper(Role):
    """Votes with an invented attestation, then claims pay for it."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._sender = seat.sender
        self._unpaid: dict[int, bytes] = {}  # its ballots, by block

    def step(self, now: int) -> Wait:
        """Do what this moment of this block asks for."""
        group = self._seat.group
        block = group.slot_at(now)
        self._unpaid = {n: b for n, b in self._unpaid.items() if not self._asked_for_pay(n)}
        if now < block.vote_at:
            unpaid = bool(self._unpaid)
            return Wait(block.vote_at, "waiting to vote for whatever leads", recheck=unpaid)
        candidates = group.voting.candidates(block.index)
        if candidates and block.index not in self._unpaid:
            cast = ballot({candidates[0].checkpoint_hash: secrets.token_bytes(32)})
            attempt(
                self._seat,
                f"vote in block {block.index} without evaluating",
                lambda: self._sender.vote(group, cast),
            )
            self._unpaid[block.index] = cast
        return Wait(block.end, "waiting for the next block")

    def _asked_for_pay(self, index: int) -> bool:
        """Ask for the keeper's share once it can be had; whether there is nothing left to ask."""
        group, outcome = self._seat.group, self._seat.group.voting.outcome(index)
        if outcome.status == Status.UNSETTLED:
            return False
        if outcome.status != Status.ACCEPTED or group.config.keeper_bps == 0:
            return True
        if not outcome.redeemed or group.voting.eval_root(index) is None:
            return False
        attempt(
            self._seat,
            f"claim the keeper's share of block {index}",
            lambda: self._sender.claim_keeper(group, index, self._unpaid[index]),
        )
        return True


def main() -> None:
    """Vote until SIGTERM."""
    play("lazy_keeper", LazyKeeper)


if __name__ == "__main__":
    main()
