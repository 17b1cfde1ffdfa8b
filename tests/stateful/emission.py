"""The coinbase: model, rules and the invariants C1 to C5.

The rules call as the group contracts do, also as wrong ones would: any start, any credit, as often
as they like. The budget must hold even then.
"""

from collections import Counter
from fractions import Fraction

import hypothesis.strategies as st
from hypothesis.stateful import invariant, rule

from tests.stateful.machine import PEOPLE, check, hold
from tests.stateful.vault import StakeRules, VaultModel
from tests.stateful.world import DAY, EPOCH, FOUR_YEARS, World

BLOCKS, SECONDS = 28, EPOCH


class EmissionModel:
    """The closed form of section 4, in exact fractions."""

    def __init__(self, world: World, stakes: VaultModel) -> None:
        self.world, self.stakes = world, stakes
        self.blocks_paid: Counter[tuple[int, int]] = Counter()  # (group, epoch)
        self.seconds: Counter[tuple[int, int]] = Counter()
        self.block_mints: Counter[int] = Counter()  # epoch -> NRN wei
        self.delta_mints: Counter[int] = Counter()
        self.minted = 0

    def reward(self, group: int, start: int, divisor: int, part: Fraction) -> int:
        """Part of `issued / divisor`, halved, times the group's share of the stake; floored."""
        issued, epoch = self.world.sale.issued(), start // EPOCH
        if start < self.world.end or self.world.now < self.world.end or not issued:
            return 0
        halvings = (start - self.world.end) // FOUR_YEARS
        if halvings >= 96:
            return 0
        base = max(self.stakes.power(None, None, epoch), issued // 100)
        share = Fraction(self.stakes.power(group, None, epoch), base) if base else Fraction(0)
        return int(issued * share * part / (divisor * 2**halvings))

    def block(self, group: int, start: int) -> int:
        """What a block earns now, given what its epoch has left."""
        if self.blocks_paid[group, start // EPOCH] >= BLOCKS:
            return 0
        return self.reward(group, start, 100_000, Fraction(1))

    def credit(self, group: int, start: int, asked: int) -> int:
        return min(asked, SECONDS - self.seconds[group, start // EPOCH])

    def delta(self, group: int, start: int, asked: int) -> int:
        """What a delta earns now, given what its epoch has left."""
        credit = self.credit(group, start, asked)
        return self.reward(group, start, 1_000_000, Fraction(credit, SECONDS))

    def paid_block(self, group: int, start: int, amount: int) -> None:
        epoch = start // EPOCH
        if self.blocks_paid[group, epoch] < BLOCKS:
            self.blocks_paid[group, epoch] += 1
        self.block_mints[epoch] += amount
        self.minted += amount

    def paid_delta(self, group: int, start: int, asked: int, amount: int) -> None:
        epoch = start // EPOCH
        self.seconds[group, epoch] += self.credit(group, start, asked)
        self.delta_mints[epoch] += amount
        self.minted += amount

    def check(self) -> None:
        """C1, C2 and C4 for the epochs touched last."""
        coinbase, issued = self.world.coinbase, self.world.sale.issued()
        check("C4 minted", coinbase.minted(), self.minted)
        hold("C4", self.minted * 10_000 <= issued * 1_174, self.minted, issued)
        for counted, used, most in (
            (self.blocks_paid, coinbase.blocks_paid, BLOCKS),
            (self.seconds, coinbase.delta_seconds, SECONDS),
        ):
            for group, epoch in list(counted)[-2:]:
                found = used(group, epoch)
                check("C1", found, counted[group, epoch])
                hold("C1", found <= most, group, epoch, found)
        for mints, most in (
            (self.block_mints, Fraction(28, 100_000)),
            (self.delta_mints, Fraction(1, 10**6)),
        ):
            for epoch in list(mints)[-2:]:
                halvings = max(0, (epoch * EPOCH - self.world.end) // FOUR_YEARS)
                cap = issued * most / 2**halvings
                hold("C2", mints[epoch] <= cap, epoch, mints[epoch], cap)


class EmissionRules(StakeRules):
    """Stake hops between groups; blocks and deltas are paid early, late, twice and out of order."""

    def __init__(self) -> None:
        super().__init__()
        self.emission = EmissionModel(self.world, self.stakes)

    @rule(source=st.integers(0, 2), target_group=st.integers(0, 2), who=PEOPLE)
    def hop(self, source: int, target_group: int, who: int) -> None:
        """Leave one group with everything and stake as much in another, in the same epoch."""
        mine = self.stakes.staked(source + 1, self.people[who])
        if not mine:
            return
        self.request_exit(source, who, 0, 12)
        self.stake(target_group, who, mine, 0)

    @rule(keeper=PEOPLE)
    def leave_alone(self, keeper: int) -> None:
        """All but one leave: what is left may be less than the floor of the stake."""
        for who in set(range(6)) - {keeper}:
            for source in range(len(self.groups)):
                self.request_exit(source, who, 0, 12)
        self.pass_epochs(1, 0)

    @rule(
        pick=st.integers(0, 2),
        ago=st.integers(0, 40),
        keeper_bps=st.sampled_from([0, 2_000, 5_000]),
        times=st.sampled_from([1, 1, 30]),
        other=st.integers(0, 5),
    )
    def pay_blocks(self, pick: int, ago: int, keeper_bps: int, times: int, other: int) -> None:
        group = self.groups[pick % len(self.groups)]
        now, coinbase = self.world.now, self.world.coinbase
        start = group.start(max(0, group.block(now) - ago))
        trainer = self.people[other]
        for _ in range(times):
            expected = self.emission.block(group.id, start)
            reason = "coinbase: running" if start + DAY // 4 > now else None
            before = self.world.nrn.balanceOf(trainer)
            caller = group.voting.address
            pooled = self.attempt(
                reason, coinbase.mint_block, trainer, start, keeper_bps, sender=caller
            )
            if reason is None:
                check("C3 pool", pooled, expected * keeper_bps // 10_000)
                check("C3", self.world.nrn.balanceOf(trainer), before + expected - pooled)
                self.emission.paid_block(group.id, start, expected)

    @rule(
        pick=st.integers(0, 2), ago=st.integers(0, 100 * DAY),
        credit=st.sampled_from([EPOCH, DAY, 1, EPOCH + 1, 56 * DAY, 3 * DAY + 1]),
    )  # fmt: skip
    def pay_delta(self, pick: int, ago: int, credit: int) -> None:
        group = self.groups[pick % len(self.groups)]
        start = max(group.genesis_time, self.world.now - ago)
        expected = self.emission.delta(group.id, start, credit)
        reason = "coinbase: running" if start + credit > self.world.now else None
        caller = group.deltas.address
        minted = self.attempt(
            reason, self.world.coinbase.mint_delta, self.people[0], start, credit, sender=caller
        )
        if reason is None:
            check("C3 delta", minted, expected)
            self.emission.paid_delta(group.id, start, credit, expected)

    @rule(who=PEOPLE, pick=st.integers(0, 2))
    def pay_a_stranger(self, who: int, pick: int) -> None:
        """Neither people nor the other contract of a pair may have rewards minted."""
        group, coinbase = self.groups[pick % len(self.groups)], self.world.coinbase
        me = self.people[who]
        reason = "coinbase: not a group"
        for sender in (me, group.deltas.address):
            self.attempt(reason, coinbase.mint_block, me, self.world.end, 0, sender=sender)
        for sender in (me, group.voting.address):
            self.attempt(reason, coinbase.mint_delta, me, self.world.end, DAY, sender=sender)

    @rule(years=st.sampled_from([1, 4, 4, 8]))
    def pass_years(self, years: int) -> None:
        self.travel(self.world.now + years * FOUR_YEARS // 4)

    @invariant()
    def emission_keeps_its_promises(self) -> None:
        if not self.groups:
            return
        self.emission.check()
        group = self.groups[self.steps % len(self.groups)]
        start = group.start(max(0, group.block(self.world.now) - self.steps % 50))
        view = self.world.coinbase.block_reward(group.id, start)
        check("C5 block", view, self.emission.reward(group.id, start, 100_000, Fraction(1)))
        length = (self.steps % 9 + 1) * DAY
        part = Fraction(min(length, EPOCH), EPOCH)
        found = self.world.coinbase.delta_reward(group.id, start, length)
        check("C5 delta", found, self.emission.reward(group.id, start, 1_000_000, part))
