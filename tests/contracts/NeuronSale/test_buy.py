from typing import Any

import brownie

from tests.contracts.conftest import ask, event
from tests.contracts.NeuronSale.conftest import RATE, Sale
from tests.contracts.terms import ETHER, ZERO


def test_issues_what_is_paid_for(sale: Sale, people: Any, clock: Any) -> None:
    """S1, N2"""
    clock.next(sale.start)
    receipt = sale.contract.buy({"from": people.alice, "value": 5})
    assert event(receipt, "Purchased") == {
        "buyer": people.alice,
        "receiver": people.alice,
        "paid": 5,
        "amount": 5 * RATE,
    }
    assert receipt.return_value == 5 * RATE
    sale.contract.buy(people.bob, {"from": people.alice, "value": ETHER})
    assert sale.nrn.balanceOf(people.alice) == 5 * RATE
    assert sale.nrn.balanceOf(people.bob) == ETHER * RATE
    assert sale.contract.raised() == sale.contract.balance() == ETHER + 5
    assert sale.contract.issued() == RATE * (ETHER + 5) == sale.nrn.totalSupply()


def test_refuses_before_the_window(sale: Sale, people: Any, clock: Any) -> None:
    clock.next(sale.start - 1)
    with brownie.reverts("sale: not started"):
        sale.contract.buy({"from": people.alice, "value": 1})


def test_sells_until_the_last_second(sale: Sale, people: Any, clock: Any) -> None:
    """S2, N3: half open, like every interval."""
    clock.next(sale.end - 1)
    sale.contract.buy({"from": people.alice, "value": 1})
    clock.next(sale.end)
    with brownie.reverts("sale: ended"):
        sale.contract.buy({"from": people.alice, "value": 1})
    assert sale.contract.issued() == RATE


def test_refuses_no_ether(sale: Sale, people: Any, clock: Any) -> None:
    clock.next(sale.start)
    with brownie.reverts("sale: nothing paid"):
        sale.contract.buy({"from": people.alice})


def test_refuses_the_zero_receiver(sale: Sale, people: Any, clock: Any) -> None:
    clock.next(sale.start)
    with brownie.reverts("erc20: mint to the zero address"):
        sale.contract.buy(ZERO, {"from": people.alice, "value": 1})


def test_stops_where_every_later_width_would_break(
    NeuronSale: Any, Neuron: Any, people: Any, clock: Any
) -> None:
    """S1: issued < 2**96, by one purchase and by the sum of several."""
    deployer, start = people.deployer, clock.now + 100
    nrn = deployer.get_deployment_address(deployer.nonce + 1)
    sale = NeuronSale.deploy(
        nrn, start, start + 86_400, 2**95, people.beneficiary, 0, {"from": deployer}
    )
    Neuron.deploy(sale, deployer, {"from": deployer})
    clock.next(start)
    with brownie.reverts("sale: cap"):
        sale.buy({"from": people.alice, "value": 2})
    sale.buy({"from": people.alice, "value": 1})
    with brownie.reverts("sale: cap"):
        sale.buy({"from": people.alice, "value": 1})
    assert sale.issued() == 2**95
    ask("anvil_setBalance", people.alice.address, hex(2**250))
    with brownie.reverts("sale: cap"):  # more than the product below could hold
        sale.buy({"from": people.alice, "value": 2**249})


def test_sells_up_to_the_cap(NeuronSale: Any, Neuron: Any, people: Any, clock: Any) -> None:
    """S1"""
    deployer, start = people.deployer, clock.now + 100
    nrn = deployer.get_deployment_address(deployer.nonce + 1)
    terms = (nrn, start, start + 86_400, 2**96 - 1, people.beneficiary, 0)
    sale = NeuronSale.deploy(*terms, {"from": deployer})
    Neuron.deploy(sale, deployer, {"from": deployer})
    clock.next(start)
    sale.buy({"from": people.alice, "value": 1})
    assert sale.issued() == 2**96 - 1
    clock.next(start + 86_400)
    assert sale.release({"from": people.alice}).return_value == 1  # without vesting, all at once
