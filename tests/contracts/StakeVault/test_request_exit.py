from typing import Any

import brownie

from tests.contracts.conftest import STAKES, event
from tests.contracts.terms import EPOCH


def test_ends_the_power_with_the_epoch(protocol: Any, group: Any, people: Any, clock: Any) -> None:
    """V1, V4, V5

    epoch e          e + 1     e + 2     e + 3
    request, power   no power, locked    withdrawable
    """
    vault, alice = protocol.vault, people.alice
    epoch, total, exiting = vault.current_epoch(), vault.total_stake(), 10**21
    receipt = vault.request_exit(group.id, exiting, {"from": alice})
    assert event(receipt, "ExitRequested") == {
        "group_id": group.id,
        "staker": alice,
        "amount": exiting,
        "release_epoch": epoch + 3,
    }
    assert receipt.return_value == epoch + 3
    assert vault.exit_amount(alice, epoch + 3) == vault.total_exiting() == exiting
    assert vault.stake_of(group.id, alice) == STAKES["alice"] - exiting
    assert vault.group_stake(group.id) == vault.total_stake() == total - exiting
    assert protocol.nrn.balanceOf(vault) == vault.total_stake() + vault.total_exiting()
    assert vault.power_at(group.id, alice, epoch) == STAKES["alice"]
    clock.to((epoch + 1) * EPOCH)
    assert vault.power_at(group.id, alice, epoch + 1) == STAKES["alice"] - exiting
    assert vault.total_power_at(epoch + 1) == vault.group_power_at(group.id, epoch + 1)
    assert vault.total_power_at(epoch + 1) == total - exiting


def test_two_requests_of_an_epoch_are_released_together(
    protocol: Any, group: Any, people: Any
) -> None:
    vault = protocol.vault
    vault.request_exit(group.id, 1, {"from": people.alice})
    release = vault.request_exit(group.id, 2, {"from": people.alice}).return_value
    assert vault.exit_amount(people.alice, release) == vault.total_exiting() == 3


def test_takes_back_pending_stake(protocol: Any, group: Any, people: Any, clock: Any) -> None:
    vault, epoch = protocol.vault, protocol.vault.current_epoch()
    vault.stake(group.id, 9, {"from": people.erin})
    vault.request_exit(group.id, 9, {"from": people.erin})
    clock.to((epoch + 1) * EPOCH)
    assert vault.power_at(group.id, people.erin, epoch + 1) == 0


def test_refuses_nothing(protocol: Any, group: Any, people: Any) -> None:
    with brownie.reverts("vault: zero amount"):
        protocol.vault.request_exit(group.id, 0, {"from": people.alice})


def test_refuses_more_than_the_stake(protocol: Any, group: Any, people: Any) -> None:
    """V3: not by one wei, and not out of another's stake."""
    with brownie.reverts("vault: exceeds stake"):
        protocol.vault.request_exit(group.id, STAKES["alice"] + 1, {"from": people.alice})
    with brownie.reverts("vault: exceeds stake"):
        protocol.vault.request_exit(group.id, 1, {"from": people.mallory})
