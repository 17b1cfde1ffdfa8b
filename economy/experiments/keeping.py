"""Keepers (E4): who evaluates alone, who joins a pool, who votes blindly, who stays away?"""

from collections import Counter

from economy.experiments.result import Figure, Line, Result
from economy.imitation import Player, revise
from economy.keepers import STRATEGIES
from economy.scene import Part, reward, season, to_keepers
from economy.settings import Settings

# Kinds of keepers: actors of each player, part of all stake that the kind has together.
KINDS = {"small": (100, 0.2), "middle": (10, 0.3), "large": (1, 0.5)}
COSTS = (0.1, 0.3, 1.0, 3.0, 10.0)  # an evaluation, as parts of the mean pay for one
PLAYERS = 8  # of each kind


def pooling(settings: Settings) -> Result:
    """The keepers' strategies at the end, by what an evaluation costs."""
    rows: list[tuple[str | float, ...]] = []
    lines: dict[str, Line] = {strategy: ([], []) for strategy in STRATEGIES}
    for part in COSTS:
        by_stake, lies = _settle_down(settings.but(evaluation=part * _pay(settings)))
        for strategy in STRATEGIES:
            lines[strategy][0].append(part)
            lines[strategy][1].append(by_stake[strategy])
        rows.append((part, *(by_stake[s] for s in STRATEGIES), lies))
    columns = ("cost of an evaluation / mean pay", *STRATEGIES, "lies accepted")
    figure = Figure("keepers", "Keepers by strategy", columns[0], "part of the stake", lines)
    return Result("keepers", "Who evaluates (E4)", columns, rows, [figure])


def _pay(settings: Settings) -> float:
    """NRN that a keeper of mean stake gets for a block."""
    actors = PLAYERS * sum(size for size, _ in KINDS.values())
    return reward(settings) * to_keepers(settings) / actors


def _settle_down(settings: Settings) -> tuple[Counter[str], int]:
    """Strategy -> part of the stake, mean of the last quarter; and how many lies passed."""
    parts = [
        Part(strategy, size, kind, stake=settings.world.staked * whole / PLAYERS / size)
        for kind, (size, whole) in KINDS.items()
        for strategy in _even(list(STRATEGIES), PLAYERS)
    ]
    running = season(settings, [Part("honest"), Part("honest"), Part("liar")], parts)
    weight = {n: part.size * part.stake / settings.world.staked for n, part in enumerate(parts)}
    players = [keeper.player for keeper in running.keepers]
    mean: Counter[str] = Counter()
    weeks = settings.world.weeks
    for week in range(weeks):
        earned = running.play_week()
        revise(players, earned, list(STRATEGIES), running.random)
        if week >= weeks * 3 // 4:
            _add(mean, players, weight, weeks - weeks * 3 // 4)
    lies = sum(bool(o.winner and not o.winner.true) for o in running.history)
    return mean, lies


def _add(mean: Counter[str], players: list[Player], weight: dict[int, float], weeks: int) -> None:
    for player in players:
        mean[player.strategy] += weight[player.number] / weeks  # type: ignore[assignment]


def _even(strategies: list[str], players: int) -> list[str]:
    return [strategies[n % len(strategies)] for n in range(players)]
