"""Fixtures for every test that talks to a chain. One Anvil serves the session; each test gets it
as it was at the start. What XLA compiles is shared by all tests and their processes. No property is
timed: a busy machine is not a fault."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

COMPILED = Path(__file__).parents[1] / "reports" / "jax-cache"
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(COMPILED))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.3")

settings.register_profile(
    "untimed",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("untimed")

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
def devnet(populated_devnet: "Devnet", monkeypatch: pytest.MonkeyPatch) -> "Iterator[Devnet]":
    """Anvil with the deployed protocol, a finished sale, staked keepers and group 1."""
    snapshot = populated_devnet.rpc("evm_snapshot")
    monkeypatch.setenv("XDG_DATA_HOME", str(populated_devnet.data))
    yield populated_devnet
    assert populated_devnet.rpc("evm_revert", snapshot)
    populated_devnet.rpc("anvil_setNextBlockBaseFeePerGas", hex(10**8))  # which no revert undoes
    shutil.rmtree(populated_devnet.data, ignore_errors=True)
