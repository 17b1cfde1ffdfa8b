"""Sponsorship: model, rules and the invariants P1 to P6."""

from dataclasses import dataclass, field

import hypothesis.strategies as st
from hypothesis.stateful import invariant, rule

from tests.stateful.block_model import Candidate, Round
from tests.stateful.hook import HookRules
from tests.stateful.machine import FLAW, PEOPLE, check, hold
from tests.stateful.world import CHALLENGE, DAY, EPOCH, MAX, NRN, SOURCES, ZERO, Contract, deploy
from tests.support.strange_token import strange

GRACE = 2 * EPOCH


@dataclass
class Sponsorship:
    group: int
    sponsor: str
    token: str
    arrived: int
    n_blocks: int
    since: int
    until: int
    base: int  # height
    spent: int = 0
    refunded: bool = False
    drawn: set[tuple[int, str]] = field(default_factory=set)  # height, keeper or zero

    @property
    def per_block(self) -> int:
        return self.arrived // self.n_blocks

    @property
    def left(self) -> int:
        return 0 if self.refunded else self.arrived - self.spent


class SponsorRules(HookRules):
    """Sponsor, draw, withdraw, refund; in our token and in one that answers nothing, with a fee."""

    def __init__(self) -> None:
        super().__init__()
        self.sponsorships: dict[int, Sponsorship] = {}
        self.credits: dict[tuple[str, str], int] = {}  # token, account
        SOURCES["Strange"] = strange(answers=False)
        self.strange = deploy(ZERO, "Strange", False)
        for person in self.people:
            self.strange.mint(person, 10**30)
            self.world.nrn.approve(self.world.sponsorship.address, MAX, sender=person)

    @property
    def tokens(self) -> tuple[Contract, Contract]:
        return self.world.nrn, self.strange

    @rule(
        pick=st.integers(0, 1), who=PEOPLE, strange=st.booleans(),
        amount=st.sampled_from([9, 10, 997, 100 * NRN, 100 * NRN + 7]),
        n_blocks=st.sampled_from([10, 10, 11, 13, 10_000]), term=st.sampled_from([1, DAY, 7 * DAY]),
        fee=st.sampled_from([0, 0, 1, 10_000]), flaw=FLAW,
    )  # fmt: skip
    def sponsor(
        self, pick: int, who: int, strange: bool, amount: int, n_blocks: int, term: int, fee: int,
        flaw: int,
    ) -> None:  # fmt: skip
        group, _ = self.race(pick)
        self.strange.set_fee(fee)
        token, me, now = self.tokens[strange], self.people[who], self.world.now
        group_id = {15: 0, 14: len(self.groups) + 1}.get(flaw, group.id)
        n_blocks = {13: 9, 12: 10_001}.get(flaw, n_blocks)
        until = {11: now, 10: now + 4 * 1_461 * DAY + 1, 9: now + 1_461 * DAY}.get(flaw, now + term)
        arrived = amount - amount * fee // 10_000 if strange else amount
        reason = None
        if group_id not in range(1, len(self.groups) + 1):
            reason = "sp: no group"
        elif not 10 <= n_blocks <= 10_000:
            reason = "sp: blocks"
        elif not now < until <= now + 1_461 * DAY:
            reason = "sp: deadline"
        elif not strange and amount > token.balanceOf(me):
            reason = "erc20: transfer amount exceeds balance"
        elif arrived < n_blocks:
            reason = "sp: amount"
        arguments = (group_id, token.address, amount, n_blocks, until)
        number = self.attempt(reason, self.world.sponsorship.sponsor, *arguments, sender=me)
        if reason is None:
            check("P1 ids", number, len(self.sponsorships) + 1)
            self.sponsorships[number] = Sponsorship(
                group.id, me, token.address, arrived, n_blocks, now, until,
                group.voting.baseline()[2],
            )  # fmt: skip

    def some_draw(self, which: int, back: int) -> tuple[int, Sponsorship, int] | None:
        """A sponsorship, newest first, and one of the last heights of its group."""
        if not self.sponsorships:
            return None
        number = 1 + (len(self.sponsorships) - 1 - which) % len(self.sponsorships)
        one = self.sponsorships[number]
        self.race(one.group - 1)
        return number, one, max(0, max(self.races[one.group].accepted) - back)

    def winner(self, one: Sponsorship, height: int) -> tuple[Candidate, Round] | None:
        """Who won a height that is written down, and its round."""
        model = self.races[one.group]
        for round in model.rounds.values():
            if round.settled and round.height == height and height:
                return model.candidates[round.winner], round
        return None

    def refuse_draw(self, one: Sponsorship, height: int) -> str | None:
        if not one.base < height <= one.base + one.n_blocks:
            return "sp: height"
        if self.world.now >= one.until + GRACE:
            return "sp: over"
        if not (won := self.winner(one, height)):
            return "sp: not accepted"
        if won[0].held:
            return "sp: challenged"
        group = self.races[one.group].group
        if not one.since <= group.start(won[0].block_index) < one.until:
            return "sp: not sponsored"
        safe = group.start(won[0].block_index + 1) + CHALLENGE
        return None if self.world.now >= safe else "sp: may be challenged"

    def shares(self, one: Sponsorship, height: int) -> tuple[int, int, int, str]:
        """Of trainer, keepers and proposer; and the proposer."""
        model, won = self.races[one.group], self.winner(one, height)
        assert won
        proposer = model.data.versions[won[1].version].proposer
        to_proposer = one.per_block * 100_000 // 1_100_000 if proposer else 0
        rest = one.per_block - to_proposer
        to_keepers = rest * model.group.config["keeper_bps"] // 10_000
        return rest - to_keepers, to_keepers, to_proposer, proposer

    def credited(self, one: Sponsorship, account: str, amount: int) -> None:
        key = (one.token, account)
        self.credits[key] = self.credits.get(key, 0) + amount
        one.spent += amount

    @rule(which=st.integers(0, 3), back=st.integers(-1, 3))
    def draw(self, which: int, back: int) -> None:
        if not (found := self.some_draw(which, back)):
            return
        number, one, height = found
        reason = self.refuse_draw(one, height)
        if reason is None:
            expected = self.shares(one, height)
            check("P3", self.world.sponsorship.due(number, height), expected[:3])
            reason = "sp: drawn" if (height, ZERO) in one.drawn else None
        amount = self.attempt(reason, self.world.sponsorship.draw, number, height)
        if reason is None:
            check("P3 drawn", amount, expected[0] + expected[2])
            won = self.winner(one, height)
            assert won
            self.credited(one, won[0].claim.trainer, expected[0])
            self.credited(one, expected[3] or ZERO, expected[2])
            one.drawn.add((height, ZERO))

    @rule(which=st.integers(0, 3), back=st.integers(-1, 3), who=PEOPLE)
    def draw_keeper(self, which: int, back: int, who: int) -> None:
        if not (found := self.some_draw(which, back)):
            return
        number, one, height = found
        staker, model = self.people[who], self.races[one.group]
        reason = self.refuse_draw(one, height)
        won = self.winner(one, height)
        if reason is None and won:
            paid = (won[0].block_index, staker) in self.drawn[one.group]
            reason = None if paid else "sp: not paid"
            if (height, staker) in one.drawn:
                reason = "sp: drawn"
        sponsorship = self.world.sponsorship
        amount = self.attempt(reason, sponsorship.draw_keeper, number, height, staker)
        if reason is None and won:
            power = model.power(staker, won[0].block_index)
            check("P3 keeper", amount, self.shares(one, height)[1] * power // won[1].votes)
            self.credited(one, staker, amount)
            one.drawn.add((height, staker))

    @rule(who=PEOPLE, strange=st.booleans(), fee=st.sampled_from([0, 1]))
    def withdraw_draws(self, who: int, strange: bool, fee: int) -> None:
        self.strange.set_fee(fee)
        token, me = self.tokens[strange], self.people[who]
        mine = self.credits.get((token.address, me), 0)
        before = token.balanceOf(me)
        reason = None if mine else "sp: nothing"
        amount = self.attempt(reason, self.world.sponsorship.withdraw, token.address, me)
        if reason is None:
            check("P4", amount, self.credits.pop((token.address, me)))
            arrives = amount - (amount * fee // 10_000 if strange else 0)
            check("P4 paid", token.balanceOf(me), before + arrives)

    @rule(which=st.integers(0, 3), wait=st.sampled_from([None, None, 0, -1]))
    def refund(self, which: int, wait: int | None) -> None:
        if not (found := self.some_draw(which, 0)):
            return
        number, one, _ = found
        self.strange.set_fee(0)
        if wait is not None:
            self.travel(one.until + GRACE + wait)
        running = self.world.now < one.until + GRACE
        reason = "sp: running" if running else None if one.left else "sp: nothing"
        amount = self.attempt(reason, self.world.sponsorship.refund, number)
        if reason is None:
            check("P5", amount, one.left)
            one.refunded = True

    @rule(
        pick=st.integers(0, 1), which=st.integers(0, 1), strange=st.booleans(), who=PEOPLE,
        early=st.sampled_from([0, 0, 0, 1]),
    )  # fmt: skip
    def sponsored_block(self, pick: int, which: int, strange: bool, who: int, early: int) -> None:
        """A sponsorship, a block whose keepers evaluated it, and all that it earns when it is safe,
        or a second earlier."""
        self.sponsor(pick, who, strange, 100 * NRN + 7, 13, 7 * DAY, 0, 0)
        self.play_block(pick, [0, 1], False, False, 10, [3, 3, 1, None, 3, 0], True)
        if (found := self.some_draw(which, 0)) and (won := self.winner(*found[1:])):
            group = self.races[found[1].group].group
            self.travel(group.start(won[0].block_index + 1) + CHALLENGE - early)
        for back in (0, 0, 1):
            self.draw(which, back)
            for keeper in range(6):
                self.draw_keeper(which, back, keeper)

    @invariant()
    def sponsorship_keeps_its_promises(self) -> None:
        if not self.groups:
            return
        contract = self.world.sponsorship
        for token in self.tokens:
            mine = [s for s in self.sponsorships.values() if s.token == token.address]
            owed = sum(a for (t, _), a in self.credits.items() if t == token.address)
            check("P2", token.balanceOf(contract.address), owed + sum(s.left for s in mine))
        if self.sponsorships:
            number = 1 + self.steps % len(self.sponsorships)
            one = self.sponsorships[number]
            hold("P6", one.spent <= one.arrived, one.spent, one.arrived)
            expected = (
                one.group, one.sponsor, one.token, one.left,
                0 if one.refunded else one.per_block, one.since, one.until,
            )  # fmt: skip
            check("P1", contract.sponsorship(number), expected)
            check("P1 heights", contract.heights(number), (one.base + 1, one.base + one.n_blocks))
