"""Cartels (F1, F2, F3, A14, E3): what a part of the stake can take from the rest, block by block.

The cartel holds a part of the group's stake; the others are honest keepers of equal stake, some of
them asleep. Profit is the cartel's and its trainers' together, in NRN a block, bonds counted; the
pay of its own honest keeping is taken off, so that 0 means: no better than honest.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from eth_utils import keccak

from economy.experiments.result import Figure, Line, Result
from economy.protocol import NRN, Actor, Protocol
from economy.race import Ballot, Claim, Group, Outcome
from economy.settings import Settings

SHARES = (0.1, 0.2, 0.3, 0.34, 0.4, 0.45, 0.51, 0.6, 0.67)
HONEST = 10  # keepers of equal stake
BLOCKS = 12
CARTEL, TRAINER, BAIT = 0, HONEST + 1, HONEST + 2  # numbers of actors
TOP = 2**40  # loss at the beginning
STEADY = {"min_improvement": 2**16, "max_improvement": 2**16}  # claims gain multiples of it


@dataclass
class Town:
    """A group with a cartel, honest keepers and a trainer who always has progress."""

    protocol: Protocol
    group: Group
    awake: int
    loss: int = TOP
    made: int = 0
    public: Claim | None = None  # the honest checkpoint of the last block, if it did not win
    rejected: list[Claim] | None = None

    @classmethod
    def found(cls, settings: Settings, share: float, awake: int = HONEST) -> "Town":
        """`share` of the stake is the cartel's."""
        staked = settings.world.staked
        holdings = {CARTEL: staked * share + 10_000, TRAINER: 10_000.0, BAIT: 10_000.0}
        holdings |= dict.fromkeys(range(1, HONEST + 1), staked * (1 - share) / HONEST + 1)
        holdings[BAIT + 1] = settings.world.issued - sum(holdings.values())
        protocol = Protocol({n: round(amount * NRN) for n, amount in holdings.items()})
        group = Group.found(protocol, **(settings.terms | STEADY))
        for number in range(HONEST + 1):
            part = share if number == CARTEL else (1 - share) / HONEST
            stake = round(part * staked * NRN)
            protocol.vault.stake(group.id, stake, sender=protocol.actors[number].address)
        protocol.next_epoch()
        protocol.evm.now = group.start(group.block + 1)
        return cls(protocol, group, awake)

    def claim(self, number: int, gain: int, true: bool = True, loss: int | None = None) -> Claim:
        """A new checkpoint of an actor that gains so many units of 2**16."""
        self.made += 1
        value = self.loss - gain * 2**16 if loss is None else loss
        return Claim(self._actor(number), keccak(text=f"{number} {self.made}"), value, true=true)

    def copy(self, claim: Claim) -> Claim:
        """Another's parameters under another nonce, claimed by the cartel."""
        self.made += 1
        checkpoint = keccak(text=f"copy {self.made}")
        return replace(claim, trainer=self._actor(CARTEL), checkpoint=checkpoint)

    def play(
        self, claims: list[Claim], cartel: list[Claim] | None, seen: "Seen | None" = None
    ) -> Outcome:
        """A block: the honest approve the true claims they fetched, the cartel any."""
        entered = self.group.enter(claims, self.loss)
        if cartel is not None:
            self.group.vote(Ballot(self._actor(CARTEL), [c for c in cartel if c in entered]))
        for number in range(1, self.awake + 1):
            fetched = [c for c in entered if c.true and (seen is None or seen(number, c))]
            best = sorted(fetched, key=lambda claim: claim.loss)[:4]
            self.group.vote(Ballot(self._actor(number), best))
        outcome = self.group.close()
        self.loss = outcome.winner.loss if outcome.winner else self.loss
        return outcome

    def wealth(self) -> int:
        """NRN wei of the cartel: its stake, its trainers and their baits."""
        groups = [self.group.id]
        return sum(self.protocol.wealth(self._actor(n), groups) for n in (CARTEL, BAIT))

    def _actor(self, number: int) -> Actor:
        return self.protocol.actors[number]


Seen = Callable[[int, Claim], bool]
Attack = Callable[[Town], None]


def honesty(town: Town) -> None:
    """Keep honestly: what every attack is compared with."""
    claim = town.claim(TRAINER, 2)
    town.play([claim], [claim])


def abstain_and_steal(town: Town) -> None:
    """F1: stay away, so that there is no quorum, then claim a copy of what became public."""
    fresh = town.claim(TRAINER, 2)
    if town.public is None:
        outcome = town.play([fresh], None)
        town.public = None if outcome.winner else fresh
        return
    copy = town.copy(town.public)
    town.play([copy, town.public], [copy])  # the trainer enters its claim again
    town.public = None


def reject_and_steal(town: Town) -> None:
    """F2: approve only one's own copy of the honest checkpoint of the block before."""
    fresh = town.claim(TRAINER, 2)
    mine = [town.copy(town.public)] if town.public else []
    outcome = town.play([*mine, fresh], mine)
    town.public = None if outcome.winner is fresh else fresh


def split(town: Town) -> None:
    """F3: a lie, and two true baits that are each served to a half of the honest keepers only."""
    lie = town.claim(CARTEL, 0, true=False, loss=town.loss - 9 * 2**16)
    baits = [town.claim(BAIT, 4), town.claim(BAIT, 3)]
    fresh = town.claim(TRAINER, 2)

    def seen(keeper: int, claim: Claim) -> bool:
        return claim not in baits or keeper % 2 == baits.index(claim)

    town.play([lie, *baits, fresh], [lie], seen)


def lie(town: Town) -> None:
    """A14: approve a loss that is not true."""
    false = town.claim(CARTEL, 0, true=False, loss=town.loss - 3 * 2**16)
    town.play([false, town.claim(TRAINER, 2)], [false])


ATTACKS: dict[str, tuple[Attack, int]] = {
    "abstain and steal (F1), a third awake": (abstain_and_steal, 3),
    "reject and steal (F2), all awake": (reject_and_steal, HONEST),
    "reject and steal (F2), 60 % awake": (reject_and_steal, 6),
    "split by baits (F3), all awake": (split, HONEST),
    "pass a lie (A14), all awake": (lie, HONEST),
}


def cartels(settings: Settings) -> Result:
    """Profit a block over honest keeping, by the cartel's part of the stake."""
    lines: dict[str, Line] = {}
    rows: list[tuple[str | float, ...]] = []
    for name, (attack, awake) in ATTACKS.items():
        gains = [profit(settings, attack, share, awake) for share in SHARES]
        lines[name] = (list(SHARES), gains)
        first = next((s for s, gain in zip(SHARES, gains, strict=True) if gain > 1e-9), None)
        rows.append((name, "nowhere" if first is None else f"{first:.0%}", max(gains)))
    columns = ("attack", "pays from a share of", "best profit a block, NRN")
    title = "What a cartel gains over honest keeping"
    figure = Figure("cartels", title, "part of the stake", "NRN a block", lines)
    return Result("cartels", "Cartels (F1, F2, F3, A14)", columns, rows, [figure])


def profit(settings: Settings, attack: Attack, share: float, awake: int) -> float:
    """NRN a block that an attack earns more than honest keeping does, for the cartel."""
    return _earn(settings, attack, share, awake) - _earn(settings, honesty, share, awake)


def _earn(settings: Settings, attack: Attack, share: float, awake: int) -> float:
    town = Town.found(settings, share, awake)
    before = town.wealth()
    for _ in range(BLOCKS):
        attack(town)
    let_lapse(town.group)
    town.protocol.check_conservation()
    return (town.wealth() - before) / NRN / BLOCKS


def let_lapse(group: Group) -> None:
    """Wait until bonds burn or return, those that nobody judged too."""
    group.protocol.next_epoch(6)
    group.release(list(group.bonded.values()))
