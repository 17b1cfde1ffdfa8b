"""Trainers (E2): does it pay to show all progress, to slice it, to copy, to lie?"""

from collections import defaultdict

from economy.experiments.result import Figure, Result
from economy.imitation import Rule, revise, shares
from economy.protocol import TERMS
from economy.race import UNIT
from economy.scene import Part, season
from economy.season import Season
from economy.settings import Settings

MIXES = (
    ("honest",), ("salami",), ("honest", "salami"), ("salami", "salami"),
    ("honest", "honest", "thief"), ("honest", "honest", "liar"),
)  # fmt: skip
STRATEGIES = ("honest", "salami", "thief", "liar", "rest")
WEEKS_BETWEEN_DATA = 13
FLOORS = (1.5e-5, 1e-4, 1e-3, 1e-2)  # nats


def mixes(settings: Settings) -> Result:
    """Half a year of a few trainers of equal speed who do not change their minds."""
    rows: list[tuple[str | float, ...]] = []
    for mix in MIXES:
        running = season(settings, [Part(s) for s in mix], [_keeper(settings)])
        earned = _play(running, 26)
        profits = "; ".join(
            f"{t.player.strategy} {earned[t.player.number]:.0f}" for t in running.trainers
        )
        accepted = sum(outcome.status == 1 for outcome in running.history)
        rows.append((profits, accepted, len(running.history), running.curve.loss(running.work)))
    columns = ("profit in 26 weeks, NRN", "blocks accepted", "of", "loss at the end, nats")
    return Result("mixes", "Trainers who meet (E2)", columns, rows)


def floors(settings: Settings) -> Result:
    """A lone trainer and two, by the least improvement, with the pace and without."""
    rows: list[tuple[str | float, ...]] = []
    for nats in FLOORS:
        for most, pace in ((TERMS["max_improvement"], "yes"), (0, "no")):
            least = round(nats * UNIT)
            terms = {"min_improvement": least, "max_improvement": max(least, most)}
            found: list[str | float] = [nats, pace]
            for mix in (("honest",), ("salami",), ("honest", "salami")):
                trainers = [Part(strategy) for strategy in mix]
                running = season(settings.with_terms(**terms), trainers, [_keeper(settings)])
                earned = _play(running, 26)
                found += [earned[t.player.number] for t in running.trainers]
                found += [running.curve.loss(running.work)] if len(mix) == 1 else []
            rows.append(tuple(found))
    columns = (
        "least improvement, nats", "pace", "honest alone, NRN", "its loss, nats",
        "salami alone, NRN", "its loss, nats", "honest against salami, NRN",
        "salami against honest, NRN",
    )  # fmt: skip
    return Result("floors", "The least improvement (E2)", columns, rows)


def evolution(settings: Settings) -> Result:
    """Which strategies of trainers survive, if all begin in equal numbers."""
    copies = 4 if settings.world.full else 2
    parts = [
        Part(strategy, kind=str(speed), speed=speed)
        for speed in settings.world.speeds
        for strategy in STRATEGIES
        for _ in range(copies)
    ]
    running = season(settings, parts, [_keeper(settings)])
    players = [trainer.player for trainer in running.trainers]
    lines: dict[str, tuple[list[float], list[float]]] = {s: ([], []) for s in STRATEGIES}
    profits: dict[str, list[float]] = defaultdict(list)
    for week in range(settings.world.weeks):
        earned = running.play_week()
        part = shares(players)
        for strategy in STRATEGIES:
            lines[strategy][0].append(week)
            lines[strategy][1].append(part.get(strategy, 0.0))
        for player in players:
            profits[player.strategy].append(earned[player.number])
        revise(players, earned, STRATEGIES, running.random, Rule(curiosity=0.01))
        if week % WEEKS_BETWEEN_DATA == WEEKS_BETWEEN_DATA - 1:
            running.new_data(f"season {week}")
    rows: list[tuple[str | float, ...]] = [
        (s, lines[s][1][-1], sum(profits[s]) / max(1, len(profits[s]))) for s in STRATEGIES
    ]
    columns = ("strategy", "part at the end", "mean profit a week, NRN")
    figure = Figure("trainers", "Trainers by strategy", "week", "part of the trainers", lines)
    return Result("trainers", "Which trainers survive", columns, rows, [figure])


def _keeper(settings: Settings) -> Part:
    return Part("honest", stake=settings.world.staked)


def _play(running: Season, weeks: int) -> dict[int, float]:
    """Profits of so many weeks, by player's number."""
    total: dict[int, float] = defaultdict(float)
    for _ in range(weeks):
        for number, profit in running.play_week().items():
            total[number] += profit
    return total
