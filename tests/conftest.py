"""Fixtures for every test that talks to a chain. One Anvil serves the session; each test gets it
as it was at the start. What XLA compiles is shared by all tests and their processes."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

COMPILED = Path(__file__).parents[1] / "reports" / "jax-cache"
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(COMPILED))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.3")

if TYPE_CHECKING:
    from tests.integration.devnet import Devnet


@pytest.fixture(scope="session")
def populated_devnet(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Devnet]":
    """The chain behind `devnet`; tests use that one."""
    from tests.integration.devnet import Devnet  # other tests need neither Vyper nor web3

    net = Devnet.start(tmp_path_factory.mktemp("devnet"))
    try:
        net.deploy()
        net.populate()
        yield net
    finally:
        net.stop()


@pytest.fixture
def devnet(populated_devnet: "Devnet") -> "Iterator[Devnet]":
    """Anvil with the deployed protocol, a finished sale, staked keepers and group 1."""
    snapshot = populated_devnet.rpc("evm_snapshot")
    yield populated_devnet
    assert populated_devnet.rpc("evm_revert", snapshot)
