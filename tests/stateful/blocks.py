"""The checkpoint voting: model, rules and the invariants K1 to K12.

The model decides a block when its vote window closes; the contract when somebody settles it. What
is written down is compared whenever it is written (K7).
"""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

import hypothesis.strategies as st
from eth_utils.crypto import keccak
from hypothesis.stateful import invariant, rule

from tests.stateful.claims import Claim, attestation, ballot
from tests.stateful.deltas import DeltaModel, DeltaRules
from tests.stateful.machine import FLAW, PEOPLE, check, hold
from tests.stateful.vault import VaultModel
from tests.stateful.world import EPOCH, NOTHING, ZERO, Group

ACCEPTED, REJECTED, NO_QUORUM = 1, 2, 3
UNKNOWN_BASELINE = 10**12


@dataclass
class Candidate:
    """A revealed claim."""

    claim: Claim
    payer: str
    seq: int
    block_index: int
    bonded: bool = True


@dataclass
class Round:
    """The ballots of a block and, once its vote window has closed, the outcome."""

    version: int
    hashes: list[bytes] = field(default_factory=list)
    ballots: dict[str, tuple[bytes, bytes, int]] = field(default_factory=dict)
    status: int = 0
    winner: bytes = NOTHING
    votes: int = 0
    height: int = 0
    settled: bool = False  # written down by the contract
    redeemed: bool = False
    root: bytes = NOTHING
    pool: int = 0
    paid: int = 0

    def tally(self, checkpoint: bytes) -> int:
        return sum(power for chosen, _, power in self.ballots.values() if chosen == checkpoint)


class BlockModel:
    """One group's race."""

    def __init__(self, group: Group, stakes: VaultModel, data: DeltaModel, genesis: bytes) -> None:
        self.group, self.stakes, self.data = group, stakes, data
        self.bond = group.config["bond"]
        self.quorum = group.config["checkpoint_quorum_bps"]
        self.commitments: dict[bytes, tuple[int, int]] = {}
        self.candidates: dict[bytes, Candidate] = {}
        self.rounds: dict[int, Round] = {}
        self.accepted = {0: genesis}
        self.baseline: tuple[int, int] | None = None  # loss, version
        self.credit: dict[str, int] = defaultdict(int)
        self.losses: dict[int, list[int]] = defaultdict(list)  # version -> accepted losses
        self.donated = 0

    def clock(self, now: int) -> tuple[int, int]:
        """Running block and its phase: 0 commit, 1 reveal, 2 vote."""
        block = self.group.block(now)
        return block, (now >= self.group.reveal_at(block)) + (now >= self.group.vote_at(block))

    def power(self, staker: str | None, block_index: int) -> int:
        return self.stakes.power(self.group.id, staker, self.group.start(block_index) // EPOCH)

    def seq(self, checkpoint: bytes) -> int:
        """Order of commitment; "none valid" comes before all."""
        return self.candidates[checkpoint].seq if checkpoint != NOTHING else 0

    def leader(self, round: Round) -> tuple[bytes, int]:
        choices = [NOTHING, *round.hashes]
        best = min(choices, key=lambda c: (-round.tally(c), self.seq(c)))
        return best, round.tally(best)

    def advance(self, now: int) -> None:
        """Decide every block whose vote window has closed."""
        self.data.advance(now)
        for block_index, round in self.rounds.items():
            if not round.status and self.group.block(now) > block_index:
                self._decide(block_index, round)

    def _decide(self, block_index: int, round: Round) -> None:
        round.winner, round.votes = self.leader(round)
        power = self.power(None, block_index)
        if not round.votes or round.votes * 10_000 < power * self.quorum:
            round.status = NO_QUORUM
        elif round.winner == NOTHING:
            round.status = REJECTED
        else:
            round.status = ACCEPTED
            round.height = max(self.accepted) + 1
            loss = self.candidates[round.winner].claim.loss
            self.accepted[round.height] = round.winner
            self.baseline = (loss, round.version)
            self.losses[round.version].append(loss)

    @property
    def last(self) -> tuple[int, Round] | None:
        return max(self.rounds.items(), default=None)

    def to_beat(self, block_index: int) -> int | None:
        """The loss a claim of this block must name, if it is known."""
        version = self.data.in_force(self.group.start(block_index))
        return self.baseline[0] if self.baseline and self.baseline[1] == version else None

    def tip(self, block_index: int) -> bytes:
        return self.data.versions[self.data.in_force(self.group.start(block_index))].tip

    def burns(self, candidate: Candidate) -> bool:
        round = self.rounds[candidate.block_index]
        if round.status != ACCEPTED:
            return round.status == REJECTED
        winner = self.candidates[round.winner]
        return (candidate.claim.loss, candidate.seq) < (winner.claim.loss, winner.seq)

    def holdings(self) -> int:
        bonds = sum(self.bond for c in self.candidates.values() if c.bonded)
        pools = sum(r.pool - r.paid for r in self.rounds.values())
        return bonds + sum(self.credit.values()) + pools + self.donated

    def refuse_commit(self, commitment: bytes, now: int) -> str | None:
        if self.clock(now)[1] != 0:
            return "cv: not commit window"
        return "cv: commitment exists" if commitment in self.commitments else None

    def refuse_reveal(self, claim: Claim, shown: Claim, now: int, balance: int) -> str | None:
        """`claim` is what was signed and committed, `shown` what is sent."""
        block_index, phase = self.clock(now)
        if phase != 1:
            return "cv: not reveal window"
        if shown.trainer == ZERO:
            return "cv: zero trainer"
        if shown.checkpoint_hash == NOTHING:
            return "cv: zero checkpoint"
        if self.to_beat(block_index) not in (None, shown.baseline_loss):
            return "cv: wrong baseline"
        if shown.loss + self.group.config["min_improvement"] > shown.baseline_loss:
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
        known = self.candidates.get(shown.checkpoint_hash)
        if shown.checkpoint_hash == self.accepted[0] or (
            known and not (known.block_index == block_index and seq < known.seq)
        ):
            return "cv: hash already used"
        return None if balance >= self.bond else "erc20: transfer amount exceeds balance"

    def reveal(self, claim: Claim, payer: str, now: int) -> None:
        block_index, _ = self.clock(now)
        if self.last and self.last[0] < block_index:
            self.last[1].settled = True
        version = self.data.in_force(self.group.start(block_index))
        round = self.rounds.setdefault(block_index, Round(version))
        displaced = self.candidates.get(claim.checkpoint_hash)
        if displaced:
            self.credit[displaced.payer] += self.bond
        else:
            round.hashes.append(claim.checkpoint_hash)
        seq, _ = self.commitments[claim.commitment]
        self.candidates[claim.checkpoint_hash] = Candidate(claim, payer, seq, block_index)

    def refuse_vote(
        self, checkpoint: bytes, word: bytes, staker: str, caller: str, now: int
    ) -> str | None:
        block_index, phase = self.clock(now)
        if phase != 2:
            return "cv: not vote window"
        if block_index not in self.rounds:
            return "cv: nothing revealed"
        if checkpoint != NOTHING and checkpoint not in self.rounds[block_index].hashes:
            return "cv: not a candidate"
        if word == NOTHING:
            return "cv: empty attestation"
        if staker in self.rounds[block_index].ballots:
            return "cv: already voted"
        refused = self.stakes.refuse_ballot(staker, caller)
        return refused or (None if self.power(staker, block_index) else "cv: no power")

    def refuse_settle(self, now: int) -> str | None:
        if not self.last or self.last[1].settled:
            return "cv: nothing to settle"
        return None if self.group.block(now) > self.last[0] else "cv: block running"

    def refuse_redeem(self, block_index: int) -> str | None:
        round = self.rounds.get(block_index)
        if not round or not round.settled or round.status != ACCEPTED:
            return "cv: not accepted"
        return "cv: redeemed" if round.redeemed else None

    def refuse_release(self, checkpoint: bytes) -> str | None:
        candidate = self.candidates.get(checkpoint)
        if not candidate or not candidate.bonded:
            return "cv: no bond"
        return None if self.rounds[candidate.block_index].settled else "cv: not settled"

    def refuse_open(self, block_index: int, root: bytes) -> str | None:
        round = self.rounds.get(block_index)
        if not round or not round.settled or round.status != ACCEPTED:
            return "cv: not accepted"
        right = self.candidates[round.winner].claim.root
        return None if root == right else "cv: wrong root"

    def refuse_keeper(
        self, block_index: int, staker: str, drawn: set[tuple[int, str]]
    ) -> str | None:
        round = self.rounds.get(block_index)
        if not round or round.root == NOTHING:
            return "cv: root closed"
        vote = round.ballots.get(staker)
        right = (round.winner, attestation(round.root, staker))
        if not vote or vote[:2] != right or (block_index, staker) in drawn:
            return "cv: attestation"
        return None if round.pool else "cv: not redeemed"


class BlockRules(DeltaRules):
    """Commit, reveal, vote, settle, redeem, release, open, draw, in any of the groups."""

    def __init__(self) -> None:
        super().__init__()
        self.races: dict[int, BlockModel] = {}
        self.claims: dict[int, list[Claim]] = defaultdict(list)
        self.drawn: dict[int, set[tuple[int, str]]] = defaultdict(set)
        self.outcomes: dict[tuple[int, int], tuple[int, ...]] = {}

    def race(self, pick: int) -> tuple[Group, BlockModel]:
        """One of the groups and its model, brought up to now."""
        group = self.groups[pick % len(self.groups)]
        self.races[group.id].advance(self.world.now)
        return group, self.races[group.id]

    @rule(pick=st.integers(0, 3), who=PEOPLE, gain=st.sampled_from([1, 1, 2, 5, 10**6]), flaw=FLAW)
    def commit(self, pick: int, who: int, gain: int, flaw: int) -> None:
        group, model = self.race(pick)
        block_index, _ = model.clock(self.world.now)
        to_beat = model.to_beat(block_index)
        baseline = UNKNOWN_BASELINE if to_beat is None else to_beat
        baseline += flaw == 15
        loss = max(0, baseline - gain) if flaw != 14 else baseline
        mine = self.claims[group.id]
        used = [mine[-1].checkpoint_hash] if mine else []
        checkpoint = {13: model.accepted[0], 12: NOTHING, 11: used[0] if used else NOTHING}.get(
            flaw, keccak(text=f"checkpoint {group.id} {len(mine)}")
        )
        claim = Claim.of(
            group,
            self.world.people[who],
            block_index,
            model.tip(block_index),
            checkpoint,
            loss,
            baseline,
        )
        if flaw == 10 and mine:
            claim = mine[-1]
        reason = model.refuse_commit(claim.commitment, self.world.now)
        self.attempt(reason, group.voting.commit, claim.commitment, sender=self.people[0])
        if reason is None:
            model.commitments[claim.commitment] = (len(model.commitments) + 1, block_index)
            mine.append(claim)
            check(
                "K8",
                group.voting.commitment(claim.commitment),
                (len(model.commitments), block_index + 1),
            )

    @rule(pick=st.integers(0, 3), back=st.integers(0, 4), payer=PEOPLE, flaw=FLAW)
    def reveal(self, pick: int, back: int, payer: int, flaw: int) -> None:
        group, model = self.race(pick)
        if len(self.claims[group.id]) <= back:
            return
        claim = self.claims[group.id][-1 - back]
        changes = {
            15: {"trainer": ZERO},
            14: {"loss": max(0, claim.loss - 1)},
            13: {"salt": b"\1" * 32},
            12: {"root": NOTHING},
            11: {"trainer": self.people[payer]},
        }.get(flaw, {})
        shown = Claim(**(vars(claim) | changes))
        sender = self.people[payer]
        reason = model.refuse_reveal(claim, shown, self.world.now, self.world.nrn.balanceOf(sender))
        arguments = claim.arguments(**changes)
        self.attempt(reason, group.voting.reveal, *arguments, sender=sender)
        if reason is None:
            model.reveal(claim, sender, self.world.now)

    @rule(pick=st.integers(0, 3), who=PEOPLE, choice=st.integers(-1, 3), other=PEOPLE, flaw=FLAW)
    def vote(self, pick: int, who: int, choice: int, other: int, flaw: int) -> None:
        group, model = self.race(pick)
        block_index, _ = model.clock(self.world.now)
        hashes = model.rounds[block_index].hashes if block_index in model.rounds else []
        checkpoint = hashes[choice % len(hashes)] if hashes and choice >= 0 else NOTHING
        staker = self.people[who]
        word = NOTHING if flaw == 15 else attestation(keccak(b"root" + checkpoint), staker)
        if flaw == 14 and hashes:  # the attestation of another candidate (A21)
            word = attestation(keccak(b"root" + hashes[0]), staker)
        if flaw == 13:
            checkpoint = keccak(text="never revealed")
        caller = self.people[other] if flaw in (11, 12) else staker
        reason = model.refuse_vote(checkpoint, word, staker, caller, self.world.now)
        self.attempt(reason, group.voting.vote, checkpoint, word, staker, sender=caller)
        if reason is None:
            power = model.power(staker, block_index)
            model.rounds[block_index].ballots[staker] = (checkpoint, word, power)

    @rule(
        pick=st.integers(0, 3),
        gains=st.lists(st.sampled_from([1, 2, 2, 10**6]), min_size=1, max_size=3),
        same=st.booleans(),
        flaw=st.integers(10, 15),
        choices=st.lists(st.sampled_from([0, 0, 0, 1, 2, -1, -2]), min_size=6, max_size=6),
        paid=st.booleans(),
    )
    def play_block(
        self, pick: int, gains: list[int], same: bool, flaw: int, choices: list[int], paid: bool
    ) -> None:
        """A block: claims (of the `same` hash), reveals, last first, ballots (-2: none), pay."""
        group, model = self.race(pick)
        block_index, phase = model.clock(self.world.now)
        self.travel(group.start(block_index + (phase > 0)))
        for who, gain in enumerate(gains):
            self.commit(pick, who, gain, 11 if same and who else 0)
        self.travel(group.reveal_at(group.block(self.world.now)))
        self.reveal(pick, 0, 0, flaw)
        for back in range(len(gains)):
            self.reveal(pick, back, back, 0)
        self.travel(group.vote_at(group.block(self.world.now)))
        for who, choice in enumerate(choices):
            if choice > -2:
                self.vote(pick, who, choice, who, flaw if choice == 2 else 0)
        if paid:
            self.skip_blocks(pick, 1)
            self.pay_out(pick, 0)

    @rule(pick=st.integers(0, 3), earlier=st.booleans())
    def tie(self, pick: int, earlier: bool) -> None:
        """Two claims and a ballot for each, as heavy as each other while the largest stakes are."""
        self.play_block(pick, [1, 1], False, 10, [1 - earlier, int(earlier), *[-2] * 4], True)

    @rule(pick=st.integers(0, 3))
    def settle(self, pick: int) -> None:
        group, model = self.race(pick)
        reason = model.refuse_settle(self.world.now)
        self.attempt(reason, group.voting.settle)  # K12: never any other reason
        if reason is None and model.last:
            model.last[1].settled = True

    @rule(pick=st.integers(0, 3), back=st.integers(0, 3))
    def redeem_block(self, pick: int, back: int) -> None:
        group, model = self.race(pick)
        block_index = self.some_block(model, back)
        reason = model.refuse_redeem(block_index)
        expected = self.block_reward(group.id, group.start(block_index))
        pooled = self.attempt(reason, group.voting.redeem, block_index)
        if reason is None:
            model.rounds[block_index].redeemed = True
            model.rounds[block_index].pool = pooled
            self.block_paid(group.id, model, block_index, expected)

    @rule(pick=st.integers(0, 3), back=st.integers(0, 4))
    def release_bond(self, pick: int, back: int) -> None:
        group, model = self.race(pick)
        known = [h for h, c in model.candidates.items() if c.bonded] or list(model.candidates)
        if not known:
            return
        checkpoint = known[-1 - back % len(known)]
        candidate = model.candidates[checkpoint]
        reason = model.refuse_release(checkpoint)
        before = self.world.nrn.balanceOf(candidate.payer), self.world.nrn.totalSupply()
        self.attempt(reason, group.voting.release_bond, checkpoint)
        if reason is None:
            burned = model.burns(candidate)
            after = self.world.nrn.balanceOf(candidate.payer), self.world.nrn.totalSupply()
            change = (0, -model.bond) if burned else (model.bond, 0)
            check("K11 bond", tuple(map(int.__sub__, after, before)), change)
            candidate.bonded = False
            self.burned(model.bond if burned else 0)

    @rule(pick=st.integers(0, 3), who=PEOPLE)
    def withdraw_credit(self, pick: int, who: int) -> None:
        group, model = self.race(pick)
        creditors = [p for p, amount in model.credit.items() if amount]
        person = creditors[0] if creditors and who else self.people[who]
        reason = None if model.credit[person] else "cv: no credit"
        amount = self.attempt(reason, group.voting.withdraw_credit, sender=person)
        if reason is None:
            check("K6 credit", amount, model.credit.pop(person))

    @rule(pick=st.integers(0, 3), back=st.integers(0, 3), right=FLAW)
    def open_root(self, pick: int, back: int, right: int) -> None:
        group, model = self.race(pick)
        block_index = self.some_block(model, back)
        round = model.rounds.get(block_index)
        root = keccak(b"root" + round.winner) if round and right < 14 else NOTHING
        reason = model.refuse_open(block_index, root)
        self.attempt(reason, group.voting.open_root, block_index, root)
        if reason is None and round:
            round.root = root

    @rule(pick=st.integers(0, 3), back=st.integers(0, 3), who=PEOPLE)
    def claim_keeper(self, pick: int, back: int, who: int) -> None:
        group, model = self.race(pick)
        block_index, staker = self.some_block(model, back), self.people[who]
        reason = model.refuse_keeper(block_index, staker, self.drawn[group.id])
        amount = self.attempt(reason, group.voting.claim_keeper, block_index, staker)
        if reason is None:
            round = model.rounds[block_index]
            check("K10 share", amount, round.pool * round.ballots[staker][2] // round.votes)
            round.paid += amount
            hold("K10", round.paid <= round.pool, round.paid, round.pool)
            self.drawn[group.id].add((block_index, staker))

    @rule(pick=st.integers(0, 3), back=st.integers(0, 1))
    def pay_out(self, pick: int, back: int) -> None:
        """All that follows a block, in order."""
        self.settle(pick)
        self.redeem_block(pick, back)
        self.open_root(pick, back, 0)
        _, model = self.race(pick)
        round = model.rounds.get(self.some_block(model, back))
        if round and round.root != NOTHING:
            for who in range(6):
                self.claim_keeper(pick, back, who)
        self.release_bond(pick, 0)

    def some_block(self, model: BlockModel, back: int) -> int:
        """One of the last blocks in which something was revealed; else any."""
        played = list(model.rounds)
        return played[-1 - back] if back < len(played) else back

    def block_reward(self, group: int, start: int) -> int | None:
        """What a block earns; machines with a model of the emission know it."""
        return None

    def block_paid(
        self, group: int, model: BlockModel, block_index: int, expected: int | None
    ) -> None:
        """Take note of a payment."""

    def burned(self, amount: int) -> None:
        """Take note of burned tokens."""

    @rule(pick=st.integers(0, 3), offset=st.sampled_from([0, 0, 0, -1, 1]))
    def next_window(self, pick: int, offset: int) -> None:
        """To the edge of the next window of one group's block, or a second beside it."""
        group, _ = self.race(pick)
        now = self.world.now + 1  # a second before an edge is not beyond it
        block = group.block(now)
        edges = (group.reveal_at(block), group.vote_at(block), group.start(block + 1))
        self.travel(min(edge for edge in edges if edge > now) + offset)

    @rule(pick=st.integers(0, 3), blocks=st.integers(1, 9))
    def skip_blocks(self, pick: int, blocks: int) -> None:
        group, _ = self.race(pick)
        self.travel(group.start(group.block(self.world.now) + blocks))

    @invariant()
    def blocks_keep_their_promises(self) -> None:
        if not self.groups:
            return
        group, model = self.race(self.steps)
        voting = group.voting
        check("K6", self.world.nrn.balanceOf(voting.address), model.holdings())
        check("K9 seq", voting.seq(), len(model.commitments))
        self._the_round_stands(group, model)
        self._the_past_stands(group, model)
        for losses in model.losses.values():
            gains = [a - b for a, b in pairwise(losses)]
            hold("K2", all(gain >= group.config["min_improvement"] for gain in gains), losses)

    def _the_round_stands(self, group: Group, model: BlockModel) -> None:
        block_1, votes, seq, settled, leader = group.voting.state()
        if not model.last:
            check("K9 nothing revealed", (block_1, settled), (0, True))
            return
        block_index, round = model.last
        expected = model.leader(round)
        check("K4", (leader, votes, seq), (*expected, model.seq(expected[0])))
        check("K7 settled", (block_1, settled), (block_index + 1, round.settled))
        total = sum(power for _, _, power in round.ballots.values())
        hold("K5", total <= model.power(None, block_index), total)
        for staker, (chosen, word, _) in round.ballots.items():
            kept = ballot(chosen, word)
            if (block_index, staker) in self.drawn[group.id]:
                kept = (1).to_bytes(32, "big")
            check("K5 ballot", group.voting.ballot(block_index, staker), kept)
        check("K4 none", group.voting.none_votes(block_index), round.tally(NOTHING))
        for checkpoint in round.hashes:
            check("K4 votes", group.voting.votes(checkpoint), round.tally(checkpoint))

    def _the_past_stands(self, group: Group, model: BlockModel) -> None:
        """K1, K3, K7, K11 on one candidate and one block, different ones after every step."""
        voting = group.voting
        if model.candidates:
            checkpoint = list(model.candidates)[self.steps % len(model.candidates)]
            c = model.candidates[checkpoint]
            expected = (c.claim.trainer, c.claim.loss, c.payer, c.seq, c.block_index + 1, c.bonded)
            check("K1 candidate", voting.candidate(checkpoint), expected)
            hold("K1", voting.is_used(checkpoint), checkpoint)
        if model.rounds:
            block_index = list(model.rounds)[self.steps % len(model.rounds)]
            round = model.rounds[block_index]
            found = voting.outcome(block_index)
            loss = model.candidates[round.winner].claim.loss if round.status == ACCEPTED else 0
            written = (round.status, loss, round.height, round.redeemed)
            check("K7", found, written if round.settled else (0, 0, 0, False))
            if round.settled:
                first = self.outcomes.setdefault((group.id, block_index), found[:3])
                check("K7 once", found[:3], first)
            if found[0] == ACCEPTED:
                power = voting.votes(voting.accepted(found[2])) * 10_000
                hold("K3", power >= model.power(None, block_index) * model.quorum, power)
        heights = [r.height for r in model.rounds.values() if r.settled]
        height = max(heights, default=0)
        check("K7 incumbent", voting.incumbent(), model.accepted[height])
        check("K7 height", voting.accepted(height), model.accepted[height])
