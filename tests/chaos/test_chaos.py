"""Some rounds of chaos; `make chaos` plays as many as you like."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.rounds import Chaos
from tests.chaos.world import World
from tests.integration.devnet import Devnet

SEED = int(os.environ.get("CHAOS_SEED", "1"))
# what endpoints do, what the store does, what befalls the chain
ROUND = ["malformed", "lost", "broken store", "reorganised"]


@pytest.fixture
def world(devnet: Devnet, tmp_path: Path) -> Iterator[World]:
    with World(devnet, tmp_path, SEED).living() as world:
        yield world


def test_what_befalls_a_node_costs_nobody_anything(world: World) -> None:
    """a round of faults | a calm one in which everybody collects: nothing was lost"""
    chaos = Chaos(world, SEED)
    played = chaos.play(ROUND)
    assert played.violations == [], (played, world.stage.tell())
    assert sum(played.faults.values()) > 20
    assert chaos.settle(rounds=1) == []
    calm = chaos.rounds[-1]
    assert (calm.commits, calm.reveals, calm.votes, calm.violations) == (2, 2, 2, [])
