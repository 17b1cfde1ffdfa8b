"""Owners of stake (E1): keep where people want a model, or farm a toy group of one's own?

A self-dealer founds a group whose data are worthless and whose rules never stand in the way (least
improvement, all pay to the trainer, who is itself), and takes all of its share of the pie. A
keeper of a real group gets the keepers' part of its share and pays for evaluations; what sponsors
pay comes on top. Owners move their stake to where it earned more; leaving costs two epochs, as on
chain. All groups run on the same grid of time.
"""

from collections import defaultdict, deque
from dataclasses import dataclass

import numpy as np

from economy.experiments.result import Figure, Line, Result
from economy.imitation import Player, Rule, revise
from economy.keepers import Keeper
from economy.protocol import BLOCKS_PER_EPOCH, CHALLENGE, EPOCH, NRN, Actor, Protocol
from economy.race import Ballot, Claim, Group
from economy.season import Season
from economy.settings import Settings
from economy.trainers import Trainer
from economy.training import fit, recorded

OWNERS = 10
SPONSORSHIPS = (0.0, 0.25, 0.5, 1.0, 2.0)  # offered a week, as parts of the pie of a week
KEEPER_BPS = (2_000, 5_000, 8_000)
TOY = {"min_improvement": 1, "max_improvement": 1, "keeper_bps": 0, "checkpoint_quorum_bps": 1_000}
TOP = 2**63  # loss where a toy group begins
WEEKS_BETWEEN_DATA = 13


@dataclass
class Owner:
    """Stake that works in the real group or in a toy group of its own."""

    player: Player
    actor: Actor
    toy: Group
    loss: int = TOP
    claims: int = 0
    free: int = 0  # epoch in which it is withdrawn; 0 while it works


@dataclass(frozen=True)
class Share:
    """What a sponsorship pays for a block, from `safe` on, in unix seconds."""

    safe: int
    sponsorship: int
    height: int
    keepers: list[str]


@dataclass(frozen=True)
class Found:
    """Part of the stake in the real group at the end, yields a year, sponsors' pay / pie."""

    real: float
    yields: dict[str, float]
    sponsored: float


def self_dealing(settings: Settings) -> Result:
    """The part of the stake in the real group at the end, by sponsorship and keepers' share."""
    rows: list[tuple[str | float, ...]] = []
    lines: dict[str, Line] = {}
    for bps in KEEPER_BPS:
        found = [Farm(settings.with_terms(keeper_bps=bps), part).play() for part in SPONSORSHIPS]
        lines[f"keepers get {bps // 100} %"] = (list(SPONSORSHIPS), [f.real for f in found])
        rows += [
            (bps / 10_000, f.sponsored, f.yields["real"], f.yields["toy"], f.real) for f in found
        ]
    columns = (
        "keepers' share", "sponsors paid / pie", "yield of honest keeping a year",
        "yield of a toy group a year", "stake in the real group at the end",
    )  # fmt: skip
    title = "Where stake works, by what sponsors offer"
    figure = Figure("stake", title, "sponsorship offered / pie", "part of the stake", lines)
    return Result("stake", "Self-dealing (E1)", columns, rows, [figure])


class Farm:
    """One real group with a trainer and a sponsor, and owners who each have a toy group."""

    def __init__(self, settings: Settings, sponsored: float) -> None:
        world = settings.world
        self.weeks, self.pie = world.weeks, world.issued / 100_000 * BLOCKS_PER_EPOCH
        self.offer = round(sponsored * self.pie * NRN)
        self.stake = round(world.staked / OWNERS * NRN)
        holdings = dict.fromkeys(range(OWNERS), self.stake + 100 * NRN) | {OWNERS: 5_000 * NRN}
        holdings[OWNERS + 1] = round(world.issued * NRN) - sum(holdings.values())  # the sponsor
        self.protocol = Protocol(holdings)
        self.random = np.random.default_rng(world.seed)
        actors = self.protocol.actors
        real = Group.found(self.protocol, **settings.terms)
        toy = TOY | {"bond": 2 * NRN}
        self.owners = [
            Owner(Player(n, ("real", "toy")[n % 2]), actors[n], Group.found(self.protocol, **toy))
            for n in range(OWNERS)
        ]
        self.keepers = [
            Keeper(Player(n, "honest"), actors[n], world.evaluation) for n in range(OWNERS)
        ]
        trainer = Trainer(Player(OWNERS, "honest"), actors[OWNERS], 1.0)
        self.season = Season(self.protocol, real, fit(recorded()), [trainer], [], self.random)
        self.sponsorship = 0
        self.undrawn: deque[Share] = deque()
        for owner in self.owners:
            self._settle(owner)
        self.protocol.next_epoch()

    def play(self) -> Found:
        """All weeks."""
        yields: dict[str, list[float]] = defaultdict(list)
        start = self._sponsored()
        before = self._wealth()
        for week in range(self.weeks):
            self._play_week(week)
            after = self._wealth()
            earned = {n: (after[n] - before[n]) / NRN - self._cost(n) for n in after}
            for owner in self.owners:
                if not owner.free:
                    gain = earned[owner.player.number] * NRN / self.stake
                    yields[owner.player.strategy].append(52 * gain)
            if week % 4 == 3:
                self._reconsider(earned)
            before = after
        part = sum(o.player.strategy == "real" for o in self.owners) / OWNERS
        means = {name: float(np.mean(yields[name] or [np.nan])) for name in ("real", "toy")}
        return Found(part, means, (start - self._sponsored()) / NRN / self.weeks / self.pie)

    def _play_week(self, week: int) -> None:
        self._arrive()
        self._sponsor()
        real = self.season.group
        working = [o for o in self.owners if not o.free]
        self.season.keepers = [
            k for k, o in zip(self.keepers, self.owners, strict=True)
            if o in working and o.player.strategy == "real"
        ]  # fmt: skip
        if week % WEEKS_BETWEEN_DATA == WEEKS_BETWEEN_DATA - 1 and self.season.keepers:
            self.season.new_data(f"data {week}")
        first = real.block + (self.protocol.evm.now > real.start(real.block))
        for block in range(first, first + BLOCKS_PER_EPOCH):
            self.protocol.evm.now = real.start(block)
            for owner in working:
                if owner.player.strategy == "toy" and self._has_power(owner.toy, block):
                    self._deal_with_itself(owner, block)
            self.protocol.evm.now = real.start(block)
            if self._has_power(real, block):
                self._keep()
            self.protocol.evm.now = real.start(block + 1)
            self._draw()
        self.protocol.check_conservation()

    def _has_power(self, group: Group, block: int) -> bool:
        return bool(self.protocol.vault.group_power_at(group.id, group.start(block) // EPOCH))

    def _keep(self) -> None:
        real = self.season.group
        safe = real.start(real.block + 1) + CHALLENGE
        outcome = self.season.play_block()
        if not outcome.winner or not self.sponsorship:
            return
        keepers = [b.keeper.address for b in real.ballots if outcome.winner in b.approves]
        self.undrawn.append(Share(safe, self.sponsorship, outcome.height, keepers))

    def _draw(self) -> None:
        """What sponsors pay for blocks that can be challenged no more."""
        while self.undrawn and self.undrawn[0].safe <= self.protocol.evm.now:
            share = self.undrawn.popleft()
            self.protocol.sponsorship.draw(share.sponsorship, share.height)
            for keeper in share.keepers:
                self.protocol.sponsorship.draw_keeper(share.sponsorship, share.height, keeper)

    def _deal_with_itself(self, owner: Owner, block: int) -> None:
        """A claim that gains the least, approved by its maker."""
        self.protocol.evm.now = owner.toy.start(block)
        owner.claims += 1
        name = owner.claims.to_bytes(32, "big")
        claim = Claim(owner.actor, name, owner.loss - owner.toy.improvement())
        owner.toy.sync()
        owner.toy.enter([claim], owner.loss)
        owner.toy.vote(Ballot(owner.actor, [claim]))
        if owner.toy.close().winner:
            owner.loss = claim.loss

    def _sponsor(self) -> None:
        if not self.offer:
            return
        until = self.protocol.evm.now + 2 * EPOCH
        sponsor = self.protocol.actors[OWNERS + 1].address
        self.sponsorship = self.protocol.sponsorship.sponsor(
            self.season.group.id, self.protocol.nrn.address, self.offer, BLOCKS_PER_EPOCH, until,
            sender=sponsor,
        )  # fmt: skip

    def _reconsider(self, earned: dict[int, float]) -> None:
        """Who works may change sides; who is on the way may not."""
        working = [owner for owner in self.owners if not owner.free]
        before = {owner.player.number: owner.player.strategy for owner in working}
        players = [owner.player for owner in working]
        revise(players, earned, ("real", "toy"), self.random, Rule(curiosity=0.02))
        for owner in working:
            if owner.player.strategy != before[owner.player.number]:
                group = self._group(owner, before[owner.player.number])
                vault = self.protocol.vault
                owner.free = vault.request_exit(group, self.stake, sender=owner.actor.address)

    def _arrive(self) -> None:
        for owner in self.owners:
            if owner.free and self.protocol.epoch >= owner.free:
                self.protocol.vault.withdraw(owner.free, sender=owner.actor.address)
                owner.free = 0
                self._settle(owner)

    def _settle(self, owner: Owner) -> None:
        group = self._group(owner, owner.player.strategy)
        self.protocol.vault.stake(group, self.stake, sender=owner.actor.address)

    def _group(self, owner: Owner, strategy: str) -> int:
        return self.season.group.id if strategy == "real" else owner.toy.id

    def _wealth(self) -> dict[int, int]:
        groups = (self.season.group.id, *(owner.toy.id for owner in self.owners))
        return {
            o.player.number: self.protocol.wealth(o.actor, groups) + sum(o.toy.posted().values())
            for o in self.owners
        }

    def _sponsored(self) -> int:
        """What the sponsor has, and what of its money nobody has drawn."""
        sponsor = self.protocol.actors[OWNERS + 1]
        books = self.protocol.sponsorship
        left = sum(books.sponsorship(n)[3] for n in range(1, books.n_sponsorships() + 1))
        return int(self.protocol.nrn.balanceOf(sponsor.address)) + int(left)

    def _cost(self, number: int) -> float:
        player = self.keepers[number].player
        cost, player.cost = player.cost, 0.0
        return cost
