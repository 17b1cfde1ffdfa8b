"""What trainers do in a block: strategies against the same curve.

A trainer knows its own private checkpoint and everything that was ever revealed. Losses are exact,
so whoever has a checkpoint knows what it may claim.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from eth_utils import keccak

from economy.imitation import Player
from economy.protocol import Actor
from economy.race import UNIT, Claim
from economy.training import Curve


@dataclass
class Trainer:
    """A player with a speed, a private checkpoint (`work`) and a stock of names for checkpoints."""

    player: Player
    actor: Actor
    speed: float
    work: float = 0.0
    made: int = 0

    def claim(self, loss: int, work: float, true: bool = True) -> Claim:
        """A claim for a checkpoint with a new hash."""
        self.made += 1
        name = f"{self.actor.number} {self.made}"
        return Claim(self.actor, keccak(text=name), loss, work, true)


@dataclass(frozen=True)
class View:
    """What every trainer sees at the start of a block. Losses in units of Q32.32 nats."""

    curve: Curve
    baseline: int
    improvement: int
    public: float  # work in the best checkpoint that was ever revealed

    @property
    def highest(self) -> int:
        """The highest loss that wins."""
        return self.baseline - self.improvement

    def loss(self, work: float) -> int:
        return round(self.curve.loss(work) * UNIT)


def honest(trainer: Trainer, view: View, random: np.random.Generator) -> Claim | None:
    """Train the best checkpoint known and claim all of it."""
    _train(trainer, view, random)
    loss = view.loss(trainer.work)
    return trainer.claim(loss, trainer.work) if loss <= view.highest else None


def salami(trainer: Trainer, view: View, random: np.random.Generator) -> Claim | None:
    """Train, but show no more than wins."""
    _train(trainer, view, random)
    if view.loss(trainer.work) > view.highest or view.highest <= 0:
        return None
    return trainer.claim(view.highest, view.curve.work(view.highest / UNIT))


def rest(trainer: Trainer, view: View, random: np.random.Generator) -> Claim | None:
    """Train only while it pays for itself: never, here; the outside option."""
    return None


def thief(trainer: Trainer, view: View, random: np.random.Generator) -> Claim | None:
    """Claim what others revealed, under another nonce."""
    loss = view.loss(view.public)
    return trainer.claim(loss, view.public) if loss <= view.highest else None


def liar(trainer: Trainer, view: View, random: np.random.Generator) -> Claim | None:
    """Claim half of the loss that is to beat."""
    return trainer.claim(view.baseline // 2, view.public, true=False)


Strategy = Callable[[Trainer, View, np.random.Generator], Claim | None]
STRATEGIES: dict[str, Strategy] = {
    "honest": honest, "salami": salami, "thief": thief, "liar": liar, "rest": rest,
}  # fmt: skip
WORKS = ("honest", "salami")  # pay for training
FIRST = ("thief", "salami")  # need no time before they commit


def _train(trainer: Trainer, view: View, random: np.random.Generator) -> None:
    trainer.work = max(trainer.work, view.public) + view.curve.step(trainer.speed, random)
