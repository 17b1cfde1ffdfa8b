"""Sets the scene of an experiment: who is there, with how much, and a group that runs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from economy.imitation import Player
from economy.keepers import Keeper
from economy.protocol import NRN, TERMS, Protocol
from economy.race import Group
from economy.season import Season, endow
from economy.settings import Settings
from economy.trainers import Trainer
from economy.training import fit, recorded

PURSE = 5_000.0  # NRN with which a trainer begins: bonds


@dataclass(frozen=True)
class Part:
    """A part to be played by `size` actors; a trainer's speed, or a stake each."""

    strategy: str
    size: int = 1
    kind: str = ""
    speed: float = 1.0
    stake: float = 0.0


def season(settings: Settings, trainers: Sequence[Part], keepers: Sequence[Part]) -> Season:
    """A group in which these play; somebody who sits still has the other tokens."""
    world = settings.world
    needs = [
        part.size * part.stake + (PURSE if part.stake == 0 else 1.0)
        for part in (*keepers, *trainers)
    ]
    rest = max(0.0, world.issued - sum(needs))
    amounts = [round(need * NRN) for need in (*needs, rest)]
    protocol = Protocol(dict(enumerate(amounts)))
    group = Group.found(protocol, **settings.terms)
    played_keepers = [
        Keeper(_player(n, part), protocol.actors[n], world.evaluation)
        for n, part in enumerate(keepers)
    ]
    played_trainers = [
        Trainer(_player(n, part), protocol.actors[n], part.speed)
        for n, part in enumerate(trainers, len(keepers))
    ]
    for keeper, part in zip(played_keepers, keepers, strict=True):
        endow(protocol, group, [keeper.player], part.stake)
    running = Season(
        protocol, group, fit(recorded()), played_trainers, played_keepers,
        np.random.default_rng(world.seed), world.training,
    )  # fmt: skip
    running.begin()
    return running


def reward(settings: Settings) -> float:
    """NRN of a block, all in all, for a group with all stake."""
    return settings.world.issued / 100_000


def to_keepers(settings: Settings) -> float:
    """The part of a reward that keepers get."""
    return float((TERMS | settings.terms)["keeper_bps"]) / 10_000


def _player(number: int, part: Part) -> Player:
    return Player(number, part.strategy, part.size, part.kind)
