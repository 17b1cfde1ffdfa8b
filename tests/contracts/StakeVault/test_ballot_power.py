from typing import Any

import brownie

from tests.contracts.conftest import STAKES
from tests.contracts.terms import EPOCH


def test_is_the_power_at_the_start(protocol: Any, group: Any, people: Any, clock: Any) -> None:
    """V9: stake that came later does not vote."""
    vault, alice, epoch = protocol.vault, people.alice, protocol.vault.current_epoch()
    vault.stake(group.id, 5, {"from": alice})
    clock.to((epoch + 1) * EPOCH)
    for sustained in (False, True):
        power = vault.ballot_power(group.id, alice, alice, epoch, sustained)
        assert power == STAKES["alice"]


def test_sustained_power_is_what_is_left_of_it(
    protocol: Any, group: Any, people: Any, clock: Any
) -> None:
    """V9, A8: who has left since does not decide a period that outlives the exit delay."""
    vault, alice, epoch = protocol.vault, people.alice, protocol.vault.current_epoch()
    vault.request_exit(group.id, STAKES["alice"] - 9, {"from": alice})
    assert vault.ballot_power(group.id, alice, alice, epoch, True) == STAKES["alice"]
    clock.to((epoch + 1) * EPOCH)
    assert vault.ballot_power(group.id, alice, alice, epoch, True) == 9
    assert vault.ballot_power(group.id, alice, alice, epoch, False) == STAKES["alice"]


def test_refuses_strangers(protocol: Any, group: Any, people: Any) -> None:
    """V8"""
    epoch = protocol.vault.current_epoch()
    with brownie.reverts("vault: not operator"):
        protocol.vault.ballot_power(group.id, people.alice, people.mallory, epoch, False)
