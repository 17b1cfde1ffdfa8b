"""The watcher: challenge false claims before the referee, whatever the majority said, and play on.

A claim is looked at from its vote window on until it cannot be challenged any more; of a block that
is settled, the accepted one alone. A claim of this account is defended. Nothing is journalled: the
chain has the games, the content the rest.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from compute.chain import Block, Outcome, Status
from compute.chain.voting import CHALLENGE_SECONDS
from compute.checkpoint import InvalidCheckpoint
from compute.dispute.belief import Belief
from compute.dispute.state import Game, NoMove
from compute.judging.evaluation import CannotEvaluate
from compute.models import ModelError
from compute.node.beliefs import Beliefs, Claim, Finding
from compute.node.clock import Overdue, Wait
from compute.node.disputing import Disputes, Duties
from compute.node.role import Role
from compute.node.seat import Seat
from compute.storage import BlockUnavailable
from compute.training_set import InvalidGenesis

logger = logging.getLogger(__name__)

LOOK_SECONDS = 6 * 3_600  # between looks for challenges: half of what a side may think
RETRY_SECONDS = 900  # for bytes, or a bond, that are missing


class Watcher(Role):
    """One account's watch over the claims of a group."""

    needs_exact_device = True

    def __init__(self, seat: Seat, duties: Duties | None = None) -> None:
        self._group, self._clock, self._address = seat.group, seat.clock, seat.address
        self._duties = duties or Duties()
        self._beliefs = Beliefs(seat)
        self._disputes = Disputes(seat.group, seat.sender, self._belief, self._duties)
        self._candidates: dict[int, list[tuple[Claim, bytes]]] = {}
        self._found: dict[bytes, Finding] = {}
        self._said: dict[bytes, str] = {}

    def step(self, now: int, until: int | None = None) -> Wait:
        """Make the moves that are due, then look at the claims that may be challenged."""
        waits = [self._disputes.play(now), Wait(self._next_look(now), "watching the claims")]
        if self._duties.challenge:
            waits.append(self._look_at_claims(now, until))
        return _all_of([wait for wait in waits if wait is not None])

    def _next_look(self, now: int) -> int:
        block = self._group.slot_at(now)
        look = (now // LOOK_SECONDS + 1) * LOOK_SECONDS
        return min(look, block.vote_at if now < block.vote_at else block.end)

    def _look_at_claims(self, now: int, until: int | None) -> Wait | None:
        """Challenge what is false; what is waited for, None if nothing is missing."""
        check = self._check if until is None else partial(self._check_until, until)
        claims = list(self._open(now))
        self._found = {c.checkpoint_hash: self._found[c.checkpoint_hash] for c, _ in claims
                       if c.checkpoint_hash in self._found}  # fmt: skip
        missing, challenged = None, False
        try:
            for claim, root_hash in claims:
                try:
                    challenged |= self._look(claim, root_hash, check)
                except _Missing as error:
                    missing = Wait(now + RETRY_SECONDS, f"waiting. {error}")
        except Overdue:
            return Wait(now, "evaluating claims")  # when there is time again
        return self._disputes.play(self._clock.now()) if challenged else missing

    def _open(self, now: int) -> Iterator[tuple[Claim, bytes]]:
        """Claims that may be challenged and could pay or have won, with their evaluation's hash."""
        blocks = list(self._blocks(now))
        indices = {block.index for block in blocks}
        self._candidates = {n: c for n, c in self._candidates.items() if n in indices}
        outcomes = self._group.voting.outcomes([block.index for block in blocks])
        for block, outcome in zip(blocks, outcomes, strict=True):
            if outcome.status is Status.UNSETTLED:
                yield from self._candidates_of(block)
            elif outcome.status is Status.ACCEPTED:
                yield from self._winner(outcome)

    def _blocks(self, now: int) -> Iterator[Block]:
        """Whose votes have begun, as long as their claims may be challenged; the newest first."""
        for index in range(self._group.slot_at(now).index, -1, -1):
            block = self._group.slot(index)
            if now >= block.end + CHALLENGE_SECONDS:
                return
            if now >= block.vote_at:
                yield block

    def _candidates_of(self, block: Block) -> list[tuple[Claim, bytes]]:
        if block.index in self._candidates:
            return self._candidates[block.index]
        claims = self._group.voting.candidates(block.index)
        found: list[tuple[Claim, bytes]] = [(c, c.eval_root_hash) for c in claims]
        chain = self._group.chain
        if chain.head(chain.final()).timestamp >= block.vote_at:  # no other can appear any more
            self._candidates[block.index] = found
        return found

    def _winner(self, outcome: Outcome) -> Iterator[tuple[Claim, bytes]]:
        voting = self._group.voting
        claim = voting.candidate(voting.accepted(outcome.height) or bytes(32))
        if claim is not None:
            yield claim, voting.contract.call("eval_root_hash", claim.checkpoint_hash)

    def _look(self, claim: Claim, root_hash: bytes, check: Callable[[int], None]) -> bool:
        """Evaluate a claim once, and challenge it if it is false; whether a game began. Raises
        _Missing, and Overdue."""
        name = claim.checkpoint_hash
        if claim.trainer == self._address:
            return False
        if name not in self._found:
            try:
                self._found[name] = self._beliefs.find(claim, root_hash, check)
            except BlockUnavailable as error:
                self._say(name, f"cannot be looked at: {error}")
                raise _Missing(str(error)) from None
        finding = self._found[name]
        if finding.fault is None:
            self._say(name, "is true")
        elif finding.hindrance:
            self._say(name, f"is false: {finding.fault}; not challenged: {finding.hindrance}")
        elif not self._group.voting.is_refuted(name) and self._disputes.may_challenge(name):
            return self._challenge(name, finding.fault)
        return False

    def _challenge(self, name: bytes, fault: str) -> bool:
        hindrance = self._disputes.hindrance()
        if hindrance is not None:
            self._say(name, f"is false: {fault}; not challenged: {hindrance}")
            raise _Missing(hindrance)
        self._say(name, f"is false: {fault}")
        return self._disputes.challenge(name)

    def _belief(self, game: Game) -> Belief:
        """What is so of a claim in dispute. Raises NoMove, BlockUnavailable."""
        voting = self._group.voting
        claim = voting.candidate(game.checkpoint_hash)
        if claim is None:
            raise NoMove("a reorganisation took its claim back")
        try:
            belief = self._beliefs.belief(claim, self._check, self._disputes.stated_data(game))
        except (InvalidCheckpoint, ModelError, InvalidGenesis, CannotEvaluate) as error:
            raise NoMove(str(error)) from None
        return belief

    def _say(self, name: bytes, sentence: str) -> None:
        if self._said.get(name) != sentence:
            self._said[name] = sentence
            logger.info("the claim %s %s", name.hex()[:12], sentence)

    def _check(self, examples: int) -> None:
        self._clock.check()

    def _check_until(self, end: int, examples: int) -> None:
        self._clock.check_until(end)


def _all_of(waits: Sequence[Wait]) -> Wait:
    """The soonest, looked at again like any of them: an opponent does not follow the clock."""
    soonest = min(waits, key=lambda wait: wait.until)
    watched = [wait for wait in waits if wait.recheck] or [soonest]
    return Wait(soonest.until, watched[-1].doing, any(wait.recheck for wait in waits))


class _Missing(Exception):
    """Something to judge or challenge a claim is not here; it may come."""
