"""A vault over a token that answers False instead of reverting, which ours never does."""

from typing import Any

import pytest

REFUSING = """
# pragma version 0.4.3
answer: bool

@external
def set_answer(answer: bool):
    self.answer = answer

@external
def transfer(to: address, amount: uint256) -> bool:
    return self.answer

@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    return self.answer
"""


@pytest.fixture
def token(deploy_source: Any) -> Any:
    return deploy_source(REFUSING)


@pytest.fixture
def loose_vault(StakeVault: Any, protocol: Any, token: Any, people: Any) -> Any:
    return StakeVault.deploy(token, protocol.registry, {"from": people.deployer})
