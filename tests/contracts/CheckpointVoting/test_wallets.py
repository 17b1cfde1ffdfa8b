"""Contract wallets as trainers, stakers and operators: a real Safe of three owners."""

from typing import Any

import brownie
import pytest
from brownie import web3
from brownie.exceptions import VirtualMachineError
from eth_account import Account
from eth_utils import keccak

from tests.contracts.conftest import STAKES
from tests.contracts.terms import ETHER, ballot
from tests.support.safe_wallet import Safe

OWNERS = [Account.from_key(keccak(text=f"owner {number}")) for number in range(3)]


@pytest.fixture
def safe(people: Any) -> Safe:
    """Two of three owners sign."""
    return Safe(web3, people.dave.address, OWNERS, threshold=2)


def reveal(group: Any, claim: Any, signature: bytes, payer: Any) -> Any:
    *fields, _ = claim.arguments(OWNERS[0], group.voting.address, brownie.chain.id)
    return group.voting.reveal(*fields, signature, {"from": payer})


def test_a_safe_trains(protocol: Any, group: Any, people: Any, safe: Safe) -> None:
    """K13: two owners sign off chain, dave pays, the reward is the wallet's and it can spend it."""
    claim = group.claim(safe, "the safe's", 900)
    group.commit(claim)
    group.to(claim.block_index, "reveal")
    digest = claim.digest(group.voting.address, brownie.chain.id)
    alone = OWNERS[0].unsafe_sign_hash(digest).signature
    for bad in (b"", bytes(alone), safe.sign(digest, signers=1), safe.sign(keccak(digest))):
        with brownie.reverts("cv: bad signature"):
            reveal(group, claim, bad, people.dave)
    signature = safe.sign(digest)
    assert len(signature) == 130
    reveal(group, claim, signature, people.dave)
    group.vote({"alice": claim, "bob": claim})
    group.to(claim.block_index, "end")
    group.voting.settle({"from": people.oscar})
    group.voting.redeem(claim.block_index, {"from": people.oscar})
    reward = protocol.nrn.balanceOf(safe.address)
    assert reward > 0
    safe.execute(protocol.nrn.address, protocol.nrn.transfer.encode_input(people.oscar, reward))
    assert (protocol.nrn.balanceOf(people.oscar), protocol.nrn.balanceOf(safe.address)) == (
        reward, 0
    )  # fmt: skip


def test_a_signature_may_have_1024_bytes(group: Any, people: Any, deploy_source: Any) -> None:
    """K13: and none more; the wallet sees every one of them."""
    wallet = deploy_source(
        """
# pragma version 0.4.3
@external
@view
def isValidSignature(digest: bytes32, signature: Bytes[2_048]) -> bytes4:
    assert len(signature) == 1_024 and slice(signature, 1_023, 1) == b"\\x07"
    return 0x1626ba7e
"""
    )
    claim = group.claim(wallet, "long", 900)
    group.commit(claim)
    group.to(claim.block_index, "reveal")
    with pytest.raises(VirtualMachineError) as refused:  # before the wallet is asked
        reveal(group, claim, b"\x07" * 1_025, people.dave)
    assert refused.value.revert_msg != "cv: bad signature"
    with brownie.reverts("cv: bad signature"):
        reveal(group, claim, b"\x07" * 1_023, people.dave)
    reveal(group, claim, bytes(1_023) + b"\x07", people.dave)


def test_an_account_signs_with_65_bytes(group: Any, people: Any) -> None:
    """K13: neither the short form of a signature nor one with a tail counts."""
    claim = group.claim(people.tara, "plain", 900)
    group.commit(claim)
    group.to(claim.block_index, "reveal")
    *fields, signature = group.arguments(claim)
    short = bytes(signature[:32]) + (
        int.from_bytes(signature[32:64]) | (signature[64] - 27) << 255
    ).to_bytes(32)
    for bad in (short, signature + b"\x00", b""):
        with brownie.reverts("cv: bad signature"):
            group.voting.reveal(*fields, bad, {"from": people.dave})
    group.voting.reveal(*fields, signature, {"from": people.dave})


def test_a_safe_keeps(protocol: Any, group: Any, people: Any, clock: Any, safe: Safe) -> None:
    """V8, K5: it stakes and names an operator, and is one itself: the staker's power counts."""
    stake = 10_000 * ETHER
    protocol.nrn.transfer(safe.address, stake, {"from": people.dave})
    vault, voting = protocol.vault, group.voting
    safe.execute(protocol.nrn.address, protocol.nrn.approve.encode_input(vault, stake))
    safe.execute(vault.address, vault.stake.encode_input(group.id, stake))
    safe.execute(vault.address, vault.set_operator.encode_input(people.oscar))
    vault.set_operator(safe.address, {"from": people.alice})
    protocol.next_epoch()

    claim = group.claim(people.tara, "tara's", 900)
    group.commit(claim)
    group.reveal(claim)
    group.to(claim.block_index, "vote")
    voted = {}
    for staker in (safe.address, people.alice.address):
        cast = (ballot(staker, claim), staker)
        with brownie.reverts("vault: not operator"):
            voting.vote(*cast, {"from": people.mallory})
        if staker == safe.address:
            voting.vote(*cast, {"from": people.oscar})
        else:
            safe.execute(voting.address, voting.vote.encode_input(*cast))
        voted[staker] = voting.votes(claim.checkpoint_hash) - sum(voted.values())
    assert voted == {safe.address: stake, people.alice.address: STAKES["alice"]}
