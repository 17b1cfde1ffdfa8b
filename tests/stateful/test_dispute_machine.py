"""Random disputes beside what must hold of all of them, see `disputing`."""

from collections.abc import Callable
from functools import partial
from random import Random

from compute.dispute.state import BUDGET, GRACE
from tests.attacks.scene import Scene
from tests.stateful.conftest import SHARE
from tests.stateful.court import ALICE
from tests.stateful.disputing import DisputeRules
from tests.stateful.world import DAY, Calls
from tests.support.disputes import Honest, Problem, mlp

LIVES = 3  # unless calls are asked for


def better_and_better() -> list[Honest]:
    """The same data and program, three models."""
    made = mlp(count=18)
    scaled = ({k: p * scale for k, p in made.params.items()} for scale in (1.0, 0.5, 0.25))
    found = [Honest(Problem(made.rows, {**params}, made.columns)) for params in scaled]
    return sorted(found, key=lambda honest: -honest.evaluation.loss)


def live(machine: DisputeRules, chance: Random, steps: int) -> None:
    """One life.  All its choices are of equal weight: generated ones mostly end after two."""
    seed, one = partial(chance.randrange, 10**6), partial(chance.choice, (True, False))
    row, who = partial(chance.randrange, 24), partial(chance.choice, (0, 1, 2, ALICE, 4, 5))
    sleep = partial(chance.choice, (60, 1_800, GRACE, 4 * GRACE, BUDGET, 3 * DAY))
    rules: list[Callable[[], None]] = [
        lambda: machine.claim(one(), row(), seed()),
        lambda: machine.challenge(seed(), who(), one(), row()),
        *[lambda: machine.move(seed(), chance.randint(1, 5))] * 5,
        *[lambda: machine.bring(seed(), who())] * 3,
        lambda: machine.sleep(sleep()),
        lambda: machine.repeat(seed(), seed(), chance.randrange(6)),
        *[lambda: machine.usurp(seed(), chance.randrange(6))] * 2,
        lambda: machine.end(seed(), one()),
        lambda: machine.withdraw(seed()),
        lambda: machine.redeem(seed()),
    ]
    machine.begin(row(), seed(), who())
    for _ in range(steps):
        chance.choice(rules)()
        machine.no_wei_is_made_or_lost()
        machine.what_is_disputed_is_held()
        machine.the_honest_never_lose()


def test_disputes(shard: int, town: Scene) -> None:
    """R1, R7, R8, R10, R11, R14, R16, R17: by all orders of moves, sleep and noise."""
    DisputeRules.scene, DisputeRules.honest = town, better_and_better()
    enough = Calls["calls"] + SHARE
    seed = 1_000 * shard
    while seed < 1_000 * shard + LIVES or Calls["calls"] < enough:
        machine = DisputeRules()
        live(machine, Random(seed), steps=40)
        machine.teardown()
        seed += 1
