"""block_reward, delta_reward: exact, floored, halved, shared, and 0 when not due."""

from typing import Any

import brownie
import pytest

from tests.contracts.conftest import STAKES
from tests.contracts.terms import DAY, EPOCH, FOUR_YEARS


@pytest.mark.parametrize("halvings", [0, 1, 2])
def test_halve_every_four_years(protocol: Any, group: Any, clock: Any, halvings: int) -> None:
    """C3: exact to the wei on both sides of the edge."""
    coinbase, issued = protocol.coinbase, protocol.sale.issued()
    edge = coinbase.EMISSION_START() + halvings * FOUR_YEARS
    after = edge if halvings else clock.now
    clock.to(max(edge, clock.now) + EPOCH)
    assert coinbase.block_reward(group.id, after) == issued // (100_000 << halvings)
    assert coinbase.delta_reward(group.id, after, EPOCH) == issued // (1_000_000 << halvings)
    if halvings:
        assert coinbase.block_reward(group.id, edge - 1) == issued // (50_000 << halvings)
        assert coinbase.delta_reward(group.id, edge - 1, EPOCH) == issued // (500_000 << halvings)


def test_end_after_96_halvings(protocol: Any, group: Any, clock: Any) -> None:
    """C4"""
    edge = protocol.coinbase.EMISSION_START() + 96 * FOUR_YEARS
    clock.to(edge)
    assert protocol.coinbase.block_reward(group.id, edge - 1) == 0  # already below a wei
    assert protocol.coinbase.block_reward(group.id, edge) == 0


def test_follow_the_share_of_the_stake(protocol: Any, group: Any, clock: Any) -> None:
    """C2, C3: shares of one pie; the sum is not above it."""
    other = protocol.create()
    protocol.stake(other, {"erin": 20_000 * 10**18})
    protocol.next_epoch()
    coinbase, issued, now = protocol.coinbase, protocol.sale.issued(), clock.now
    mine, all_ = sum(STAKES.values()), sum(STAKES.values()) + 20_000 * 10**18
    assert coinbase.block_reward(group.id, now) == issued * mine // (all_ * 100_000)
    assert coinbase.block_reward(other.id, now) == issued * (all_ - mine) // (all_ * 100_000)
    rewards = [coinbase.block_reward(g.id, now) for g in (group, other)]
    assert sum(rewards) <= issued // 100_000
    assert now % EPOCH == 0 and coinbase.block_reward(other.id, now - 1) == 0  # no stake yet


def test_a_single_wei_does_not_take_the_pie(protocol: Any, group: Any, people: Any) -> None:
    """C2, A4: the denominator is at least 1 % of the issued tokens."""
    for name, amount in STAKES.items():
        protocol.vault.request_exit(
            group.id, amount - (name == "alice") * 10**18, {"from": getattr(people, name)}
        )
    protocol.next_epoch()
    now, issued = protocol.clock.now, protocol.sale.issued()
    assert protocol.vault.group_power_at(group.id, now // EPOCH) == 10**18
    expected = issued * 10**18 // (issued // 100 * 100_000)
    assert protocol.coinbase.block_reward(group.id, now) == expected


def test_a_short_period_earns_its_part(protocol: Any, group: Any, clock: Any) -> None:
    """C3: pro rata below a week, no more above it."""
    reward, issued = protocol.coinbase.delta_reward, protocol.sale.issued()
    assert reward(group.id, clock.now, DAY) == issued // 7_000_000
    assert reward(group.id, clock.now, 56 * DAY) == issued // 1_000_000


def test_nothing_is_due_before_the_emission(protocol: Any, group: Any, clock: Any) -> None:
    coinbase = protocol.coinbase
    assert coinbase.block_reward(group.id, coinbase.EMISSION_START() - 1) == 0
    assert coinbase.delta_reward(group.id, coinbase.EMISSION_START() - 1, EPOCH) == 0


def test_nothing_is_due_without_stake(protocol: Any, clock: Any) -> None:
    idle = protocol.create()
    assert protocol.coinbase.block_reward(idle.id, clock.now) == 0


def test_nothing_is_due_while_the_sale_runs(
    Coinbase: Any, NeuronSale: Any, Neuron: Any, protocol: Any, group: Any, people: Any, clock: Any
) -> None:
    """C5: no reward rests on a base that still moves."""
    deployer, start = people.deployer, clock.now + 100
    nrn = deployer.get_deployment_address(deployer.nonce + 1)
    terms = (nrn, start, start + DAY, 5, people.beneficiary, 0)
    sale = NeuronSale.deploy(*terms, {"from": deployer})
    Neuron.deploy(sale, deployer, {"from": deployer})
    coinbase = Coinbase.deploy(nrn, sale, protocol.vault, protocol.registry, {"from": deployer})
    clock.to(start)
    sale.buy({"from": people.alice, "value": 10**9})
    assert coinbase.block_reward(group.id, start + DAY) == 0
    clock.to(start + DAY)
    assert coinbase.block_reward(group.id, start + DAY) == 5 * 10**9 // 100_000


def test_the_future_is_not_answered(protocol: Any, group: Any, clock: Any) -> None:
    """V7"""
    with brownie.reverts("vault: future epoch"):
        protocol.coinbase.block_reward(group.id, clock.now + EPOCH)
