from typing import Any

import brownie
import pytest

from tests.contracts.conftest import event
from tests.contracts.NeuronSale.conftest import VESTING, Sale
from tests.contracts.terms import ETHER


@pytest.fixture
def raised(sale: Sale, people: Any, clock: Any) -> int:
    clock.to(sale.start)
    sale.contract.buy({"from": people.alice, "value": 7 * ETHER})
    return 7 * ETHER


def test_passes_on_what_has_vested(sale: Sale, people: Any, clock: Any, raised: int) -> None:
    """S3, S5: linear, whoever calls, whenever.

    END ----- 1/3 ----------- 1 ----- later
    0         raised / 3      raised  nothing more
    """
    before = people.beneficiary.balance()
    clock.next(sale.end + VESTING // 3)
    receipt = sale.contract.release({"from": people.mallory})
    part = raised * (VESTING // 3) // VESTING
    assert event(receipt, "ProceedsReleased") == {"to": people.beneficiary, "amount": part}
    assert receipt.return_value == sale.contract.released() == part
    clock.next(sale.end + VESTING)
    sale.contract.release({"from": people.mallory})
    assert people.beneficiary.balance() - before == raised == sale.contract.released()
    assert sale.contract.balance() == 0
    assert sale.contract.release({"from": people.mallory}).return_value == 0


def test_releases_nothing_at_the_end(sale: Sale, people: Any, clock: Any, raised: int) -> None:
    """S5"""
    clock.next(sale.end)
    assert sale.contract.release({"from": people.alice}).return_value == 0
    assert sale.contract.balance() == raised


def test_holds_the_ether_while_the_sale_runs(
    sale: Sale, people: Any, clock: Any, raised: int
) -> None:
    """S4: else the beneficiary buys with recycled ether and issues itself any amount."""
    clock.next(sale.end - 1)
    with brownie.reverts("sale: running"):
        sale.contract.release({"from": people.beneficiary})
    assert sale.contract.balance() == raised


def test_says_that_the_beneficiary_refuses_ether(
    NeuronSale: Any, Neuron: Any, people: Any, clock: Any, deploy_source: Any
) -> None:
    refuser = deploy_source("# pragma version 0.4.3\n@external\ndef f():\n    pass")
    deployer, start = people.deployer, clock.now + 100
    nrn = deployer.get_deployment_address(deployer.nonce + 1)
    sale = NeuronSale.deploy(nrn, start, start + 86_400, 1, refuser, 0, {"from": deployer})
    Neuron.deploy(sale, deployer, {"from": deployer})
    clock.to(start)
    sale.buy({"from": people.alice, "value": 5})
    clock.next(start + 86_400)
    with brownie.reverts("sale: transfer"):
        sale.release({"from": people.alice})
    assert (sale.balance(), sale.released()) == (5, 0)
