"""The delta registry: model, rules and the invariants D1 to D11.

The model is eager: it closes every period at its end. The contract is lazy. That both agree
whenever the contract is made to write down what is due is D7.
"""

from collections import defaultdict
from dataclasses import dataclass

import hypothesis.strategies as st
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hypothesis.stateful import invariant, rule

from tests.stateful.machine import FLAW, PEOPLE, check, hold
from tests.stateful.vault import StakeRules, VaultModel
from tests.stateful.world import DAY, EPOCH, NOTHING, Group, rehearsal


@dataclass(frozen=True)
class Proposal:
    proposer: str
    parent_version: int
    at: int
    delta_hash: bytes


@dataclass(frozen=True)
class Version:
    tip: bytes
    since: int  # in force from then on
    delta_hash: bytes = NOTHING
    proposer: str = ""
    period_start: int = 0
    credit: int = 0


class DeltaModel:
    """One group's training set and the period in which its next version is chosen."""

    def __init__(self, group: Group, stakes: VaultModel, base: int, tip: bytes) -> None:
        self.group, self.stakes, self.base = group, stakes, base
        self.quorum = group.config["delta_quorum_bps"]
        self.versions = {base: Version(tip, group.genesis_time)}
        self.proposals: dict[int, Proposal] = {}
        self.index, self.start = 0, group.genesis_time
        self.length = self.pending = group.config["delta_period"]
        self.extensions = 0
        self.ballots: dict[int, dict[str, int]] = defaultdict(dict)  # of the running period
        self.credited: dict[int, int] = defaultdict(int)  # epoch -> seconds
        self.redeemed: set[int] = set()
        self.length_ballots: dict[int, dict[str, tuple[int, int]]] = defaultdict(dict)

    @property
    def version(self) -> int:
        return max(self.versions)

    @property
    def tip(self) -> bytes:
        return self.versions[self.version].tip

    @property
    def end(self) -> int:
        return self.start + self.length + self.extensions * (self.length // 7)

    def tally(self, proposal: int) -> int:
        return sum(self.ballots[proposal].values())

    def leader(self) -> tuple[int, int]:
        """Most votes, ties to the earliest; "no change" is the very first."""
        votes, proposal = min(((-self.tally(i), i) for i in self.ballots), default=(0, 0))
        return (proposal, -votes) if votes else (0, 0)

    def decision(self) -> int:
        """What the period appends if nobody votes any more; 0 is nothing."""
        proposal, votes = self.leader()
        power = self.stakes.power(self.group.id, None, self.start // EPOCH)
        return proposal if votes * 10_000 >= power * self.quorum else 0

    def cast(self, proposal: int, staker: str, now: int) -> None:
        """Count a ballot; in the last seventh one that turns the decision extends the period."""
        before, late = self.decision(), now >= self.end - self.length // 7
        self.ballots[proposal][staker] = self.power(staker, now)
        if late and self.decision() != before and self.extensions < 7:
            self.extensions += 1

    def is_too_late(self, proposal: int, staker: str, now: int) -> bool:
        """Whether a ballot would turn the decision when no extension is left to answer it."""
        before, extensions, power = self.decision(), self.extensions, self.power(staker, now)
        if extensions < 7 or now < self.end - self.length // 7:
            return False
        self.ballots[proposal][staker] = power
        after = self.decision()
        del self.ballots[proposal][staker]
        return after not in (0, before)

    def in_force(self, when: int) -> int:
        return max((v for v, of in self.versions.items() if of.since <= when), default=self.base)

    def advance(self, now: int) -> None:
        """Close every period that has ended by now."""
        while now >= self.end:
            self._close()

    def _close(self) -> None:
        winner = self.decision()
        epoch = self.start // EPOCH
        if winner:
            chosen = self.proposals[winner]
            credit = min(self.length, EPOCH - self.credited[epoch])
            self.credited[epoch] += credit
            self.versions[self.version + 1] = Version(
                keccak(encode(["bytes32", "bytes32"], [self.tip, chosen.delta_hash])),
                self.end,
                chosen.delta_hash,
                chosen.proposer,
                self.start,
                credit,
            )
        self.start, self.length, self.extensions = self.end, self.pending, 0
        self.index += 1
        self.ballots.clear()

    def power(self, staker: str, now: int) -> int:
        """What a ballot weighs: sustained since the period's start."""
        epochs = (self.start // EPOCH, now // EPOCH)
        return min(self.stakes.power(self.group.id, staker, epoch) for epoch in epochs)

    def refuse_propose(self, tip: bytes, delta: bytes, rebased: int, sender: str) -> str | None:
        if tip != self.tip:
            return "dr: stale parent"
        if delta == NOTHING:
            return "dr: empty delta"
        if rebased and (
            rebased not in self.proposals or self.proposals[rebased].proposer != sender
        ):
            return "dr: not proposer"
        return None

    def refuse_vote(self, proposal: int, staker: str, caller: str, now: int) -> str | None:
        if proposal:
            if proposal not in self.proposals:
                return "dr: no proposal"
            if self.proposals[proposal].parent_version != self.version:
                return "dr: stale parent"
            if now < self.proposals[proposal].at + self.length // 7:
                return "dr: in review"
        if staker in self.ballots[proposal]:
            return "dr: already voted"
        if refused := self.stakes.refuse_ballot(staker, caller):
            return refused
        if not self.power(staker, now):
            return "dr: no power"
        return "dr: too late" if self.is_too_late(proposal, staker, now) else None

    def refuse_length(self, length: int, staker: str, caller: str, epoch: int) -> str | None:
        if length % DAY or not DAY <= length <= 56 * DAY:
            return "dr: period"
        if staker in self.length_ballots[epoch]:
            return "dr: already voted"
        refused = self.stakes.refuse_ballot(staker, caller)
        power = self.stakes.power(self.group.id, staker, epoch)
        return refused or (None if power else "dr: no power")

    def vote_length(self, length: int, staker: str, epoch: int) -> None:
        power = self.stakes.power(self.group.id, staker, epoch)
        self.length_ballots[epoch][staker] = (length, power)
        total = self.stakes.power(self.group.id, None, epoch)
        if 2 * self.length_tally(length, epoch) > total:
            self.pending = length

    def length_tally(self, length: int, epoch: int) -> int:
        return sum(power for days, power in self.length_ballots[epoch].values() if days == length)

    def refuse_redeem(self, version: int) -> str | None:
        """As the contract sees it: what is due must have been written down."""
        known = self.base < version <= self.version and version not in self.redeemed
        return None if known else "dr: nothing due"


class DeltaRules(StakeRules):
    """Propose, vote, finalize, sync, redeem, change the period's length, in any of the groups."""

    def __init__(self) -> None:
        super().__init__()
        self.data: dict[int, DeltaModel] = {}
        self.credits: list[tuple[int, int]] = []  # (group, version) redeemed
        self.tips_seen: dict[tuple[int, int], bytes] = {}

    def registry(self, pick: int) -> tuple[Group, DeltaModel]:
        """One of the groups and its model, brought up to now."""
        group = self.groups[pick % len(self.groups)]
        self.data[group.id].advance(self.world.now)
        return group, self.data[group.id]

    @rule(pick=st.integers(0, 3), who=PEOPLE, content=st.integers(0, 2), flaw=FLAW)
    def propose(self, pick: int, who: int, content: int, flaw: int) -> None:
        group, model = self.registry(pick)
        tip = model.versions[model.base].tip if flaw == 15 else model.tip
        delta = NOTHING if flaw == 14 else keccak(text=f"delta {content}")
        rebased = {13: len(model.proposals), 12: len(model.proposals) + 1, 11: 1}.get(flaw, 0)
        sender = self.people[who]
        reason = model.refuse_propose(tip, delta, rebased, sender)
        number = self.attempt(reason, group.deltas.propose, tip, delta, rebased, sender=sender)
        if reason is None:
            check("proposal ids count up", number, len(model.proposals) + 1)
            model.proposals[number] = Proposal(sender, model.version, self.world.now, delta)

    @rule(pick=st.integers(0, 3), who=PEOPLE, back=st.integers(0, 3), other=PEOPLE, flaw=FLAW)
    def vote_delta(self, pick: int, who: int, back: int, other: int, flaw: int) -> None:
        group, model = self.registry(pick)
        proposal = len(model.proposals) + 1 if flaw == 15 else max(0, len(model.proposals) - back)
        staker = self.people[who]
        caller = self.people[other] if flaw > 10 else staker
        now = self.world.now
        reason = model.refuse_vote(proposal, staker, caller, now)
        self.attempt(reason, group.deltas.vote, proposal, staker, sender=caller)
        if reason is None:
            model.cast(proposal, staker, now)

    @rule(pick=st.integers(0, 3), who=PEOPLE, back=st.integers(0, 2), early=st.sampled_from([0, 1]))
    def last_minute(self, pick: int, who: int, back: int, early: int) -> None:
        """Vote at the first second of the last seventh, or just before it; then at the very end."""
        _, model = self.registry(pick)
        self.travel(model.end - model.length // 7 - early)
        self.vote_delta(pick, who, back, who, 0)
        self.travel(model.end - 1)
        for other in (1, 2, 3):
            self.vote_delta(pick, (who + other) % 6, (back + other) % 3, 0, 0)

    @rule(pick=st.integers(0, 3), odd=st.booleans())
    def wrangle(self, pick: int, odd: bool) -> None:
        """Stakers turn the vote to and fro in the last second, as long as it goes."""
        for who in range(2):
            self.propose(pick, who, who, 0)
        self.wait_for_review(pick, 0)
        for turn in range(6):
            self.travel(self.registry(pick)[1].end - 1)
            self.vote_delta(pick, (turn * 5 + odd) % 6, turn % 3, (turn * 5 + odd) % 6, 0)

    @rule(pick=st.integers(0, 3), who=PEOPLE, stops=st.booleans())
    def exhaust(self, pick: int, who: int, stops: bool) -> None:
        """One staker turns the decision from proposal to earlier proposal until it is too late."""
        for number in range(9):
            self.propose(pick, who, number % 3, 0)
        self.wait_for_review(pick, 0)
        for back in range(9):
            self.travel(self.registry(pick)[1].end - 1)
            self.vote_delta(pick, who, back, who, 0)
        if stops:
            for other in range(6):
                _, model = self.registry(pick)
                self.vote_delta(pick, other, len(model.proposals), other, 0)

    @rule(pick=st.integers(0, 3), who=PEOPLE)
    def leave_and_vote(self, pick: int, who: int) -> None:
        """Leave with everything, and vote for "no change" when that has come into force."""
        self.request_exit(pick, who, 0, 12)
        self.pass_epochs(1, 0)
        _, model = self.registry(pick)
        self.vote_delta(pick, who, len(model.proposals), who, 0)

    @rule(pick=st.integers(0, 3), absent=PEOPLE, times=st.integers(1, 5))
    def adopt(self, pick: int, absent: int, times: int) -> None:
        """Nearly everyone supports the latest proposal, period after period."""
        for _ in range(times):
            self.propose(pick, absent, absent % 3, 0)
            self.wait_for_review(pick, 0)
            for who in range(6):
                if who != absent:
                    self.vote_delta(pick, who, 0, who, 0)
            self.wait_for_end_of_period(pick, 0)
        self.finalize(pick)
        self.redeem_delta(pick, 0)

    @rule(pick=st.integers(0, 3), days=st.sampled_from([1, 7, 2, 10, 56]), who=PEOPLE, flaw=FLAW)
    def vote_length(self, pick: int, days: int, who: int, flaw: int) -> None:
        group, model = self.registry(pick)
        length = {15: 0, 14: 57 * DAY, 13: DAY // 2, 12: DAY + 1}.get(flaw, days * DAY)
        staker, epoch = self.people[who], self.world.epoch
        reason = model.refuse_length(length, staker, staker, epoch)
        self.attempt(reason, group.deltas.vote_period_length, length, staker, sender=staker)
        if reason is None:
            model.vote_length(length, staker, epoch)
            tally = group.deltas.length_tally(epoch, length)
            check("D9 tally", tally, model.length_tally(length, epoch))
            hold("D9 once", group.deltas.length_voted(epoch, staker), staker, epoch)

    @rule(pick=st.integers(0, 3))
    def finalize(self, pick: int) -> None:
        group, _ = self.registry(pick)
        end = group.deltas.period()[4]
        reason = "dr: period running" if self.world.now < end else None
        self.attempt(reason, group.deltas.finalize)

    @rule(pick=st.integers(0, 3), ago=st.sampled_from([-1, 0, 1, DAY, 8 * DAY, 90 * DAY]))
    def sync(self, pick: int, ago: int) -> None:
        group, model = self.registry(pick)
        reason = "dr: future" if ago < 0 else None
        when = self.world.now - ago
        answer = self.attempt(reason, group.deltas.sync, when)
        if reason is None:
            version = model.in_force(when)
            check("D7 in force", answer, (version, model.versions[version].tip))
            expected = (model.start, model.length, model.pending, model.index, model.end)
            check("D6", group.deltas.period(), expected)

    @rule(pick=st.integers(0, 3), back=st.integers(-1, 3))
    def redeem_delta(self, pick: int, back: int) -> None:
        group, model = self.registry(pick)
        written = group.deltas.version()
        version = max(0, written - back)
        reason = model.refuse_redeem(version) if version <= written else "dr: nothing due"
        expected = self.delta_reward(group.id, model.versions.get(version))
        minted = self.attempt(reason, group.deltas.redeem, version)
        if reason is None:
            model.redeemed.add(version)
            self.delta_paid(group.id, model.versions[version], minted, expected)

    def delta_reward(self, group: int, version: Version | None) -> int | None:
        """What a version earns; machines with a model of the emission know it."""
        return None

    def delta_paid(self, group: int, version: Version, minted: int, expected: int | None) -> None:
        """Take note of a payment."""

    @rule(pick=st.integers(0, 3), offset=st.sampled_from([0, -1, 1, 3_600]))
    def wait_for_end_of_period(self, pick: int, offset: int) -> None:
        self.travel(self.registry(pick)[1].end + offset)

    @rule(pick=st.integers(0, 3), offset=st.sampled_from([0, -1, 1]))
    def wait_for_review(self, pick: int, offset: int) -> None:
        _, model = self.registry(pick)
        latest = model.proposals[max(model.proposals)].at if model.proposals else self.world.now
        self.travel(latest + model.length // 7 + offset)

    @invariant()
    def deltas_keep_their_promises(self) -> None:
        if not self.groups:
            return
        group, model = self.registry(self.steps)
        deltas, now = group.deltas, self.world.now
        self._lists_only_grow(group, model)
        with rehearsal():
            later = self.steps % 3 * 11 * DAY
            self.world.now = now + later
            answer = deltas.sync(now)
            version = model.in_force(now)
            check("D7", answer, (version, model.versions[version].tip))
            if later and now + later >= model.end:
                return
            start, length, pending, index, end = deltas.period()
            hold("D6", start <= now + later < end, start, end, now)
            check("D11", end, model.end)
            check("D6 grid", (start, length, index), (model.start, model.length, model.index))
            check("D9", pending, model.pending)
            check("D1", deltas.leader(), model.leader())
            check("D4 version", deltas.version(), model.version)
            power = self.stakes.power(group.id, None, model.start // EPOCH)
            for proposal in {0, *list(model.proposals)[-3:]}:
                tally = deltas.tally(model.index, proposal)
                check("D3", tally, model.tally(proposal))
                hold("D2", tally <= power, proposal, tally, power)

    def _lists_only_grow(self, group: Group, model: DeltaModel) -> None:
        """D4, D5, D10 on one version, a different one after every step."""
        written = group.deltas.version()
        version = model.base + self.steps % (written - model.base + 1)
        found, delta = group.deltas.tip_of(version), group.deltas.delta_of(version)
        check("D4 never changes", found, self.tips_seen.setdefault((group.id, version), found))
        expected = model.versions[version]
        check("D5", (found, delta), (expected.tip, expected.delta_hash))
        if version > model.base:
            parent = group.deltas.tip_of(version - 1)
            check("D4", found, keccak(encode(["bytes32", "bytes32"], [parent, delta])))
            credit = 0 if version in model.redeemed else expected.credit
            due = (expected.proposer, expected.period_start, credit)
            check("D10 due", group.deltas.due(version), due)
