from dataclasses import replace
from typing import Any

import brownie
import pytest

from tests.contracts.terms import MIN_BOND


@pytest.fixture
def displaced(group: Any, people: Any) -> Any:
    """mallory paid for two thefts that the earlier commitment undid."""
    honest = group.claim(people.tara, "same", 900)
    thief = replace(honest, trainer=people.tom.address)
    second = replace(honest, trainer=people.tom.address, loss=899)
    group.commit(honest, thief, second)
    group.reveal(second, payer=people.mallory)
    group.reveal(thief, payer=people.mallory)
    group.reveal(honest)
    return group


def test_returns_the_displaced_bonds(protocol: Any, displaced: Any, people: Any) -> None:
    """K6, K11"""
    before = protocol.nrn.balanceOf(people.mallory)
    assert displaced.voting.credit(people.mallory) == 2 * MIN_BOND
    receipt = displaced.voting.withdraw_credit({"from": people.mallory})
    assert receipt.return_value == 2 * MIN_BOND
    assert protocol.nrn.balanceOf(people.mallory) == before + 2 * MIN_BOND
    assert protocol.nrn.balanceOf(displaced.voting) == MIN_BOND
    assert displaced.voting.credit(people.mallory) == 0


def test_refuses_twice_and_others(displaced: Any, people: Any) -> None:
    """K6"""
    with brownie.reverts("cv: no credit"):
        displaced.voting.withdraw_credit({"from": people.dave})
    displaced.voting.withdraw_credit({"from": people.mallory})
    with brownie.reverts("cv: no credit"):
        displaced.voting.withdraw_credit({"from": people.mallory})


def test_anybody_has_a_payer_paid(protocol: Any, displaced: Any, people: Any) -> None:
    """K11, F6"""
    before = protocol.nrn.balanceOf(people.mallory)
    displaced.voting.withdraw_credit(people.mallory, {"from": people.oscar})
    assert protocol.nrn.balanceOf(people.mallory) == before + 2 * MIN_BOND
    assert protocol.nrn.balanceOf(people.oscar) == 0
