from typing import Any

import brownie
import pytest

from tests.contracts.terms import ZERO


def partners(protocol: Any) -> list[Any]:
    registry = protocol.registry
    return [
        protocol.nrn, protocol.vault, protocol.coinbase, protocol.people.referee,
        registry.DELTA_BLUEPRINT(), registry.VOTING_BLUEPRINT(), 5,
    ]  # fmt: skip


def test_keeps_its_partners(GroupRegistry: Any, protocol: Any, people: Any) -> None:
    registry = GroupRegistry.deploy(*partners(protocol), {"from": people.deployer})
    kept = [
        registry.NRN(), registry.VAULT(), registry.COINBASE(), registry.REFEREE(),
        registry.DELTA_BLUEPRINT(), registry.VOTING_BLUEPRINT(), registry.MIN_BOND(),
    ]  # fmt: skip
    assert kept == partners(protocol)
    assert registry.n_groups() == 0


@pytest.mark.parametrize("missing", range(4))
def test_refuses_a_zero_address(
    GroupRegistry: Any, protocol: Any, people: Any, missing: int
) -> None:
    values = partners(protocol)
    values[missing] = ZERO
    with brownie.reverts("gr: zero address"):
        GroupRegistry.deploy(*values, {"from": people.deployer})


@pytest.mark.parametrize("which", [4, 5])
@pytest.mark.parametrize("instead", ["account", "contract", "bare preamble"])
def test_refuses_what_is_no_blueprint(
    GroupRegistry: Any, protocol: Any, people: Any, which: int, instead: str
) -> None:
    values = partners(protocol)
    bare = "0x61000380600a3d393df3fe7100"
    values[which] = {
        "account": people.alice,
        "contract": protocol.nrn,
        "bare preamble": people.deployer.transfer(data=bare).contract_address,
    }[instead]
    with brownie.reverts("gr: blueprint"):
        GroupRegistry.deploy(*values, {"from": people.deployer})


def test_refuses_no_bond(GroupRegistry: Any, protocol: Any, people: Any) -> None:
    with brownie.reverts("gr: bond"):
        GroupRegistry.deploy(*partners(protocol)[:-1], 0, {"from": people.deployer})


def test_takes_the_least_that_is_a_bond_and_a_blueprint(
    GroupRegistry: Any, protocol: Any, people: Any
) -> None:
    shortest = people.deployer.transfer(data="0x61000480600a3d393df3fe710000").contract_address
    values = [*partners(protocol)[:4], shortest, shortest, 1]
    assert GroupRegistry.deploy(*values, {"from": people.deployer}).MIN_BOND() == 1
