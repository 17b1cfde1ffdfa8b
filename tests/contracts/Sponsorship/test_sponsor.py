from typing import Any

import brownie
import pytest

from tests.contracts.conftest import event
from tests.contracts.terms import DAY, ETHER, FOUR_YEARS, ZERO


def test_is_bound_to_the_protocol(Sponsorship: Any, protocol: Any, people: Any) -> None:
    contract = protocol.sponsorship
    assert (contract.VAULT(), contract.REGISTRY()) == (protocol.vault, protocol.registry)
    for arguments in ((ZERO, protocol.registry), (protocol.vault, ZERO)):
        with brownie.reverts("sp: zero address"):
            Sponsorship.deploy(*arguments, {"from": people.deployer})


def test_takes_what_arrives(
    protocol: Any, group: Any, people: Any, clock: Any, make_token: Any
) -> None:
    """P1, P2: a token that answers nothing and keeps a hundredth."""
    token, contract = make_token(answer=None, fee_bps=100), protocol.sponsorship
    until = clock.now + DAY
    receipt = contract.sponsor(group.id, token, 1_000, 11, until, {"from": people.alice})
    sponsored = event(receipt, "Sponsored")
    assert sponsored == {
        "sponsorship_id": 1, "group_id": group.id, "sponsor": people.alice, "token": token,
        "amount": 990, "n_blocks": 11, "until": until,
    }  # fmt: skip
    assert receipt.return_value == contract.n_sponsorships() == 1
    assert token.balanceOf(contract) == 990
    assert tuple(contract.sponsorship(1)) == (
        group.id, people.alice, token, 990, 90, receipt.timestamp, until
    )  # fmt: skip
    assert tuple(contract.heights(1)) == (1, 11)
    assert tuple(contract.sponsorship(2)) == (0, ZERO, ZERO, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"group": 0}, "sp: no group"),
        ({"group": 2}, "sp: no group"),
        ({"n_blocks": 9}, "sp: blocks"),
        ({"n_blocks": 10_001}, "sp: blocks"),
        ({"term": 0}, "sp: deadline"),
        ({"term": FOUR_YEARS + 1}, "sp: deadline"),
        ({"amount": 9}, "sp: amount"),
        ({"amount": 2**128, "n_blocks": 10}, "sp: amount"),
    ],
)
def test_refuses_terms_out_of_bounds(
    protocol: Any, group: Any, people: Any, clock: Any, make_token: Any, changes: Any, reason: str
) -> None:
    """P1"""
    terms = {"group": 1, "amount": 100, "n_blocks": 10, "term": DAY} | changes
    token, at = make_token(), clock.now + 10
    clock.next(at)
    with brownie.reverts(reason):
        protocol.sponsorship.sponsor(
            terms["group"], token, terms["amount"], terms["n_blocks"], at + terms["term"],
            {"from": people.alice},
        )  # fmt: skip


@pytest.mark.parametrize("term", [1, FOUR_YEARS])
def test_accepts_terms_at_the_bounds(
    protocol: Any, group: Any, people: Any, clock: Any, make_token: Any, term: int
) -> None:
    """P1"""
    token, at = make_token(), clock.now + 10
    for n_blocks in (10, 10_000):
        clock.next(at)
        protocol.sponsorship.sponsor(
            group.id, token, n_blocks, n_blocks, at + term, {"from": people.alice}
        )
        at += 1


def test_refuses_what_does_not_arrive(
    protocol: Any, group: Any, people: Any, clock: Any, make_token: Any
) -> None:
    """P2: a token that answers no, one that keeps all, no token at all."""
    sponsor, until = protocol.sponsorship.sponsor, clock.now + DAY
    with brownie.reverts("sp: transfer"):
        sponsor(group.id, make_token(answer=False), ETHER, 10, until, {"from": people.alice})
    with brownie.reverts("sp: amount"):
        sponsor(group.id, make_token(fee_bps=10_000), ETHER, 10, until, {"from": people.alice})
    with brownie.reverts("neuron: allowance"):
        sponsor(group.id, protocol.nrn, ETHER, 10, until, {"from": people.bob})
    with pytest.raises(brownie.exceptions.VirtualMachineError):
        sponsor(group.id, people.oscar, ETHER, 10, until, {"from": people.alice})


def test_a_token_that_calls_back_gets_nothing(
    protocol: Any, group: Any, people: Any, clock: Any, make_token: Any
) -> None:
    """P2, P6: while it is paid in, it can neither sponsor nor withdraw nor be refunded."""
    token, contract = make_token(), protocol.sponsorship
    until = clock.now + DAY
    arguments = (group.id, token, 100, 10, until)
    for data in (
        contract.refund.encode_input(1),
        contract.withdraw.encode_input(token, people.alice),
        contract.draw.encode_input(1, 1),
        contract.draw_keeper.encode_input(1, 1, people.alice),
    ):
        token.set_hook(contract, data, {"from": people.alice})
        contract.sponsor(*arguments, {"from": people.alice})
    assert (token.called(), token.succeeded()) == (4, 0)
    assert token.balanceOf(contract) == 400
    token.set_hook(contract, contract.n_sponsorships.encode_input(), {"from": people.alice})
    contract.sponsor(*arguments, {"from": people.alice})
    assert token.succeeded() == 1  # reading is free
