"""Short by default; with FUZZ_CALLS=n the machines go on until n calls were sent, in shards.

A shard is one test: shards of all machines spread over the processes of pytest-xdist, and a
violation stops only its shard. The last line counts the calls of all processes.
"""

import os
import time
from collections import Counter
from typing import Any

import pytest

from tests.stateful.machine import world
from tests.stateful.world import Calls

BUDGET = int(os.environ.get("FUZZ_CALLS", "0"))
SHARD = 2_000  # calls; well below the time limit of a test

_totals: Counter[str] = Counter()
_began = time.monotonic()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "shard" in metafunc.fixturenames:
        machines = 5
        shards = max(1, -(-BUDGET // (SHARD * machines)))
        metafunc.parametrize("shard", range(shards))


def pytest_collection_finish() -> None:
    world()  # before titanoboa's plugin, which undoes what a test does


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    _totals.update(node.workeroutput["calls"])


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["calls"] = dict(Calls)
        return
    _totals.update(Calls)
    _totals["violations"] = session.testsfailed


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workeroutput") or not BUDGET:
        return
    seconds = time.monotonic() - _began
    print(f"{_totals['reads']} reads, {_totals['calls'] / seconds:.0f} calls/s in {seconds:.0f} s")
    print(f"{_totals['calls']} contract calls, {_totals['violations']} violations")
