"""Random disputes beside what must hold of all of them, see `disputing`."""

from tests.attacks.scene import Scene
from tests.stateful.disputing import DisputeRules
from tests.stateful.lives import run
from tests.support.disputes import Honest, Problem, mlp


def better_and_better() -> list[Honest]:
    """The same data and program, three models."""
    made = mlp(count=18)
    scaled = ({k: p * scale for k, p in made.params.items()} for scale in (1.0, 0.5, 0.25))
    found = [Honest(Problem(made.rows, {**params}, made.columns)) for params in scaled]
    return sorted(found, key=lambda honest: -honest.evaluation.loss)


def test_disputes(shard: int, town: Scene) -> None:
    """R1, R7, R8, R10, R11, R14, R16, R17: by all orders of moves, sleep and noise."""
    machine = type("DisputeMachine", (DisputeRules,), {"scene": town})
    machine.honest = better_and_better()
    run(machine, shard, steps=30, examples=6)
