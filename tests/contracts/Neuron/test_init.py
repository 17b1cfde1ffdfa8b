from typing import Any

import brownie
import pytest
from brownie import web3
from eth_utils import keccak

from tests.contracts.terms import ZERO


def test_fixes_both_minters(protocol: Any) -> None:
    """N3, N4"""
    assert protocol.nrn.SALE() == protocol.sale
    assert protocol.nrn.COINBASE() == protocol.coinbase


def test_describes_itself(protocol: Any) -> None:
    nrn = protocol.nrn
    assert (nrn.name(), nrn.symbol(), nrn.decimals()) == ("Neuron", "NRN", 18)
    fields, name, version, chain_id, verifier, salt, extensions = nrn.eip712Domain()
    assert (int(str(fields), 16), name, version, chain_id) == (
        0x0F,
        "Neuron",
        "1",
        brownie.chain.id,
    )
    assert (verifier, int(str(salt), 16), list(extensions)) == (nrn, 0, [])


def test_exposes_no_owner_and_no_other_minter(protocol: Any) -> None:
    """N4: what could change the minters is not there to be called."""
    names = {entry["name"] for entry in protocol.nrn.abi if entry["type"] == "function"}
    assert not names & {
        "owner", "transfer_ownership", "renounce_ownership", "set_minter", "is_minter"
    }  # fmt: skip


@pytest.mark.parametrize("missing", [0, 1])
def test_refuses_a_zero_minter(Neuron: Any, people: Any, missing: int) -> None:
    minters = [people.alice, people.bob]
    minters[missing] = ZERO
    with brownie.reverts("neuron: zero minter"):
        Neuron.deploy(*minters, {"from": people.deployer})


def test_keeps_no_owner_and_no_other_minter(protocol: Any, people: Any) -> None:
    """N4: not even in storage that no function shows (`layout.snapshot` tells where)."""
    owner, is_minter = (0).to_bytes(32, "big"), (4).to_bytes(32, "big")
    deployer = bytes.fromhex(people.deployer.address[2:]).rjust(32, b"\0")
    for slot in (owner, keccak(is_minter + deployer), keccak(is_minter + bytes(32))):
        word = web3.eth.get_storage_at(protocol.nrn.address, int.from_bytes(slot, "big"))
        assert int.from_bytes(word, "big") == 0
