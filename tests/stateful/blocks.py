"""The checkpoint voting: rules and the invariants K1 to K19, beside `block_model`.

What the contract writes down is compared whenever it is written (K7).
"""

from collections import defaultdict
from itertools import pairwise, product

import hypothesis.strategies as st
from eth_utils.crypto import keccak
from hypothesis.stateful import invariant, rule

from tests.stateful.block_model import ACCEPTED, REFUTED, Approvals, BlockModel
from tests.stateful.claims import Claim, attestation, ballot
from tests.stateful.deltas import DeltaRules
from tests.stateful.machine import FLAW, PEOPLE, check, hold
from tests.stateful.world import CHALLENGE, NOTHING, ZERO, Account, Group

UNKNOWN_BASELINE = 10**12
# Which of the candidates, newest last, a ballot approves; bits.
SOME = st.sampled_from([0, 1, 1, 1, 2, 3, 3, 5, 7, 15])


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

    @rule(pick=st.integers(0, 3), who=PEOPLE, gain=st.sampled_from([0, 0, 1, 5, 10**6]), flaw=FLAW)
    def commit(self, pick: int, who: int, gain: int, flaw: int) -> None:
        group, model = self.race(pick)
        mine = self.claims[group.id]
        used = [mine[-1].checkpoint_hash] if mine else []
        checkpoint = {13: model.accepted[0], 12: NOTHING, 11: used[0] if used else NOTHING}.get(
            flaw, keccak(text=f"checkpoint {group.id} {len(mine)}")
        )
        if flaw == 9 and model.parent and len(model.parent.accepted) > 1:
            checkpoint = model.parent.accepted[max(model.parent.accepted)]  # F5
        signer = self.world.people[who]
        claim = self._claim(group, model, signer, checkpoint, gain, flaw)
        self._commit(group, model, mine[-1] if flaw == 10 and mine else claim)

    def _claim(
        self, group: Group, model: BlockModel, signer: Account, checkpoint: bytes, gain: int,
        flaw: int,
    ) -> Claim:  # fmt: skip
        """A claim for the running block that gains so much more than it must."""
        block_index, _ = model.clock(self.world.now)
        to_beat = model.to_beat(block_index)
        baseline = UNKNOWN_BASELINE if to_beat is None else to_beat
        baseline += flaw == 15
        loss = max(0, baseline - model.improvement(block_index) - gain + (flaw == 14))
        return Claim.of(
            group, signer, block_index, model.tip(block_index), checkpoint, loss, baseline
        )

    def _commit(self, group: Group, model: BlockModel, claim: Claim) -> None:
        block_index, _ = model.clock(self.world.now)
        reason = model.refuse_commit(claim.commitment, self.world.now)
        self.attempt(reason, group.voting.commit, claim.commitment, sender=self.people[0])
        if reason is None:
            model.commitments[claim.commitment] = (len(model.commitments) + 1, block_index)
            self.claims[group.id].append(claim)
            known = (len(model.commitments), block_index + 1)
            check("K8", group.voting.commitment(claim.commitment), known)

    @rule(pick=st.integers(0, 3), back=st.integers(0, 2), gain=st.sampled_from([0, 5]), flaw=FLAW)
    def commit_again(self, pick: int, back: int, gain: int, flaw: int) -> None:
        """An open claim, or one that is not, by its trainer or another (K16)."""
        group, model = self.race(pick)
        known = [c for c in model.candidates.values() if model.is_open(c)]
        known = known if flaw < 14 else list(model.candidates.values())
        if known:
            old = known[-1 - back % len(known)].claim
            signer = self.world.people[back] if flaw == 13 else old.signer
            claim = self._claim(group, model, signer, old.checkpoint_hash, gain, 0)
            self._commit(group, model, claim)

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

    @rule(pick=st.integers(0, 3), who=PEOPLE, some=SOME, other=PEOPLE, flaw=FLAW)
    def vote(self, pick: int, who: int, some: int, other: int, flaw: int) -> None:
        group, model = self.race(pick)
        block_index, _ = model.clock(self.world.now)
        hashes = model.rounds[block_index].hashes if block_index in model.rounds else []
        chosen = [c for place, c in enumerate(hashes) if some >> place & 1][:4]
        if flaw == 13:
            chosen = [*chosen[:3], keccak(text="never revealed")]
        staker = self.people[who]
        # With flaw 14 the attestation is another candidate's (A21).
        roots = [hashes[0] if flaw == 14 else checkpoint for checkpoint in chosen]
        words = [attestation(keccak(b"root" + root), staker) for root in roots]
        approvals: Approvals = tuple(sorted(zip(chosen, words, strict=True)))
        if flaw == 12 and approvals:  # twice the same
            approvals = (*approvals[:3], approvals[min(2, len(approvals) - 1)])
        caller = self.people[other] if flaw in (10, 11) else staker
        reason = model.refuse_vote(approvals, staker, caller, self.world.now)
        sent = b"".join(map(b"".join, approvals))
        if flaw == 15:  # half an approval
            sent += NOTHING
            early = ("cv: not the window", "cv: nothing revealed")
            # Five do not fit: the call itself is malformed.
            reason = "" if len(sent) > 256 else reason if reason in early else "cv: ballot"
        self.attempt(reason, group.voting.vote, sent, staker, sender=caller)
        if reason is None:
            power = model.power(staker, block_index)
            model.rounds[block_index].ballots[staker] = (approvals, power)

    @rule(
        pick=st.integers(0, 3),
        gains=st.lists(st.sampled_from([0, 1, 1, 2, 5, 10**6]), min_size=1, max_size=4),
        same=st.booleans(),
        again=st.booleans(),
        flaw=st.integers(9, 15),
        some=st.lists(st.one_of(SOME, st.none()), min_size=6, max_size=6),
        paid=st.booleans(),
    )
    def play_block(
        self, pick: int, gains: list[int], same: bool, again: bool, flaw: int,
        some: list[int | None], paid: bool,
    ) -> None:  # fmt: skip
        """A block: claims (of the `same` hash, or open ones again), ballots, last first, pay."""
        group, model = self.race(pick)
        block_index, phase = model.clock(self.world.now)
        self.travel(group.start(block_index + (phase > 0)))
        before = len(self.claims[group.id])
        for who, gain in enumerate(gains):
            self.commit(pick, who % 6, gain, 11 if same and who else 9 if flaw == 9 else 0)
        for back in range(2 if again else 0):
            self.commit_again(pick, back, 0, 0)
        self.travel(group.reveal_at(group.block(self.world.now)))
        self.reveal(pick, 0, 0, flaw)
        for back in range(len(self.claims[group.id]) - before):
            self.reveal(pick, back, back % 6, 0)
        self.travel(group.vote_at(group.block(self.world.now)))
        for who, chosen in enumerate(some):
            if chosen is not None:
                self.vote(pick, who, chosen, who, flaw if chosen == 2 else 0)
        if paid:
            self.skip_blocks(pick, 1)
            self.pay_out(pick, 0)

    @rule(
        pick=st.integers(0, 3),
        gains=st.lists(st.integers(0, 9), min_size=9, max_size=9),
        some=st.lists(st.sets(st.integers(0, 8), max_size=4), min_size=6, max_size=6),
        order=st.permutations(range(6)),
    )
    def crowd(self, pick: int, gains: list[int], some: list[set[int]], order: list[int]) -> None:
        """More candidates than the shortlist has places; the smallest ballots often come first."""
        bits = [sum(1 << place for place in chosen) for chosen in some]
        self.play_block(pick, gains, False, False, 10, [None] * 6, False)
        by_power = [4, 5, 3, 2, 1, 0] if order[0] < 4 else order
        for who in by_power:
            self.vote(pick, who, bits[who], who, 0)
        self.skip_blocks(pick, 1)
        self.pay_out(pick, 0)

    @rule(pick=st.integers(0, 3), earlier=st.booleans())
    def tie(self, pick: int, earlier: bool) -> None:
        """Two claims, the better one later or earlier than one nearly as good; all approve both."""
        self.play_block(pick, [0, 1] if earlier else [1, 0], False, False, 10, [3] * 6, True)

    @rule(pick=st.integers(0, 3), what=st.sampled_from(["half", "few for it", "few against it"]))
    def close_call(self, pick: int, what: str) -> None:
        """As much for a claim as against it; or most of a quorum, for it or against it, that are
        none by themselves (K3, K15)."""
        self.play_block(pick, [0], False, False, 10, [None] * 6, False)
        _, model = self.race(pick)
        block_index, _ = model.clock(self.world.now)
        powers = [model.power(person, block_index) for person in self.people[:6]]
        for ballots in product((None, 0, 1), repeat=6):
            votes = sum(p for p, b in zip(powers, ballots, strict=True) if b)
            cast = sum(p for p, b in zip(powers, ballots, strict=True) if b is not None)
            most = cast - votes if what == "few against it" else votes
            is_short = 2 * most > cast and not model.is_quorum(most, block_index)
            if model.is_quorum(cast, block_index) and (
                2 * votes == cast if what == "half" else is_short
            ):
                for who, chosen in enumerate(ballots):
                    if chosen is not None:
                        self.vote(pick, who, chosen, who, 0)
                break
        self.skip_blocks(pick, 1)
        self.pay_out(pick, 0)
        self.outlast(pick)

    @rule(
        pick=st.integers(0, 3),
        gains=st.lists(st.integers(0, 5), min_size=2, max_size=3),
        some=st.lists(st.integers(0, 7), min_size=6, max_size=6),
    )
    def judged(self, pick: int, gains: list[int], some: list[int]) -> None:
        """All vote; then all bonds leave (K15)."""
        self.play_block(pick, gains, False, False, 10, list(some), True)
        self.outlast(pick)

    @rule(pick=st.integers(0, 3))
    def outlast(self, pick: int) -> None:
        """Until no claim of the last block may be challenged, to the second (R9)."""
        group, model = self.race(pick)
        if model.last:
            self.settle(pick)
            end = group.start(model.last[0] + 1) + CHALLENGE
            self.travel(end - 1)
            self.release_bond(pick, 0)
            self.travel(end)
            for back in (3, 2, 1, 0):
                self.release_bond(pick, back)

    @rule(pick=st.integers(0, 3), who=st.integers(1, 5))
    def entered_by_another(self, pick: int, who: int) -> None:
        """An open claim, committed and revealed by who has not made it (K16)."""
        self.play_block(pick, [3], False, False, 10, [None] * 4 + [1, None], False)
        self.skip_blocks(pick, 1)
        self.settle(pick)
        self.commit_again(pick, who, 0, 13)
        group, _ = self.race(pick)
        self.travel(group.reveal_at(group.block(self.world.now)))
        self.reveal(pick, 0, who, 0)

    @rule(pick=st.integers(0, 3))
    def judged_and_again(self, pick: int) -> None:
        """A claim that all reject, committed and revealed again by its trainer (K16)."""
        self.play_block(pick, [3], False, False, 10, [0] * 6, False)
        self.skip_blocks(pick, 1)
        self.settle(pick)
        self.commit_again(pick, 0, 0, 14)
        group, _ = self.race(pick)
        self.travel(group.reveal_at(group.block(self.world.now)))
        self.reveal(pick, 0, 0, 0)

    @rule(pick=st.integers(0, 3), short=st.sampled_from([0, 1]))
    def near_copy(self, pick: int, short: int) -> None:
        """An open claim, and a new one better by as much as it takes, or by one less (K4)."""
        self.play_block(pick, [3], False, False, 10, [None] * 4 + [1, None], False)
        self.skip_blocks(pick, 1)
        self.settle(pick)
        group, model = self.race(pick)
        margin = model.improvement(group.block(self.world.now))
        self.play_block(pick, [margin - short], False, True, 10, [7] * 6, True)

    @rule(pick=st.integers(0, 3))
    def full_list(self, pick: int) -> None:
        """Two lead when the list is full, one of them in its last place (K4)."""
        gains = [500 if claim == 2 else 0 for claim in range(9)]
        self.play_block(pick, gains, False, False, 10, [None] * 6, False)
        for who, some in ((4, 0b1111), (5, 0b110000), (0, 1 << 6), (1, 3 << 6), (2, 1 << 7)):
            self.vote(pick, who, some, who, 0)
        self.skip_blocks(pick, 1)
        self.pay_out(pick, 0)

    @rule(pick=st.integers(0, 3), who=PEOPLE)
    def malformed(self, pick: int, who: int) -> None:
        """Ballots in every wrong form, then a right one (K5)."""
        self.play_block(pick, [0, 0], False, False, 10, [None] * 6, False)
        for flaw in (13, 12, 15, 11, 14):
            self.vote(pick, who, 3, (who + 1) % 6, flaw)

    @rule(pick=st.integers(0, 3), first=st.integers(0, 3))
    def nobody_then_all(self, pick: int, first: int) -> None:
        """Too few votes for a claim; its bond stays; it is entered again and wins (K16)."""
        self.play_block(pick, [0], False, False, 10, [None] * 4 + [1, None], False)
        self.skip_blocks(pick, 1 + first)
        self.settle(pick)
        self.release_bond(pick, 0)
        self.play_block(pick, [0], False, True, 10, [7, 7, 7, None, None, None], True)

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
        known = [h for h, c in model.candidates.items() if c.bond] or list(model.candidates)
        if not known:
            return
        checkpoint = known[-1 - back % len(known)]
        candidate = model.candidates[checkpoint]
        reason = model.refuse_release(checkpoint, self.world.now)
        before = self.world.nrn.balanceOf(candidate.payer), self.world.nrn.totalSupply()
        self.attempt(reason, group.voting.release_bond, checkpoint)
        if reason is None:
            burned = model.is_refuted(candidate)
            after = self.world.nrn.balanceOf(candidate.payer), self.world.nrn.totalSupply()
            change = (0, -candidate.bond) if burned else (candidate.bond, 0)
            check("K15", tuple(map(int.__sub__, after, before)), change)
            self.burned(candidate.bond if burned else 0)
            candidate.bond = 0

    @rule(pick=st.integers(0, 3))
    def wait_for_bonds(self, pick: int) -> None:
        """Until what nobody has judged returns (K16), to the second."""
        _, model = self.race(pick)
        open_ = [c.block_index for c in model.candidates.values() if model.is_open(c)]
        if open_:
            self.settle(pick)
            lapse = (model.epoch(open_[-1]) + 4) * 7 * 86_400
            self.travel(lapse - 1)
            self.release_bond(pick, 0)
            self.travel(lapse)
            self.release_bond(pick, 0)

    @rule(pick=st.integers(0, 3), who=PEOPLE, sender=PEOPLE)
    def withdraw_credit(self, pick: int, who: int, sender: int) -> None:
        group, model = self.race(pick)
        creditors = [p for p, amount in model.credit.items() if amount]
        person = creditors[0] if creditors and who else self.people[who]
        reason = None if model.credit[person] else "cv: no credit"
        before = self.world.nrn.balanceOf(person)
        caller = self.people[sender]
        amount = self.attempt(reason, group.voting.withdraw_credit, person, sender=caller)
        if reason is None:
            check("K6 credit", amount, model.credit.pop(person))
            check("K6 paid", self.world.nrn.balanceOf(person), before + amount)

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

    @rule(pick=st.integers(0, 3), back=st.integers(0, 3), who=PEOPLE, flaw=FLAW)
    def claim_keeper(self, pick: int, back: int, who: int, flaw: int) -> None:
        group, model = self.race(pick)
        block_index, staker = self.some_block(model, back), self.people[who]
        round = model.rounds.get(block_index)
        cast, power = round.ballots.get(staker, ((), 0)) if round else ((), 0)
        if flaw == 15 and round:  # a ballot that would be paid, but was not cast
            cast = ((round.winner, attestation(round.root, staker)),)
        reason = model.refuse_keeper(block_index, cast, staker, self.drawn[group.id])
        amount = self.attempt(reason, group.voting.claim_keeper, block_index, ballot(*cast), staker)
        if reason is None and round:
            check("K10 share", amount, round.pool * power // round.votes)
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
                self.claim_keeper(pick, back, who, 0)
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
        self._the_terms_stand(group, model)
        self._the_round_stands(group, model)
        self._the_past_stands(group, model)
        for losses in model.losses.values():
            gains = [a - b for a, b in pairwise(losses)]
            hold("K2", all(gain >= group.config["min_improvement"] for gain in gains), losses)

    def _the_terms_stand(self, group: Group, model: BlockModel) -> None:
        """K17 and K18, as far as the contract has written them down."""
        block_index = group.block(self.world.now)
        if model.last and model.last[0] < block_index and not model.last[1].settled:
            return
        expected = model.improvement(block_index), model.bond(block_index)
        check("K17 K18", group.voting.terms(), expected)

    def _the_round_stands(self, group: Group, model: BlockModel) -> None:
        block_1, cast, settled, leader = group.voting.state()
        if not model.last:
            check("K9 nothing revealed", (block_1, settled), (0, True))
            return
        block_index, round = model.last
        won = round.winner if round.status == ACCEPTED else NOTHING
        check("K4", leader, won if round.settled else model.leader(block_index))
        check("K5 cast", cast, round.cast)
        check("K7 settled", (block_1, settled), (block_index + 1, round.settled))
        hold("K5", cast <= model.power(None, block_index), cast)
        for staker, (approvals, _) in round.ballots.items():
            kept = keccak(ballot(*approvals))
            if (block_index, staker) in self.drawn[group.id]:
                kept = (1).to_bytes(32, "big")
            check("K5 ballot", group.voting.ballot(block_index, staker), kept)
        for checkpoint in round.hashes:
            check("K4 votes", group.voting.votes(checkpoint), round.tally(checkpoint))

    def _the_past_stands(self, group: Group, model: BlockModel) -> None:
        """K1, K3, K7, K11, K16, K19 on one candidate and one block, others after every step."""
        voting = group.voting
        if model.candidates:
            checkpoint = list(model.candidates)[self.steps % len(model.candidates)]
            c = model.candidates[checkpoint]
            expected = (c.claim.trainer, c.claim.loss, c.payer, c.seq, c.block_index + 1, c.bond)
            check("K1 candidate", voting.candidate(checkpoint), expected)
            hold("K1", voting.is_used(checkpoint), checkpoint)
            marks = voting.is_disputed(checkpoint), voting.is_refuted(checkpoint)
            check("R10 R11", marks, (c.held, c.refuted))
            check("K19", voting.has_won(checkpoint), model.has_won(checkpoint))
        if model.rounds:
            block_index = list(model.rounds)[self.steps % len(model.rounds)]
            round = model.rounds[block_index]
            found = voting.outcome(block_index)
            won = round.status in (ACCEPTED, REFUTED)
            loss = model.candidates[round.winner].claim.loss if won else 0
            written = (round.status, loss, round.height, round.redeemed, round.cast)
            check("K7", found, written if round.settled else (0, 0, 0, False, 0))
            if round.settled:
                first = self.outcomes.setdefault((group.id, block_index), found[:3])
                check("K7 once", found[:3], first)
            if found[0] == ACCEPTED:
                votes = voting.votes(voting.accepted(found[2]))
                hold("K3", model.is_quorum(votes, block_index) and 2 * votes > found[4], votes)
        height = model.height
        check("K7 incumbent", voting.incumbent(), model.accepted[height])
        check("K7 height", voting.accepted(height), model.accepted[height])
