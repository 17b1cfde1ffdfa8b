"""The model of the checkpoint voting: what K1 to K19 and R9 to R13 say, the simple way.

It decides a block when its vote window closes; the contract when somebody settles it. It looks at
every candidate and every ballot where the contract keeps sums, a shortlist and a level.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

from tests.stateful.claims import Claim, attestation
from tests.stateful.deltas import DeltaModel
from tests.stateful.vault import VaultModel
from tests.stateful.world import CHALLENGE, EPOCH, NOTHING, ZERO, Group

ACCEPTED, REJECTED, NO_QUORUM, REFUTED = 1, 2, 3, 4
WHOLE = 2**24
Approvals = tuple[tuple[bytes, bytes], ...]  # checkpoint hashes with words


@dataclass
class Candidate:
    """A revealed claim; of one that was entered again, the last time."""

    claim: Claim
    payer: str
    seq: int
    block_index: int
    bond: int  # still here
    again: bool = False  # a claim of an earlier block
    held: bool = False  # games of the referee run against it
    refuted: bool = False


@dataclass
class Round:
    """The ballots of a block and, once its vote window has closed, the outcome."""

    version: int
    improvement: int
    hashes: list[bytes] = field(default_factory=list)
    void: set[bytes] = field(default_factory=set)  # refuted
    ballots: dict[str, tuple[Approvals, int]] = field(default_factory=dict)
    status: int = 0
    winner: bytes = NOTHING
    votes: int = 0  # of the winner
    height: int = 0
    settled: bool = False  # written down by the contract
    redeemed: bool = False
    root: bytes = NOTHING
    pool: int = 0
    paid: int = 0

    @property
    def cast(self) -> int:
        return sum(power for _, power in self.ballots.values())

    def tally(self, checkpoint: bytes) -> int:
        """Votes of the ballots that approve a candidate."""
        if checkpoint in self.void:
            return 0
        return sum(
            power for approvals, power in self.ballots.values() if checkpoint in dict(approvals)
        )


class BlockModel:
    """One group's race."""

    def __init__(
        self,
        group: Group,
        stakes: VaultModel,
        data: DeltaModel,
        genesis: bytes,
        parent: "BlockModel | None" = None,
    ) -> None:
        self.group, self.stakes, self.data, self.parent = group, stakes, data, parent
        self.quorum = group.config["checkpoint_quorum_bps"]
        self.commitments: dict[bytes, tuple[int, int]] = {}
        self.candidates: dict[bytes, Candidate] = {}
        self.rounds: dict[int, Round] = {}
        self.accepted = {0: genesis}
        self.baseline: tuple[int, int] | None = None  # loss, version
        self.credit: dict[str, int] = defaultdict(int)
        self.losses: dict[int, list[int]] = defaultdict(list)  # version -> accepted losses
        self.donated = 0
        self._levels = [0]  # of the minimum improvement, by block
        self._before: tuple[int, int] | None = None  # the baseline before the last block

    def clock(self, now: int) -> tuple[int, int]:
        """Running block and its phase: 0 commit, 1 reveal, 2 vote."""
        block = self.group.block(now)
        return block, (now >= self.group.reveal_at(block)) + (now >= self.group.vote_at(block))

    def epoch(self, block_index: int) -> int:
        return self.group.start(block_index) // EPOCH

    def power(self, staker: str | None, block_index: int) -> int:
        return self.stakes.power(self.group.id, staker, self.epoch(block_index))

    def is_quorum(self, votes: int, block_index: int) -> bool:
        return votes * 10_000 >= self.power(None, block_index) * self.quorum

    def bond(self, block_index: int) -> int:
        """What a reveal of a block posts: the group's share of the full bond, 1 % at least."""
        mine = self.power(None, block_index)
        total = self.stakes.power(None, None, self.epoch(block_index))
        part = max(mine * WHOLE // total, WHOLE // 100) if mine else 0
        return int(self.group.config["bond"] * part // WHOLE)

    def improvement(self, block_index: int) -> int:
        """What a claim of a block must gain. Blocks before it are over."""
        least, most = (self.group.config[f"{bound}_improvement"] for bound in ("min", "max"))
        while len(self._levels) <= block_index:
            before = len(self._levels) - 1
            level = self._levels[before]
            round = self.rounds.get(before)
            if not round or round.status not in (ACCEPTED, REFUTED):
                level = max(0, level - 4)
            elif self._steps(least, level) < most:
                level += 1
            self._levels.append(level)
        return min(self._steps(least, self._levels[block_index]), most)

    @staticmethod
    def _steps(least: int, level: int) -> int:
        octave, quarter = divmod(level, 4)
        return int(least * 2**octave * (1 + Fraction(quarter, 4)))

    def leader(self, block_index: int) -> bytes:
        """Who wins with the ballots so far: the best, if its votes are a quorum."""
        best = self.best(block_index)
        votes = self.rounds[block_index].tally(best)
        return best if best != NOTHING and self.is_quorum(votes, block_index) else NOTHING

    def best(self, block_index: int) -> bytes:
        """Of the approved the first entered again that is nearly as good as any; or the best."""
        round = self.rounds[block_index]
        approved = [c for c in round.hashes if 2 * round.tally(c) > round.cast]
        losses = {c: self.candidates[c].claim.loss for c in approved}
        held = [
            c
            for c in approved
            if self.candidates[c].again and losses[c] < min(losses.values()) + round.improvement
        ]
        if held:
            return min(held, key=lambda c: self.candidates[c].seq)
        return min(approved, key=lambda c: (losses[c], self.candidates[c].seq), default=NOTHING)

    def advance(self, now: int) -> None:
        """Decide every block whose vote window has closed."""
        self.data.advance(now)
        for block_index, round in self.rounds.items():
            if not round.status and self.group.block(now) > block_index:
                self._decide(block_index, round)

    def _decide(self, block_index: int, round: Round) -> None:
        self._before = self.baseline
        round.winner = self.leader(block_index)
        if round.winner == NOTHING:
            leads = self.best(block_index) != NOTHING
            quorum = self.is_quorum(round.cast, block_index)
            round.status = REJECTED if quorum and not leads else NO_QUORUM
            return
        round.status, round.votes = ACCEPTED, round.tally(round.winner)
        round.height = max(self.accepted) + 1
        loss = self.candidates[round.winner].claim.loss
        self.accepted[round.height] = round.winner
        self.baseline = (loss, round.version)
        self.losses[round.version].append(loss)

    def _undecide(self, block_index: int, round: Round) -> None:
        """Take back what the contract has not written down."""
        if round.height:
            del self.accepted[round.height]
            self.losses[round.version].pop()
        self.baseline = self._before
        self._levels = self._levels[: block_index + 1]
        round.status, round.winner, round.votes, round.height = 0, NOTHING, 0, 0

    @property
    def height(self) -> int:
        """Of the incumbent that is written down."""
        return max(self.accepted) - bool(self._pending and self._pending[1].height)

    @property
    def known(self) -> bool:
        """Whether the contract has the incumbent's loss on some version."""
        return (self._before if self._pending else self.baseline) is not None

    @property
    def _pending(self) -> tuple[int, Round] | None:
        """The round that is decided but not written down."""
        last = self.last
        return last if last and last[1].status and not last[1].settled else None

    def refuse_hold(self, checkpoint: bytes, now: int) -> str | None:
        """Why games cannot begin: R9, R11."""
        candidate = self.candidates.get(checkpoint)
        if not candidate:
            return "cv: no claim"
        if candidate.refuted:
            return "cv: refuted"
        if now < self.group.vote_at(candidate.block_index):
            return "cv: before the vote"
        ends = self.group.start(candidate.block_index + 1) + CHALLENGE
        return None if now < ends else "cv: challenge ended"

    def refute(self, checkpoint: bytes, now: int) -> None:
        """R11 to R13. A block that is not written down yet is decided anew."""
        if self._pending:
            self._undecide(*self._pending)
        candidate = self.candidates[checkpoint]
        candidate.refuted, candidate.held, candidate.bond = True, False, 0
        round = self.rounds[candidate.block_index]
        round.void.add(checkpoint)
        if round.winner == checkpoint:
            round.status, round.height = REFUTED, 0
            if self.accepted[max(self.accepted)] == checkpoint:
                self._fall_back()
        self.advance(now)

    def _fall_back(self) -> None:
        """The last incumbent that is not refuted stands again, its loss unknown."""
        true = [
            c
            for c in self.accepted.values()
            if c == self.accepted[0] or not self.candidates[c].refuted
        ]
        self.accepted[max(self.accepted) + 1] = true[-1]
        self.baseline = None
        self.losses.clear()

    @property
    def last(self) -> tuple[int, Round] | None:
        return max(self.rounds.items(), default=None)

    def to_beat(self, block_index: int) -> int | None:
        """The loss a claim of this block must name, if it is known."""
        version = self.data.in_force(self.group.start(block_index))
        return self.baseline[0] if self.baseline and self.baseline[1] == version else None

    def tip(self, block_index: int) -> bytes:
        return self.data.versions[self.data.in_force(self.group.start(block_index))].tip

    def is_refuted(self, candidate: Candidate) -> bool:
        """Whether its bond burns: K15."""
        round = self.rounds[candidate.block_index]
        against = round.cast - round.tally(candidate.claim.checkpoint_hash)
        if not (2 * against > round.cast and self.is_quorum(against, candidate.block_index)):
            return False
        if round.status in (NO_QUORUM, REFUTED):
            return False
        if round.status != ACCEPTED:
            return True
        winner = self.candidates[round.winner]
        gap = winner.claim.loss - candidate.claim.loss
        if not (winner.again or candidate.again):
            return gap > 0 or (gap == 0 and candidate.seq < winner.seq)
        return gap >= round.improvement or (gap > -round.improvement and candidate.seq < winner.seq)

    def is_open(self, candidate: Candidate) -> bool:
        """Whether nobody has judged it: K16."""
        status = self.rounds[candidate.block_index].status
        return bool(candidate.bond) and status > ACCEPTED and not self.is_refuted(candidate)

    def has_won(self, checkpoint: bytes) -> bool:
        """Whether it is written down as a winner, here or in an ancestor: K19."""
        here = any(r.winner == checkpoint for r in self.rounds.values() if r.settled and r.height)
        return here or bool(self.parent and self.parent.has_won(checkpoint))

    def holdings(self) -> int:
        bonds = sum(c.bond for c in self.candidates.values())
        pools = sum(r.pool - r.paid for r in self.rounds.values())
        return bonds + sum(self.credit.values()) + pools + self.donated

    def refuse_commit(self, commitment: bytes, now: int) -> str | None:
        block_index, phase = self.clock(now)
        if phase != 0:
            return "cv: not the window"
        if commitment in self.commitments:
            return "cv: commitment exists"
        return None if self.power(None, block_index) else "cv: no power"

    def refuse_reveal(self, claim: Claim, shown: Claim, now: int, balance: int) -> str | None:
        """`claim` is what was signed and committed, `shown` what is sent."""
        block_index, phase = self.clock(now)
        if phase != 1:
            return "cv: not the window"
        if shown.trainer == ZERO or shown.checkpoint_hash == NOTHING:
            return "cv: zero"
        if self.to_beat(block_index) not in (None, shown.baseline_loss):
            return "cv: wrong baseline"
        if shown.loss + self.improvement(block_index) > shown.baseline_loss:
            return "cv: no improvement"
        seen = Claim(
            self.group.voting.address, claim.signer, shown.trainer, block_index,
            self.group.config["model_hash"], self.tip(block_index), shown.checkpoint_hash,
            shown.loss, shown.baseline_loss, shown.root, shown.salt,
        )  # fmt: skip
        seq, block = self.commitments.get(seen.commitment, (0, -1))
        if block != block_index:
            return "cv: no commitment"
        if shown.trainer != claim.signer.address:
            return "cv: bad signature"
        return self._refuse_hash(shown, seq, block_index, balance)

    def _refuse_hash(self, shown: Claim, seq: int, block_index: int, balance: int) -> str | None:
        known = self.candidates.get(shown.checkpoint_hash)
        genesis = shown.checkpoint_hash == self.accepted[0]
        if genesis or (not known and self.has_won(shown.checkpoint_hash)):
            return "cv: hash already used"
        if known and known.block_index != block_index:
            mine = known.claim.trainer == shown.trainer
            return None if mine and self.is_open(known) else "cv: hash already used"
        if known and seq >= known.seq:
            return "cv: hash already used"
        short = balance < self.bond(block_index)
        return "erc20: transfer amount exceeds balance" if short else None

    def reveal(self, claim: Claim, payer: str, now: int) -> None:
        block_index, _ = self.clock(now)
        if self.last and self.last[0] < block_index:
            self.last[1].settled = True
        if block_index not in self.rounds:
            version = self.data.in_force(self.group.start(block_index))
            self.rounds[block_index] = Round(version, self.improvement(block_index))
        known = self.candidates.get(claim.checkpoint_hash)
        seq, _ = self.commitments[claim.commitment]
        bond = self.bond(block_index)
        if known and known.block_index == block_index:
            self.credit[known.payer] += known.bond
        else:
            self.rounds[block_index].hashes.append(claim.checkpoint_hash)
            if known:  # again: rank, payer and bond stay
                seq, payer, bond = known.seq, known.payer, known.bond
        again = known is not None and known.block_index != block_index
        held = again and known is not None and known.held
        self.candidates[claim.checkpoint_hash] = Candidate(
            claim, payer, seq, block_index, bond, again, held
        )

    def refuse_vote(self, approvals: Approvals, staker: str, caller: str, now: int) -> str | None:
        block_index, phase = self.clock(now)
        if phase != 2:
            return "cv: not the window"
        if block_index not in self.rounds:
            return "cv: nothing revealed"
        if staker in self.rounds[block_index].ballots:
            return "cv: already voted"
        if refused := self.stakes.refuse_ballot(staker, caller):
            return refused
        if not self.power(staker, block_index):
            return "cv: no power"
        last = NOTHING
        for checkpoint, _ in approvals:
            if checkpoint <= last:
                return "cv: order"
            round = self.rounds[block_index]
            if checkpoint not in round.hashes or checkpoint in round.void:
                return "cv: not a candidate"
            last = checkpoint
        return None

    def refuse_settle(self, now: int) -> str | None:
        if not self.last or self.last[1].settled:
            return "cv: nothing to settle"
        return None if self.group.block(now) > self.last[0] else "cv: block running"

    def refuse_redeem(self, block_index: int) -> str | None:
        round = self.rounds.get(block_index)
        if not round or not round.settled or round.status != ACCEPTED:
            return "cv: not accepted"
        if round.redeemed:
            return "cv: redeemed"
        return "cv: challenged" if self.candidates[round.winner].held else None

    def refuse_release(self, checkpoint: bytes, now: int) -> str | None:
        candidate = self.candidates.get(checkpoint)
        if not candidate or not candidate.bond:
            return "cv: no bond"
        if candidate.held:
            return "cv: challenged"
        round = self.rounds[candidate.block_index]
        if now < self.group.start(candidate.block_index + 1) + CHALLENGE:
            return "cv: may be challenged"
        if not round.settled:
            return "cv: not settled"
        judged = round.status == ACCEPTED or self.is_refuted(candidate)
        lapsed = now // EPOCH >= self.epoch(candidate.block_index) + 4
        return None if judged or lapsed else "cv: not judged"

    def refuse_open(self, block_index: int, root: bytes) -> str | None:
        round = self.rounds.get(block_index)
        if not round or not round.settled or round.status != ACCEPTED:
            return "cv: not accepted"
        right = self.candidates[round.winner].claim.root
        return None if root == right else "cv: wrong root"

    def refuse_keeper(
        self, block_index: int, approvals: Approvals, staker: str, drawn: set[tuple[int, str]]
    ) -> str | None:
        """`approvals` is what is shown as the staker's ballot."""
        round = self.rounds.get(block_index)
        if not round or round.root == NOTHING:
            return "cv: root closed"
        won = round.status == ACCEPTED
        if not won or (round.winner, attestation(round.root, staker)) not in approvals:
            return "cv: attestation"
        cast = round.ballots.get(staker)
        if not cast or cast[0] != approvals or (block_index, staker) in drawn:
            return "cv: ballot"
        return None if round.redeemed else "cv: not redeemed"
