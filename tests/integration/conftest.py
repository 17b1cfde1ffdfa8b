"""A fresh tiny group for each test of processes."""

from collections.abc import Iterator
from pathlib import Path

import jax
import pytest

from tests.integration.devnet import Devnet
from tests.integration.stage import COMPILATION_CACHE, Stage


@pytest.fixture
def stage(devnet: Devnet, tmp_path: Path) -> Iterator[Stage]:
    """A group with three staked keepers at the start of a block; processes end with the test."""
    for option, value in COMPILATION_CACHE.items():
        jax.config.update(option, value)
    stage = Stage(devnet, tmp_path)
    try:
        yield stage
    finally:
        stage.close()
