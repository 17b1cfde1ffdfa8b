from typing import Any

import brownie
import pytest

from tests.contracts.conftest import STAKES, event
from tests.contracts.terms import FOUR_YEARS, Config, ballot


def accepted(group: Any, people: Any, name: str = "x") -> int:
    """A block won by tara, settled; its index."""
    claim = group.claim(people.tara, name, 900)
    index = group.play([claim], {"alice": claim, "bob": claim})
    group.voting.settle({"from": people.oscar})
    return index


def test_pays_the_trainer_and_fills_the_pool(protocol: Any, group: Any, people: Any) -> None:
    """K6, K11, C3: 0.001 % of the issued tokens, 20 % of it for the keepers; anybody may call."""
    index = accepted(group, people)
    reward = protocol.sale.issued() // 100_000
    held = protocol.nrn.balanceOf(group.voting)
    receipt = group.voting.redeem(index, {"from": people.mallory})
    assert receipt.return_value == reward // 5
    assert protocol.nrn.balanceOf(people.tara.address) == reward - reward // 5
    assert protocol.nrn.balanceOf(group.voting) == held + reward // 5
    assert group.voting.outcome(index)[3]
    minted = event(receipt, "BlockCoinbase")
    assert (minted["block_start"], minted["pooled"]) == (group.start(index), reward // 5)


def test_pays_the_seeds_number_without_a_pool(protocol: Any, people: Any) -> None:
    """C3: keeper_bps = 0, all stake here: exactly issued // 100_000 to the trainer."""
    group = protocol.create(Config(keeper_bps=0))
    for name in ("alice", "bob"):
        sender = {"from": getattr(people, name)}
        stake = protocol.vault.stake_of(1, sender["from"])
        protocol.vault.request_exit(1, stake, sender)
    protocol.vault.request_exit(1, STAKES["carol"], {"from": people.carol})
    protocol.stake(group, {"alice": 9 * 10**22, "bob": 10**22})
    protocol.next_epoch()
    index = accepted(group, people)
    assert group.voting.redeem(index, {"from": people.oscar}).return_value == 0
    assert protocol.nrn.balanceOf(people.tara.address) == protocol.sale.issued() // 100_000


def test_refuses_twice(group: Any, people: Any) -> None:
    """K11"""
    index = accepted(group, people)
    group.voting.redeem(index, {"from": people.oscar})
    with brownie.reverts("cv: redeemed"):
        group.voting.redeem(index, {"from": people.oscar})


@pytest.mark.parametrize("ending", ["running", "rejected", "no quorum", "empty"])
def test_refuses_what_was_not_accepted(group: Any, people: Any, ending: str) -> None:
    """K3, K11"""
    claim = group.claim(people.tara, "x", 900)
    ballots = {"rejected": {"alice": None}, "no quorum": {}, "running": {"alice": claim}}
    index = group.play([claim], ballots.get(ending, {}))
    if ending in ("rejected", "no quorum"):
        group.voting.settle({"from": people.oscar})
    with brownie.reverts("cv: not accepted"):
        group.voting.redeem(index + (ending == "empty"), {"from": people.oscar})


def test_the_last_two_wei_are_shared(protocol: Any, people: Any, clock: Any) -> None:
    """C3, K10: 61 halvings on, a block of a group with half of the stake earns 2 wei."""
    group = protocol.create(Config(keeper_bps=5_000))
    protocol.stake(group, {"erin": sum(STAKES.values())})
    clock.to(protocol.coinbase.EMISSION_START() + 61 * FOUR_YEARS)
    claim = group.claim(people.tara, "x", 900)
    index = group.play([claim], {"erin": claim})
    group.voting.settle({"from": people.oscar})
    assert protocol.coinbase.block_reward(group.id, group.start(index)) == 2
    assert group.voting.redeem(index, {"from": people.oscar}).return_value == 1
    assert protocol.nrn.balanceOf(people.tara.address) == 1
    group.voting.open_root(index, claim.root, {"from": people.oscar})
    cast = ballot(people.erin.address, claim)
    assert group.voting.claim_keeper(index, cast, {"from": people.erin}).return_value == 1
