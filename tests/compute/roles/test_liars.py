"""Whatever a node invents, a role says so and goes on: nothing but our own errors leaves a step."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from compute.chain import ChainError
from compute.node.role import Role
from compute.node.seat import Seat
from compute.roles.curator import Curator
from compute.roles.relayer import Relayer
from compute.roles.trainer import Trainer
from compute.roles.watcher import Watcher
from compute.roles.wisdomkeeper import Wisdomkeeper
from compute.searching.search import Options
from compute.storage import FolderStore, StorageError
from compute.training.recipe import Recipe
from tests.compute.chain.test_hostile_reads import Liar, through
from tests.integration.devnet import Devnet

ROLES: dict[str, Callable[[Seat], Role]] = {
    "trainer": lambda seat: Trainer(seat, Options(Recipe(), steps=1)),
    "wisdomkeeper": Wisdomkeeper,
    "curator": Curator,
    "watcher": Watcher,
    "relayer": lambda seat: Relayer(seat, seat.state),
}


@pytest.mark.parametrize("name", ROLES)
def test_a_liar_ends_no_role(devnet: Devnet, name: str, tmp_path: Path) -> None:
    honest = devnet.chain()
    times = [0, honest.group(1).genesis_time + 3_600, honest.now(), 2**40, 2**255]
    failed = 0
    for seed in range(30):
        liar = Liar.of(seed, honest)
        group = through(liar.rpc(), honest)
        state = tmp_path / str(seed)
        shared = FolderStore(tmp_path / "shared")
        with Seat(group, devnet.accounts["alice"], shared, state, name, 0.0) as seat:
            try:
                ROLES[name](seat).step(random.Random(seed).choice(times))
            except (ChainError, StorageError):
                failed += 1
    assert failed > 5
