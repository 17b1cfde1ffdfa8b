"""How strategies spread: by imitation of who earns more, with a few experiments.

In each revision a player compares itself with another of its kind, drawn at random, and takes over
its strategy with a probability in proportion to what that one earned more. In expectation this is
the replicator dynamic (Schlag 1998, "Why imitate, and if so, how?"). With a small probability a
player tries any strategy instead.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass
class Player:
    """Who plays a strategy: `size` actors who all do the same, of a kind that imitates its like."""

    number: int  # of the actor on chain
    strategy: str
    size: int = 1
    kind: str = ""
    cost: float = 0.0  # NRN spent off chain since the last revision, all actors together


@dataclass(frozen=True)
class Rule:
    """How fast and how curious players are."""

    rate: float = 0.5  # probability of a change if the other earns `spread` more
    curiosity: float = 0.02


USUAL = Rule()


def revise(
    players: Sequence[Player],
    profits: dict[int, float],
    strategies: Sequence[str],
    random: np.random.Generator,
    rule: Rule = USUAL,
) -> None:
    """Let every player look at another once. `profits`: NRN per actor, by player's number.

    All look at the strategies before the revision.
    """
    before = {player.number: player.strategy for player in players}
    for player in players:
        if random.random() < rule.curiosity:
            player.strategy = strategies[int(random.integers(len(strategies)))]
            continue
        peers = [p for p in players if p.kind == player.kind and p is not player]
        if not peers:
            continue
        model = peers[int(random.integers(len(peers)))]
        spread = _spread(profits[peer.number] for peer in (*peers, player))
        gain = profits[model.number] - profits[player.number]
        if spread > 0 and random.random() < rule.rate * gain / spread:
            player.strategy = before[model.number]


def _spread(values: Iterable[float]) -> float:
    found = list(values)
    return float(max(found) - min(found))


def shares(players: Sequence[Player]) -> dict[str, float]:
    """Strategy -> part of all actors that play it."""
    counts: Counter[str] = Counter()
    for player in players:
        counts[player.strategy] += player.size
    total = sum(counts.values())
    return {strategy: count / total for strategy, count in sorted(counts.items())}
