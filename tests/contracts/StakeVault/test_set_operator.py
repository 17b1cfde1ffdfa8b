from typing import Any

import brownie

from tests.contracts.conftest import STAKES, event
from tests.contracts.terms import ZERO


def test_names_and_unnames_a_hot_key(protocol: Any, group: Any, people: Any) -> None:
    """V8"""
    vault, alice, oscar = protocol.vault, people.alice, people.oscar
    receipt = vault.set_operator(oscar, {"from": alice})
    assert event(receipt, "OperatorSet") == {"staker": alice, "operator": oscar}
    assert vault.operator_of(alice) == oscar
    epoch = vault.current_epoch()
    assert vault.ballot_power(group.id, alice, oscar, epoch, False) == STAKES["alice"]
    vault.set_operator(ZERO, {"from": alice})
    with brownie.reverts("vault: not operator"):
        vault.ballot_power(group.id, alice, oscar, epoch, False)


def test_the_hot_key_cannot_move_stake(protocol: Any, group: Any, people: Any) -> None:
    """V8, A42"""
    protocol.vault.set_operator(people.oscar, {"from": people.alice})
    with brownie.reverts("vault: exceeds stake"):
        protocol.vault.request_exit(group.id, 1, {"from": people.oscar})
