from typing import Any

import brownie
import pytest

from tests.contracts.conftest import event
from tests.contracts.terms import ZERO


@pytest.mark.parametrize("minter", ["alice", "bob"])
def test_only_the_two_minters_mint(Neuron: Any, people: Any, minter: str) -> None:
    """N1, N3"""
    nrn = Neuron.deploy(people.alice, people.bob, {"from": people.deployer})
    receipt = nrn.mint(people.carol, 7, {"from": getattr(people, minter)})
    assert event(receipt, "Transfer") == {"sender": ZERO, "receiver": people.carol, "value": 7}
    assert nrn.balanceOf(people.carol) == nrn.totalSupply() == 7


@pytest.mark.parametrize("stranger", ["deployer", "carol"])
def test_refuses_anybody_else(Neuron: Any, people: Any, stranger: str) -> None:
    """N3: the deployer too, whom snekmate would have made a minter."""
    nrn = Neuron.deploy(people.alice, people.bob, {"from": people.deployer})
    with brownie.reverts("neuron: not minter"):
        nrn.mint(people.carol, 7, {"from": getattr(people, stranger)})


def test_refuses_the_zero_address(Neuron: Any, people: Any) -> None:
    nrn = Neuron.deploy(people.alice, people.bob, {"from": people.deployer})
    with brownie.reverts("erc20: mint to the zero address"):
        nrn.mint(ZERO, 7, {"from": people.alice})
