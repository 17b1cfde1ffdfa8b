"""Short by default; with FUZZ_CALLS=n the machines go on until n calls were sent, in shards.

A shard is one test: shards of all machines spread over the processes of pytest-xdist, and a
violation stops only its shard. The last line counts the calls of all processes.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.attacks.scene import Scene
from tests.stateful.machine import world
from tests.stateful.world import Calls, rehearsal

BUDGET = int(os.environ.get("FUZZ_CALLS", "0"))
MACHINES = 7
SHARDS = max(1, -(-BUDGET // (2_000 * MACHINES)))  # of a machine
SHARE = -(-BUDGET // (SHARDS * MACHINES))  # calls of a shard

_totals: Counter[str] = Counter()
_began = time.monotonic()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "shard" in metafunc.fixturenames:
        metafunc.parametrize("shard", range(SHARDS))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items if BUDGET else []:
        item.add_marker(pytest.mark.timeout(0))


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


@pytest.fixture(scope="module")
def town() -> Iterator[Scene]:
    """A scene with a referee, which is gone with the module: its contracts are deployed in it."""
    with rehearsal():
        scene = Scene()
        scene.next_block()
        assert scene.world.referee
        yield scene
    del scene.world.referee


@pytest.fixture
def scene(town: Scene) -> Iterator[Scene]:
    """The town as it was, afterwards too."""
    group, groups = town.group, list(town.groups)
    with rehearsal():
        yield town
    town.group, town.groups = group, groups
