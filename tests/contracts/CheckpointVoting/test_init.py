"""Bounds are tested through the registry of groups, in GroupRegistry/test_create_group.py."""

from typing import Any

import brownie

from tests.contracts.terms import ZERO, Config


def test_starts_with_nothing_settled_or_open(protocol: Any, people: Any) -> None:
    """K1, K7"""
    fresh = protocol.create()
    voting, genesis = fresh.voting, fresh.config.genesis_checkpoint
    assert (voting.seq(), voting.KEEPER_BPS()) == (0, 0)
    assert bytes(voting.incumbent()) == bytes(voting.accepted(0)) == genesis
    assert voting.is_used(genesis)
    assert tuple(voting.candidate(genesis)) == (ZERO, 0, ZERO, 0, 0, 0)
    assert not voting.has_won(genesis)
    assert voting.votes(genesis) == 0
    block_1, cast, settled, leader = voting.state()
    assert (block_1, cast, settled, int(leader.hex(), 16)) == (0, 0, True, 0)
    with brownie.reverts("cv: nothing to settle"):
        voting.settle({"from": people.oscar})
    with brownie.reverts("cv: no bond"):
        voting.release_bond(genesis, {"from": people.oscar})


def test_says_what_is_signed(protocol: Any, group: Any) -> None:
    """K13: chain and contract are in the domain, so no claim is valid elsewhere."""
    _, name, version, chain_id, verifier, _, _ = group.voting.eip712Domain()
    assert (name, version, chain_id, verifier) == (
        "DecentralizedAI Checkpoint", "1", brownie.chain.id, group.voting
    )  # fmt: skip


def test_asks_for_a_bond(CheckpointVoting: Any, protocol: Any, group: Any, people: Any) -> None:
    """K6: whatever the registry that deploys it asks for."""
    partners = (protocol.nrn, protocol.vault, protocol.coinbase, group.deltas, people.referee, ZERO)
    deployer = {"from": people.deployer}
    with brownie.reverts("cv: bond"):
        CheckpointVoting.deploy(1, *partners, b"\x02" * 32, Config(bond=0).fields(), deployer)
    one = CheckpointVoting.deploy(1, *partners, b"\x02" * 32, Config(bond=1).fields(), deployer)
    assert one.BOND() == 1
