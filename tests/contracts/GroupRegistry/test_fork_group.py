from typing import Any

import brownie
import pytest
from eth_utils import keccak

from tests.contracts.conftest import event
from tests.contracts.terms import DAY, MIN_BOND, Config

WIDER = Config(model_hash=b"\x77" * 32, genesis_checkpoint=b"\x78" * 32, genesis_tip=b"\x79" * 32)


@pytest.fixture
def parent(protocol: Any, group: Any, people: Any) -> Any:
    """Group 1 at height 1 and version 1."""
    claim = group.claim(people.tara, "first", 900)
    group.play([claim], {"alice": claim, "bob": claim})
    group.voting.settle({"from": people.oscar})
    proposal = group.deltas.propose(group.deltas.tip(), keccak(text="delta"), {"from": people.erin})
    start, length, _, _, _ = group.deltas.period()
    protocol.clock.to(max(start + length, protocol.clock.now + DAY))
    group.deltas.vote(proposal.return_value, {"from": people.alice})
    start, length, _, _, _ = group.deltas.period()
    protocol.clock.to(start + length)
    group.deltas.finalize({"from": people.oscar})
    assert group.deltas.version() == 1
    return group


@pytest.mark.parametrize(("height", "version"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_goes_on_from_a_past_state(
    protocol: Any, parent: Any, people: Any, height: int, version: int
) -> None:
    """G1, G2, G3, G4: anybody forks; the genesis of the configuration is not used."""
    registry = protocol.registry
    receipt = registry.fork_group(
        parent.id, height, version, WIDER.fields(), {"from": people.mallory}
    )
    created = event(receipt, "GroupCreated")
    assert receipt.return_value == created["group_id"] == registry.n_groups() == 2
    assert (created["parent_id"], created["base_height"], created["base_version"]) == (
        parent.id, height, version
    )  # fmt: skip
    assert registry.parent_of(2) == parent.id < 2
    voting = protocol.at("CheckpointVoting", registry.voting_of(2))
    deltas = protocol.at("DeltaRegistry", registry.deltas_of(2))
    assert bytes(voting.MODEL_HASH()) == WIDER.model_hash
    assert voting.accepted(0) == parent.voting.accepted(height)
    assert tuple(voting.baseline()) == (0, 0, 0, False)
    assert voting.is_used(voting.accepted(0))
    assert deltas.PARENT() == parent.deltas
    assert deltas.version() == deltas.BASE_VERSION() == version
    assert deltas.tip() == deltas.tip_of(version) == parent.deltas.tip_of(version)
    assert tuple(deltas.tip_at(0)) == (version, deltas.tip())


def test_a_child_appends_to_the_list(protocol: Any, parent: Any, people: Any) -> None:
    """D4, G4: versions go on counting, the reward is the child's own."""
    child = protocol.create(WIDER, fork=(parent.id, 0, 1))
    protocol.vault.migrate(parent.id, child.id, 10**22, {"from": people.alice})
    base, delta = bytes(child.deltas.tip()), keccak(text="more")
    proposal = child.deltas.propose(base, delta, {"from": people.erin}).return_value
    protocol.clock.to(child.deltas.period()[0] + 7 * DAY)
    child.deltas.vote(proposal, {"from": people.alice})
    protocol.clock.to(child.deltas.period()[0] + 7 * DAY)
    child.deltas.finalize({"from": people.oscar})
    assert child.deltas.version() == 2
    assert bytes(child.deltas.tip()) == keccak(base + delta)
    assert child.deltas.due(2)[0] == people.erin
    assert tuple(child.deltas.due(1)) == tuple(child.deltas.due(0))


@pytest.mark.parametrize("group_id", [0, 2])
def test_refuses_a_parent_that_is_not_there(
    protocol: Any, group: Any, people: Any, group_id: int
) -> None:
    with brownie.reverts("gr: no parent"):
        protocol.registry.fork_group(group_id, 0, 0, WIDER.fields(), {"from": people.alice})


@pytest.mark.parametrize(("height", "version"), [(1, 0), (0, 1)])
def test_refuses_a_state_that_is_not_there(
    protocol: Any, group: Any, people: Any, height: int, version: int
) -> None:
    """G4"""
    with brownie.reverts("gr: no such state"):
        protocol.registry.fork_group(
            group.id, height, version, WIDER.fields(), {"from": people.alice}
        )


def test_refuses_a_version_of_the_grandparent(protocol: Any, parent: Any, people: Any) -> None:
    """G4: it is recorded there, so fork that one."""
    child = protocol.create(WIDER, fork=(parent.id, 0, 1))
    with brownie.reverts("gr: no such state"):
        protocol.registry.fork_group(child.id, 0, 0, WIDER.fields(), {"from": people.alice})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"bond": MIN_BOND - 1}, "gr: bond"), ({"model_hash": bytes(32)}, "gr: model")],
)
def test_holds_a_child_to_the_same_bounds(
    protocol: Any, group: Any, people: Any, changes: dict[str, Any], reason: str
) -> None:
    """G5"""
    with brownie.reverts(reason):
        protocol.registry.fork_group(
            group.id, 0, 0, Config(**changes).fields(), {"from": people.alice}
        )
