"""How long state machines live, and how often."""

import os

import hypothesis
from hypothesis.stateful import run_state_machine_as_test

from tests.stateful.conftest import SHARE
from tests.stateful.machine import Machine
from tests.stateful.world import Calls

# Shrinking a life of a hundred steps takes minutes: ask for it with FUZZ_SHRINK=1.
SHRINK = [hypothesis.Phase.shrink] if os.environ.get("FUZZ_SHRINK") else []
PHASES = [hypothesis.Phase.generate, *SHRINK]


def run(machine: type[Machine], shard: int, steps: int, examples: int) -> None:
    """Run a few examples, or as many as make a shard's calls. Every shard has its own seed."""
    settings = hypothesis.settings(
        max_examples=examples,
        stateful_step_count=steps,
        database=None,
        phases=PHASES,
        suppress_health_check=hypothesis.HealthCheck.all(),
        print_blob=False,
    )
    enough = Calls["calls"] + SHARE
    round_ = 0
    while round_ == 0 or Calls["calls"] < enough:
        seeded = hypothesis.seed(shard * 1_000 + round_)(
            type(machine.__name__, (machine,), {"__doc__": machine.__doc__})
        )
        run_state_machine_as_test(seeded, settings=settings)
        round_ += 1
