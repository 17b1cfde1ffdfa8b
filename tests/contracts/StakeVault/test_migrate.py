from typing import Any

import brownie
import pytest

from tests.contracts.conftest import STAKES, event
from tests.contracts.terms import EPOCH


@pytest.fixture
def child(protocol: Any, group: Any) -> Any:
    return protocol.create(fork=(group.id, 0, 0))


def test_follows_a_fork_at_one_epoch_edge(
    protocol: Any, group: Any, child: Any, people: Any, clock: Any
) -> None:
    """V2, V3, V4, V6: no power is lost or doubled, and no exit delay.

    epoch e          e + 1
    power in parent  power in child
    """
    vault, alice, amount = protocol.vault, people.alice, 10**21
    epoch, total = vault.current_epoch(), vault.total_stake()
    receipt = vault.migrate(group.id, child.id, amount, {"from": alice})
    assert event(receipt, "Migrated") == {
        "from_id": group.id,
        "to_id": child.id,
        "staker": alice,
        "amount": amount,
    }
    assert vault.stake_of(group.id, alice) == STAKES["alice"] - amount
    assert vault.stake_of(child.id, alice) == vault.group_stake(child.id) == amount
    assert vault.group_stake(group.id) == total - amount
    assert vault.total_stake() == total
    clock.to((epoch + 1) * EPOCH)
    for when, there in ((epoch, 0), (epoch + 1, amount)):
        assert vault.power_at(child.id, alice, when) == there
        assert vault.group_power_at(child.id, when) == there
        assert vault.power_at(group.id, alice, when) == STAKES["alice"] - there
        assert vault.group_power_at(group.id, when) == total - there
        assert vault.total_power_at(when) == total


def test_refuses_nothing(protocol: Any, group: Any, child: Any, people: Any) -> None:
    with brownie.reverts("vault: zero amount"):
        protocol.vault.migrate(group.id, child.id, 0, {"from": people.alice})


def test_refuses_any_way_but_to_a_child(protocol: Any, group: Any, child: Any, people: Any) -> None:
    """Not back, not to a stranger, not to a grandchild, not out of nowhere."""
    stranger, grandchild = protocol.create(), protocol.create(fork=(child.id, 0, 0))
    ways = [
        (child.id, group.id),
        (group.id, stranger.id),
        (group.id, grandchild.id),
        (group.id, group.id),
        (0, group.id),
        (0, 99),
    ]
    for source, target in ways:
        with brownie.reverts("vault: not a child"):
            protocol.vault.migrate(source, target, 1, {"from": people.alice})


def test_refuses_more_than_the_stake(protocol: Any, group: Any, child: Any, people: Any) -> None:
    with brownie.reverts("vault: exceeds stake"):
        protocol.vault.migrate(group.id, child.id, STAKES["bob"] + 1, {"from": people.bob})
