"""Random lives of the contracts beside their models; every invariant after every step."""

import hypothesis
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.stateful.conftest import BUDGET, SHARD
from tests.stateful.machine import Machine
from tests.stateful.vault import VaultRules
from tests.stateful.world import Calls

FAMILY = {1: 0, 2: 1, 3: 0, 4: 2}  # group -> parent


class VaultMachine(VaultRules):
    """Two families of groups: 1 - 2 - 4 and 3."""

    def __init__(self) -> None:
        super().__init__()
        for parent in FAMILY.values():
            group = self.world.fork_group(parent, 0, 0) if parent else self.world.create_group()
            self.groups.append(group)
        self.stakes.parents.update(FAMILY)


def test_vault(shard: int) -> None:
    run(VaultMachine, shard, steps=50, examples=12)


def run(machine: type[Machine], shard: int, steps: int, examples: int) -> None:
    """Run a few examples, or as many as make a shard's calls. Every shard has its own seed."""
    settings = hypothesis.settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=hypothesis.HealthCheck.all(),
        print_blob=False,
    )
    enough = Calls["calls"] + SHARD
    round_ = 0
    while round_ == 0 or (BUDGET and Calls["calls"] < enough):
        seeded = hypothesis.seed(shard * 1_000 + round_)(
            type(machine.__name__, (machine,), {"__doc__": machine.__doc__})
        )
        run_state_machine_as_test(seeded, settings=settings)
        round_ += 1
