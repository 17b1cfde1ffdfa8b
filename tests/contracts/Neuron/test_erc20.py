"""What is exported from snekmate, once each; snekmate's own suite has the rest."""

from contextlib import nullcontext
from typing import Any

import brownie
import pytest
from eth_account.messages import encode_typed_data

from tests.contracts.conftest import event
from tests.contracts.terms import DAY, ETHER, ZERO


def test_transfer_moves_tokens(protocol: Any, people: Any) -> None:
    """N1"""
    nrn = protocol.nrn
    supply, before = nrn.totalSupply(), nrn.balanceOf(people.dave)
    receipt = nrn.transfer(people.oscar, ETHER, {"from": people.dave})
    moved = {"sender": people.dave, "receiver": people.oscar, "value": ETHER}
    assert event(receipt, "Transfer") == moved
    assert nrn.balanceOf(people.oscar) == ETHER
    assert nrn.balanceOf(people.dave) == before - ETHER
    assert nrn.totalSupply() == supply


def test_transfer_refuses_more_than_the_balance(protocol: Any, people: Any) -> None:
    with brownie.reverts("erc20: transfer amount exceeds balance"):
        protocol.nrn.transfer(people.dave, 1, {"from": people.oscar})


def test_transfer_from_uses_the_allowance(protocol: Any, people: Any) -> None:
    nrn = protocol.nrn
    nrn.approve(people.oscar, 5, {"from": people.dave})
    assert nrn.allowance(people.dave, people.oscar) == 5
    receipt = nrn.transferFrom(people.dave, people.oscar, 3, {"from": people.oscar})
    moved = {"sender": people.dave, "receiver": people.oscar, "value": 3}
    assert event(receipt, "Transfer") == moved
    assert "Approval" not in receipt.events
    assert (nrn.balanceOf(people.oscar), nrn.allowance(people.dave, people.oscar)) == (3, 2)
    with brownie.reverts("neuron: allowance"):
        nrn.transferFrom(people.dave, people.oscar, 3, {"from": people.oscar})


def test_an_endless_allowance_stays(protocol: Any, people: Any) -> None:
    """One less than endless does not; the owner's balance bounds both."""
    nrn, endless = protocol.nrn, 2**256 - 1
    for allowance, left in [(endless, endless), (endless - 1, endless - 4)]:
        nrn.approve(people.oscar, allowance, {"from": people.dave})
        assert nrn.transferFrom.call(people.dave, people.oscar, 3, {"from": people.oscar})
        nrn.transferFrom(people.dave, people.oscar, 3, {"from": people.oscar})
        assert nrn.allowance(people.dave, people.oscar) == left
        with brownie.reverts("erc20: transfer amount exceeds balance"):
            whole = nrn.balanceOf(people.dave)
            nrn.transferFrom(people.dave, people.oscar, whole + 1, {"from": people.oscar})
    with brownie.reverts("erc20: transfer from the zero address"):
        nrn.transferFrom(ZERO, people.oscar, 0, {"from": people.oscar})


def test_burn_lowers_the_supply(protocol: Any, people: Any) -> None:
    """N1, N2: supply == issued + minted - burned."""
    nrn = protocol.nrn
    nrn.approve(people.oscar, 5, {"from": people.dave})
    nrn.burn(4, {"from": people.dave})
    receipt = nrn.burn_from(people.dave, 5, {"from": people.oscar})
    assert event(receipt, "Transfer")["receiver"] == ZERO
    assert nrn.totalSupply() == protocol.sale.issued() + protocol.coinbase.minted() - 9


def test_a_permit_approves_once(protocol: Any, people: Any, clock: Any) -> None:
    nrn, owner = protocol.nrn, people.tara.address
    arguments = permit(protocol, people, clock.now + DAY)
    nrn.permit(*arguments, {"from": people.dave})
    assert nrn.allowance(owner, people.oscar) == 9
    assert nrn.nonces(owner) == 1
    with brownie.reverts("erc20: invalid signature"):  # the nonce has moved on
        nrn.permit(*arguments, {"from": people.dave})


@pytest.mark.parametrize("late", [False, True])
def test_a_permit_ends_with_its_deadline(
    protocol: Any, people: Any, clock: Any, late: bool
) -> None:
    deadline = clock.now + DAY
    arguments = permit(protocol, people, deadline)
    clock.next(deadline + late)
    with brownie.reverts("erc20: expired deadline") if late else nullcontext():
        protocol.nrn.permit(*arguments, {"from": people.dave})


def permit(protocol: Any, people: Any, deadline: int) -> tuple[Any, ...]:
    """Arguments of `permit`: tara lets oscar have 9 wei."""
    nrn, owner = protocol.nrn, people.tara
    names = ("owner", "spender", "value", "nonce", "deadline")
    kinds = ("address", "address", "uint256", "uint256", "uint256")
    values = (owner.address, people.oscar.address, 9, nrn.nonces(owner.address), deadline)
    message = encode_typed_data(
        {
            "name": "Neuron",
            "version": "1",
            "chainId": brownie.chain.id,
            "verifyingContract": nrn.address,
        },
        {"Permit": [{"name": n, "type": t} for n, t in zip(names, kinds, strict=True)]},
        dict(zip(names, values, strict=True)),
    )
    assert bytes(nrn.DOMAIN_SEPARATOR()) == message.header
    signed = owner.sign_message(message)
    words = (number.to_bytes(32, "big") for number in (signed.r, signed.s))
    return *values[:3], deadline, signed.v, *words
