"""A vault over a token that answers False instead of reverting, which ours never does."""

from typing import Any

import pytest


@pytest.fixture
def loose_vault(StakeVault: Any, protocol: Any, refusing_token: Any, people: Any) -> Any:
    return StakeVault.deploy(refusing_token, protocol.registry, {"from": people.deployer})
