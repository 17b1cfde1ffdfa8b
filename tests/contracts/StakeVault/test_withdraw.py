from typing import Any

import brownie

from tests.contracts.conftest import event
from tests.contracts.terms import EPOCH


def test_pays_two_epochs_after_the_power_ended(
    protocol: Any, group: Any, people: Any, clock: Any
) -> None:
    """V1, V5"""
    vault, alice = protocol.vault, people.alice
    release = vault.request_exit(group.id, 77, {"from": alice}).return_value
    before = protocol.nrn.balanceOf(alice)
    clock.next(release * EPOCH)
    receipt = vault.withdraw(release, {"from": alice})
    assert event(receipt, "Withdrawn") == {
        "staker": alice,
        "release_epoch": release,
        "amount": 77,
    }
    assert receipt.return_value == 77
    assert protocol.nrn.balanceOf(alice) == before + 77
    assert vault.total_exiting() == vault.exit_amount(alice, release) == 0
    assert protocol.nrn.balanceOf(vault) == vault.total_stake()
    for epoch in (release - 2, release - 1):
        power = vault.power_at(group.id, alice, epoch)
        assert power == vault.stake_of(group.id, alice)


def test_refuses_before_the_release(protocol: Any, group: Any, people: Any, clock: Any) -> None:
    """V5"""
    release = protocol.vault.request_exit(group.id, 77, {"from": people.alice}).return_value
    clock.next(release * EPOCH - 1)
    with brownie.reverts("vault: locked"):
        protocol.vault.withdraw(release, {"from": people.alice})


def test_refuses_twice_and_to_others(protocol: Any, group: Any, people: Any, clock: Any) -> None:
    vault = protocol.vault
    release = vault.request_exit(group.id, 77, {"from": people.alice}).return_value
    clock.to(release * EPOCH)
    with brownie.reverts("vault: nothing"):
        vault.withdraw(release, {"from": people.mallory})
    vault.withdraw(release, {"from": people.alice})
    with brownie.reverts("vault: nothing"):
        vault.withdraw(release, {"from": people.alice})


def test_refuses_when_the_token_refuses(
    group: Any, people: Any, clock: Any, refusing_token: Any, loose_vault: Any
) -> None:
    refusing_token.set_answer(True, {"from": people.alice})
    loose_vault.stake(group.id, 5, {"from": people.alice})
    release = loose_vault.request_exit(group.id, 5, {"from": people.alice}).return_value
    refusing_token.set_answer(False, {"from": people.alice})
    clock.to(release * EPOCH)
    with brownie.reverts("vault: transfer"):
        loose_vault.withdraw(release, {"from": people.alice})


def test_one_wei_is_an_amount(protocol: Any, group: Any, people: Any, clock: Any) -> None:
    """V1: staked, moved to a child, asked back and paid."""
    vault, erin = protocol.vault, people.erin
    child = protocol.create(fork=(group.id, 0, 0))
    vault.stake(group.id, 1, {"from": erin})
    vault.migrate(group.id, child.id, 1, {"from": erin})
    assert vault.stake_of(child.id, erin) == 1
    release = vault.request_exit(child.id, 1, {"from": erin}).return_value
    clock.to(release * EPOCH)
    assert vault.withdraw(release, {"from": erin}).return_value == 1
