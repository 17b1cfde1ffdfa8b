"""Fixtures for the scripts that people run with Brownie."""

import pytest

from tests.scripts.brownie_home import Brownie


@pytest.fixture(scope="session")
def brownie(tmp_path_factory: pytest.TempPathFactory) -> Brownie:
    """Brownie with a fresh home."""
    return Brownie.prepare(tmp_path_factory.mktemp("home"))
