"""power_at, group_power_at, total_power_at, share_at, current_epoch: what the past was."""

from typing import Any

import brownie

from tests.contracts.conftest import STAKES
from tests.contracts.terms import EPOCH


def test_the_epoch_is_the_week_since_1970(protocol: Any, clock: Any) -> None:
    epoch = protocol.vault.current_epoch()
    clock.to((epoch + 1) * EPOCH - 1)
    assert protocol.vault.current_epoch() == epoch
    clock.to((epoch + 1) * EPOCH)
    assert protocol.vault.current_epoch() == epoch + 1


def test_the_future_is_not_answered(protocol: Any, group: Any, people: Any) -> None:
    """V7"""
    vault, next_epoch = protocol.vault, protocol.vault.current_epoch() + 1
    questions = [
        (vault.power_at, (group.id, people.alice)),
        (vault.group_power_at, (group.id,)),
        (vault.total_power_at, ()),
        (vault.share_at, (group.id,)),
    ]
    for question, subject in questions:
        with brownie.reverts("vault: future epoch"):
            question(*subject, next_epoch)
    with brownie.reverts("vault: future epoch"):
        vault.ballot_power(group.id, people.alice, people.alice, next_epoch, True)


def test_a_share_is_of_all_groups(protocol: Any, group: Any, people: Any, clock: Any) -> None:
    """V2"""
    other = protocol.create()
    protocol.stake(other, {"erin": 10**22})
    protocol.next_epoch()
    epoch, first = protocol.vault.current_epoch(), sum(STAKES.values())
    share_at = protocol.vault.share_at
    assert tuple(share_at(group.id, epoch)) == (first, first + 10**22)
    assert tuple(share_at(other.id, epoch)) == (10**22, first + 10**22)
    assert tuple(share_at(other.id, epoch - 1)) == (0, first)


def test_a_long_history_is_found_again(protocol: Any, group: Any, people: Any, clock: Any) -> None:
    """V4: every past epoch, through the binary search."""
    vault, erin, first = protocol.vault, people.erin, protocol.vault.current_epoch()
    for step in range(6):
        clock.to((first + 2 * step) * EPOCH)
        vault.stake(group.id, 1, {"from": erin})
    expected = [0, *(1 + i // 2 for i in range(11))]
    clock.to((first + 11) * EPOCH)
    found = [vault.power_at(group.id, erin, first + i) for i in range(12)]
    assert found == expected
    assert vault.power_at(group.id, erin, 0) == 0
