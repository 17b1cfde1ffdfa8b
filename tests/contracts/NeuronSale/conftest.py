"""A sale of its own for each test: one day until it opens, ten days long, a year of vesting."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.contracts.terms import DAY

LENGTH, VESTING, RATE = 10 * DAY, 365 * DAY, 3


@dataclass
class Sale:
    contract: Any
    nrn: Any
    start: int
    end: int


@pytest.fixture
def sale(NeuronSale: Any, Neuron: Any, people: Any, clock: Any) -> Sale:
    deployer, start = people.deployer, clock.now + DAY
    nrn = deployer.get_deployment_address(deployer.nonce + 1)
    contract = NeuronSale.deploy(
        nrn, start, start + LENGTH, RATE, people.beneficiary, VESTING, {"from": deployer}
    )
    token = Neuron.deploy(contract, deployer, {"from": deployer})
    return Sale(contract, token, start, start + LENGTH)
