"""A group with trainers and keepers who play, week after week, and learn from what they earn."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from eth_utils import keccak

from economy import keepers, trainers
from economy.imitation import Player
from economy.keepers import Keeper, Means
from economy.protocol import BLOCKS_PER_EPOCH, EPOCH, NRN, Protocol
from economy.race import UNIT, Claim, Group, Outcome
from economy.trainers import Trainer, View
from economy.training import Curve

FORGOTTEN = 0.5  # part of the work that new data undoes


@dataclass
class Season:
    """A running group. `work`: in the incumbent; `public`: in the best checkpoint ever revealed."""

    protocol: Protocol
    group: Group
    curve: Curve
    trainers: Sequence[Trainer]
    keepers: Sequence[Keeper]
    random: np.random.Generator
    training: float = 0.0  # NRN that a trainer of speed 1 pays for a block
    means: Means = field(default_factory=Means)
    work: float = 0.0
    public: float = 0.0
    version: int = 0
    history: list[Outcome] = field(default_factory=list)
    _before: dict[int, int] = field(default_factory=dict)

    def begin(self) -> None:
        """Wait for the first block on which the keepers have power."""
        self.protocol.next_epoch()
        self.protocol.evm.now = self.group.start(self.group.block + 1)
        self._weigh()

    def play_block(self) -> Outcome:
        """One block of the race."""
        self._take_in_data()
        baseline = self.group.incumbent or round(self.curve.loss(self.work) * UNIT)
        view = View(self.curve, baseline, self.group.improvement(), self.public)
        made = [claim for trainer in self._in_order() if (claim := self._claim(trainer, view))]
        claims = self.group.enter(made, baseline)
        for keeper in self.keepers if claims else ():
            ballot = keepers.STRATEGIES[keeper.player.strategy](keeper, claims, self.means)
            if ballot:
                self.group.vote(ballot)
        outcome = self.group.close()
        self.public = max([self.public, *(claim.work for claim in claims if claim.true)])
        if outcome.winner:
            self.work = outcome.winner.work
        self.history.append(outcome)
        return outcome

    def _take_in_data(self) -> None:
        version, _ = self.group.sync()
        if version != self.version:
            self.version = version
            self.work *= 1 - FORGOTTEN
            self.public *= 1 - FORGOTTEN
            for trainer in self.trainers:
                trainer.work *= 1 - FORGOTTEN

    def _claim(self, trainer: Trainer, view: View) -> Claim | None:
        strategy = trainer.player.strategy
        if strategy in trainers.WORKS:
            trainer.player.cost += self.training * trainer.speed
        return trainers.STRATEGIES[strategy](trainer, view, self.random)

    def _in_order(self) -> list[Trainer]:
        """In the order of their commitments: who need not train is first, else by chance."""
        shuffled = [self.trainers[n] for n in self.random.permutation(len(self.trainers))]
        return sorted(shuffled, key=lambda t: t.player.strategy not in trainers.FIRST)

    def play_week(self) -> dict[int, float]:
        """An epoch of blocks; NRN that each actor of a player has earned, costs off, by number."""
        for _ in range(BLOCKS_PER_EPOCH):
            self.play_block()
        self.protocol.check_conservation()
        return self._weigh()

    def _weigh(self) -> dict[int, float]:
        earned = {}
        posted = self.group.posted()  # for days, while claims may be challenged
        for player in self.players:
            wealth = self.protocol.wealth(self.protocol.actors[player.number], [self.group.id])
            wealth += posted.get(player.number, 0)
            gain = (wealth - self._before.get(player.number, wealth)) / NRN
            earned[player.number] = (gain - player.cost) / player.size
            self._before[player.number], player.cost = wealth, 0.0
        return earned

    @property
    def players(self) -> list[Player]:
        return [t.player for t in self.trainers] + [k.player for k in self.keepers]

    def new_data(self, name: str) -> None:
        """A delta that all keepers adopt; when it comes into force, work is undone."""
        group, evm = self.group, self.protocol.evm
        start, length, _, _, _ = group.deltas.period()
        review = length // 7
        if (evm.now - start) % length > 4 * review:  # too late for this period
            evm.now += length - (evm.now - start) % length
        _, tip = group.deltas.sync(evm.now)
        content = keccak(text=name)
        number = group.deltas.propose(tip, content, sender=self.keepers[0].actor.address)
        evm.now += review
        epoch = group.deltas.period()[0] // EPOCH
        for keeper in self.keepers:
            if self.protocol.vault.power_at(group.id, keeper.actor.address, epoch):
                group.deltas.vote(number, sender=keeper.actor.address)
        evm.now = group.start(group.block + 1)


def endow(protocol: Protocol, group: Group, players: Sequence[Player], stake: float) -> None:
    """Stake so many NRN for every actor of each player."""
    for player in players:
        amount = round(stake * player.size * NRN)
        protocol.vault.stake(group.id, amount, sender=protocol.actors[player.number].address)
