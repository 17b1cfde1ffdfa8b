from typing import Any

import brownie
import pytest
from brownie import accounts

from tests.contracts.conftest import event
from tests.contracts.terms import DAY, EPOCH, HOUR, MIN_BOND, ZERO, Config


def test_creates_the_pair(protocol: Any, group: Any, people: Any) -> None:
    """G1, G2, G3"""
    registry = protocol.registry
    receipt = registry.create_group(Config().fields(), {"from": people.mallory})
    assert receipt.return_value == registry.n_groups() == 2
    created = event(receipt, "GroupCreated")
    assert created == {
        "group_id": 2,
        "parent_id": 0,
        "creator": people.mallory,
        "deltas": registry.deltas_of(2),
        "voting": registry.voting_of(2),
        "model_hash": "0x" + Config().model_hash.hex(),
        "base_height": 0,
        "base_version": 0,
    }
    assert registry.parent_of(2) == 0
    for mapping, address in (("delta_group", "deltas"), ("voting_group", "voting")):
        assert getattr(registry, mapping)(created[address]) == 2
        assert getattr(registry, mapping)(people.mallory) == 0
    assert registry.delta_group(created["voting"]) == registry.voting_group(created["deltas"]) == 0


@pytest.mark.parametrize(
    "function",
    [
        "def GROUP_ID() -> uint256:\n    return 1",
        "def GROUP_ID() -> uint256:\n    return max_value(uint256)",
        "def GROUP_ID() -> (uint256, uint256):\n    return 1, 1",
        "def GROUP_ID() -> uint256:\n    raise",
        "def __default__():\n    pass",
        "def another():\n    pass",
    ],
)
def test_who_says_it_is_a_group_is_none(
    protocol: Any, group: Any, deploy_source: Any, function: str
) -> None:
    """G2, N3: an address is asked which group it serves, and may say anything."""
    stranger = deploy_source(f"# pragma version 0.4.3\n@external\n{function}")
    registry = protocol.registry
    assert registry.voting_group(stranger) == registry.delta_group(stranger) == 0
    with brownie.reverts("coinbase: not a group"):
        sender = {"from": accounts.at(stranger.address, force=True)}
        protocol.coinbase.mint_block(stranger, group.genesis, 0, sender)


def test_hands_every_parameter_on(protocol: Any, clock: Any) -> None:
    """G5"""
    config = Config(
        b"\x11" * 32, b"\x12" * 32, b"\x13" * 32, 5 * HOUR, 2 * HOUR, 3 * HOUR,
        4_000, 3_000, 14 * DAY, 2 * MIN_BOND, 77, 88, 1_234,
    )  # fmt: skip
    made = protocol.create(config)
    voting, deltas, now = made.voting, made.deltas, made.genesis
    read = (
        voting.MODEL_HASH(), voting.accepted(0), deltas.tip(), voting.COMMIT_WINDOW(),
        voting.REVEAL_WINDOW(), voting.VOTE_WINDOW(), voting.QUORUM_BPS(), deltas.QUORUM_BPS(),
        deltas.period()[1], voting.BOND(), voting.MIN_IMPROVEMENT(),
        voting.MAX_IMPROVEMENT(), voting.KEEPER_BPS(),
    )  # fmt: skip
    assert tuple(bytes(v) if isinstance(v, bytes) else v for v in read) == config.fields()
    assert voting.PERIOD() == 10 * HOUR
    for contract in (voting, deltas):
        assert contract.GROUP_ID() == made.id
    assert (voting.DELTAS(), voting.PARENT()) == (deltas, ZERO)
    assert (deltas.PARENT(), deltas.BASE_VERSION(), deltas.version()) == (ZERO, 0, 0)
    assert tuple(deltas.period()) == (now, 14 * DAY, 14 * DAY, 0, now + 14 * DAY)
    assert bytes(voting.incumbent()) == config.genesis_checkpoint
    assert tuple(voting.baseline()) == (0, 0, 0, False)


def test_addresses_are_bound_to_creator_and_rules(protocol: Any, group: Any, people: Any) -> None:
    """G6, A36: after a reorg that reorders two creations no other rules sit at a known address."""
    found = set()
    for creator, config in (
        (people.alice, Config()),
        (people.bob, Config()),
        (people.alice, Config(min_improvement=2, max_improvement=2)),
    ):
        brownie.chain.snapshot()
        receipt = protocol.registry.create_group(config.fields(), {"from": creator})
        found.add(event(receipt, "GroupCreated")["voting"])
        brownie.chain.revert()
    assert len(found) == 3


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bond": MIN_BOND - 1}, "gr: bond"),
        ({"bond": 2**96}, "cv: bond"),
        ({"model_hash": bytes(32)}, "gr: model"),
        ({"genesis_checkpoint": bytes(32)}, "cv: genesis"),
        ({"genesis_tip": bytes(32)}, "dr: tip"),
        ({"commit_window": HOUR - 1, "vote_window": 6 * HOUR}, "cv: window"),
        ({"reveal_window": HOUR // 2 - 1, "vote_window": 6 * HOUR}, "cv: window"),
        ({"vote_window": HOUR - 1, "commit_window": 6 * HOUR}, "cv: window"),
        ({"commit_window": 2**256 - 1}, "cv: window"),
        ({"reveal_window": 2**256 - 1}, "cv: window"),
        ({"vote_window": 2**256 - 1}, "cv: window"),
        ({"commit_window": 4 * HOUR - 1}, "cv: period"),
        ({"commit_window": 166 * HOUR + 1}, "cv: period"),
        ({"commit_window": EPOCH}, "cv: period"),
        ({"reveal_window": EPOCH}, "cv: period"),
        ({"vote_window": EPOCH}, "cv: period"),
        ({"checkpoint_quorum_bps": 999}, "cv: quorum"),
        ({"checkpoint_quorum_bps": 6_668}, "cv: quorum"),
        ({"delta_quorum_bps": 499}, "dr: quorum"),
        ({"delta_quorum_bps": 6_668}, "dr: quorum"),
        ({"delta_period": DAY - 1}, "dr: period"),
        ({"delta_period": 0}, "dr: period"),
        ({"delta_period": 57 * DAY}, "dr: period"),
        ({"delta_period": DAY + 1}, "dr: period"),
        ({"min_improvement": 0}, "cv: improvement"),
        ({"min_improvement": 3, "max_improvement": 2}, "cv: improvement"),
        ({"keeper_bps": 9_001}, "cv: keeper share"),
    ],
)
def test_refuses_parameters_out_of_bounds(
    protocol: Any, people: Any, changes: dict[str, Any], reason: str
) -> None:
    """G5"""
    with brownie.reverts(reason):
        protocol.registry.create_group(Config(**changes).fields(), {"from": people.alice})


@pytest.mark.parametrize(
    "changes",
    [
        {"bond": MIN_BOND},
        {"bond": 2**96 - 1},
        {"commit_window": HOUR, "vote_window": 5 * HOUR},
        {"vote_window": HOUR, "commit_window": 5 * HOUR},
        {"commit_window": 166 * HOUR},
        {"checkpoint_quorum_bps": 1_000, "delta_quorum_bps": 500},
        {"checkpoint_quorum_bps": 6_667, "delta_quorum_bps": 6_667},
        {"delta_period": DAY},
        {"delta_period": 56 * DAY},
        {"min_improvement": 2**64 - 1, "max_improvement": 2**64 - 1, "keeper_bps": 9_000},
    ],
)
def test_accepts_parameters_at_the_bounds(protocol: Any, changes: dict[str, Any]) -> None:
    """G5"""
    made = protocol.create(Config(**changes))
    assert protocol.registry.voting_group(made.voting) == made.id
