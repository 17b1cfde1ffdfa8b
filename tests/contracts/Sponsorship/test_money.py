"""withdraw and refund."""

from typing import Any

import brownie
import pytest

from tests.contracts.conftest import event
from tests.contracts.Sponsorship.conftest import play
from tests.contracts.terms import DAY, EPOCH, ETHER, ZERO


def test_withdraws_to_whom_it_is_due(sponsored: Any, people: Any) -> None:
    """P4: whoever calls; once."""
    claim = play(sponsored.group, people, "x")
    contract, token = sponsored.contract, sponsored.token
    contract.draw(1, 1, {"from": people.oscar})
    before = token.balanceOf(claim.trainer)
    receipt = contract.withdraw(token, claim.trainer, {"from": people.mallory})
    assert event(receipt, "Withdrawn") == {
        "token": token, "account": claim.trainer, "amount": 8 * ETHER,
    }  # fmt: skip
    assert token.balanceOf(claim.trainer) == before + 8 * ETHER == before + receipt.return_value
    assert token.balanceOf(contract) == 92 * ETHER
    for account in (claim.trainer, people.mallory):
        with brownie.reverts("sp: nothing"):
            contract.withdraw(token, account, {"from": people.mallory})


def test_refunds_what_is_left(sponsored: Any, people: Any, clock: Any) -> None:
    """P5, P6: keepers' shares that nobody drew too; to the sponsor, whoever calls; once."""
    claim = play(sponsored.group, people, "x")
    contract, token = sponsored.contract, sponsored.token
    contract.draw(1, 1, {"from": people.oscar})
    clock.next(sponsored.until + 2 * EPOCH - 1)
    with brownie.reverts("sp: running"):
        contract.refund(1, {"from": people.alice})
    before = token.balanceOf(people.alice)
    clock.next(sponsored.until + 2 * EPOCH)
    receipt = contract.refund(1, {"from": people.mallory})
    assert event(receipt, "Refunded") == {"sponsorship_id": 1, "amount": 92 * ETHER}
    assert token.balanceOf(people.alice) == before + 92 * ETHER
    assert tuple(contract.sponsorship(1)[3:5]) == (0, 0)
    with brownie.reverts("sp: nothing"):
        contract.refund(1, {"from": people.alice})
    contract.withdraw(token, claim.trainer, {"from": people.oscar})
    assert token.balanceOf(contract) == 0


def test_what_does_not_exist_is_nobodys(sponsored: Any, people: Any) -> None:
    with brownie.reverts("sp: nothing"):
        sponsored.contract.refund(9, {"from": people.mallory})
    with brownie.reverts("sp: height"):
        sponsored.contract.draw(9, 1, {"from": people.mallory})


def test_a_token_that_turns_hurts_only_its_own(
    protocol: Any, sponsored: Any, people: Any, clock: Any, make_token: Any
) -> None:
    """P2, P4: it answers no, or calls back, when money leaves; ours goes on."""
    contract = sponsored.contract
    bad, hooked = make_token(answer=None), make_token()
    for token in (bad, hooked):
        contract.sponsor(1, token, 100, 10, clock.now + DAY, {"from": people.alice})
    claim = play(sponsored.group, people, "x")
    for number in (1, 2, 3):
        contract.draw(number, 1, {"from": people.oscar})
    data = contract.withdraw.encode_input(hooked, claim.trainer)
    hooked.set_hook(contract, data, {"from": people.mallory})
    contract.withdraw(hooked, claim.trainer, {"from": people.oscar})
    assert (hooked.balanceOf(claim.trainer), hooked.succeeded()) == (8, 0)
    contract.withdraw(sponsored.token, claim.trainer, {"from": people.oscar})
    clock.to(sponsored.until + 2 * EPOCH)
    hooked.set_hook(contract, contract.refund.encode_input(3), {"from": people.mallory})
    contract.refund(3, {"from": people.oscar})
    assert (hooked.balanceOf(contract), hooked.succeeded()) == (0, 0)
    assert not contract.drawn(1, 1, people.alice) and contract.drawn(3, 1, ZERO)


def test_a_token_that_answers_no_keeps_its_accounts(
    sponsored: Any, people: Any, clock: Any, make_token: Any
) -> None:
    """P4, P5: credit and remainder stay until it answers yes."""
    contract, token = sponsored.contract, make_token()
    contract.sponsor(1, token, 100, 10, clock.now + DAY, {"from": people.alice})
    claim = play(sponsored.group, people, "x")
    contract.draw(2, 1, {"from": people.oscar})
    clock.to(sponsored.until + 2 * EPOCH)
    for answer in (False, True):
        token.set_answer(answer, {"from": people.mallory})
        for call, arguments in (
            (contract.withdraw, (token, claim.trainer)),
            (contract.refund, (2,)),
        ):
            if answer:
                call(*arguments, {"from": people.oscar})
            else:
                with brownie.reverts("sp: transfer"):
                    call(*arguments, {"from": people.oscar})
    assert token.balanceOf(contract) == 0


def test_a_token_that_shrinks_pays_whom_it_can(
    sponsored: Any, people: Any, clock: Any, make_token: Any
) -> None:
    """P2, P4: what it lacks stays credited; no other token makes up for it."""
    contract, token = sponsored.contract, make_token()
    contract.sponsor(1, token, 100, 10, clock.now + DAY, {"from": people.alice})
    trainer = play(sponsored.group, people, "x").trainer
    for number in (1, 2):
        contract.draw(number, 1, {"from": people.oscar})
    token.take(contract, 93, {"from": people.mallory})
    with pytest.raises(brownie.exceptions.VirtualMachineError):
        contract.withdraw(token, trainer, {"from": people.oscar})
    assert contract.credit(token, trainer) == 8
    token.mint(contract, 1, {"from": people.mallory})
    contract.withdraw(token, trainer, {"from": people.oscar})
    clock.to(sponsored.until + 2 * EPOCH)
    with pytest.raises(brownie.exceptions.VirtualMachineError):
        contract.refund(2, {"from": people.oscar})
    assert contract.sponsorship(2)[3] == 92
    contract.refund(1, {"from": people.oscar})
    contract.withdraw(sponsored.token, trainer, {"from": people.oscar})
    assert sponsored.token.balanceOf(contract) == 0
