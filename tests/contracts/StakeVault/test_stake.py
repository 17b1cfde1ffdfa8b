from typing import Any

import brownie
import pytest

from tests.contracts.conftest import event
from tests.contracts.terms import EPOCH, ETHER


def test_counts_from_the_next_epoch(protocol: Any, group: Any, people: Any, clock: Any) -> None:
    """V1, V2, V3, V4

    epoch e          e + 1
    stake            power
    """
    vault, erin = protocol.vault, people.erin
    epoch, total = vault.current_epoch(), vault.total_stake()
    held = protocol.nrn.balanceOf(vault)
    receipt = vault.stake(group.id, ETHER, {"from": erin})
    assert event(receipt, "Staked") == {
        "group_id": group.id,
        "staker": erin,
        "amount": ETHER,
        "effective_epoch": epoch + 1,
    }
    assert vault.stake_of(group.id, erin) == ETHER
    assert vault.group_stake(group.id) == vault.total_stake() == total + ETHER
    assert protocol.nrn.balanceOf(vault) == held + ETHER
    assert vault.power_at(group.id, erin, epoch) == 0
    assert vault.total_power_at(epoch) == total

    clock.to((epoch + 1) * EPOCH)
    assert vault.power_at(group.id, erin, epoch + 1) == ETHER
    assert vault.group_power_at(group.id, epoch + 1) == vault.total_power_at(epoch + 1)
    assert vault.total_power_at(epoch + 1) == total + ETHER
    assert vault.power_at(group.id, erin, epoch) == 0


def test_adds_up(protocol: Any, group: Any, people: Any, clock: Any) -> None:
    """V3, V4: within an epoch, and over several."""
    vault, erin, epoch = protocol.vault, people.erin, protocol.vault.current_epoch()
    vault.stake(group.id, 1, {"from": erin})
    vault.stake(group.id, 2, {"from": erin})
    clock.to((epoch + 2) * EPOCH)
    vault.stake(group.id, 4, {"from": erin})
    clock.to((epoch + 5) * EPOCH)
    powers = [vault.power_at(group.id, erin, epoch + i) for i in range(6)]
    assert powers == [0, 3, 3, 7, 7, 7]


def test_changes_in_the_last_second_count_in_the_next(
    protocol: Any, group: Any, people: Any, clock: Any
) -> None:
    """V1, V4, V5

    epoch e)[e + 1
         1   2
    """
    vault, epoch = protocol.vault, protocol.vault.current_epoch()
    clock.next((epoch + 1) * EPOCH - 1)
    vault.stake(group.id, 1, {"from": people.erin})
    clock.next((epoch + 1) * EPOCH)
    vault.stake(group.id, 2, {"from": people.erin})
    clock.to((epoch + 2) * EPOCH)
    assert vault.power_at(group.id, people.erin, epoch + 1) == 1
    assert vault.power_at(group.id, people.erin, epoch + 2) == 3
    clock.next((epoch + 3) * EPOCH - 1)
    releases = [vault.request_exit(group.id, 1, {"from": people.erin}).return_value]
    clock.next((epoch + 3) * EPOCH)
    releases += [vault.request_exit(group.id, 2, {"from": people.erin}).return_value]
    assert releases == [epoch + 5, epoch + 6]
    assert vault.power_at(group.id, people.erin, epoch + 3) == 2


def test_refuses_nothing(protocol: Any, group: Any, people: Any) -> None:
    with brownie.reverts("vault: zero amount"):
        protocol.vault.stake(group.id, 0, {"from": people.erin})


@pytest.mark.parametrize("group_id", [0, 2])
def test_refuses_a_group_that_is_not_there(protocol: Any, people: Any, group_id: int) -> None:
    with brownie.reverts("vault: no group"):
        protocol.vault.stake(group_id, 1, {"from": people.erin})


def test_refuses_what_the_token_refuses(
    protocol: Any, group: Any, people: Any, loose_vault: Any
) -> None:
    with brownie.reverts("neuron: allowance"):
        protocol.vault.stake(group.id, 1, {"from": people.oscar})
    with brownie.reverts("vault: transfer"):
        loose_vault.stake(group.id, 1, {"from": people.alice})
