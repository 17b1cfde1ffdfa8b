"""A sponsored group with a block to draw for, and tokens of all manners."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.contracts.terms import DAY, ETHER, Claim, ballot

TOKEN = """
# pragma version 0.4.3
balanceOf: public(HashMap[address, uint256])
fee_bps: uint256
answer: bool
target: address
data: Bytes[132]
called: public(uint256)
succeeded: public(uint256)

@deploy
def __init__(to: address, fee_bps: uint256, answer: bool):
    self.balanceOf[to] = 2**200
    self.fee_bps = fee_bps
    self.answer = answer

@external
def set_answer(answer: bool):
    self.answer = answer

@external
def set_hook(target: address, data: Bytes[132]):
    self.target = target
    self.data = data

@external
def transfer(to: address, amount: uint256){returns}:
    self._move(msg.sender, to, amount)
    {answer}

@external
def transferFrom(owner: address, to: address, amount: uint256){returns}:
    self._move(owner, to, amount)
    {answer}

@internal
def _move(owner: address, to: address, amount: uint256):
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount - amount * self.fee_bps // 10_000
    if self.target != empty(address):
        self.called += 1
        if raw_call(self.target, self.data, revert_on_failure=False):
            self.succeeded += 1
"""


@pytest.fixture
def make_token(deploy_source: Callable[..., Any], people: Any) -> Callable[..., Any]:
    """A token of alice's whose transfers answer `answer`, or nothing, and cost a fee."""

    def make(answer: bool | None = True, fee_bps: int = 0) -> Any:
        returns, statement = ("", "pass") if answer is None else (" -> bool", "return self.answer")
        source = TOKEN.format(returns=returns, answer=statement)
        return deploy_source(source, people.alice.address, fee_bps, bool(answer))

    return make


@dataclass
class Sponsored:
    """Sponsorship 1: alice's 100 NRN over 10 blocks for a week."""

    group: Any
    contract: Any
    token: Any
    since: int
    until: int

    @property
    def per_block(self) -> int:
        return 10 * ETHER


@pytest.fixture
def sponsored(protocol: Any, group: Any, people: Any, clock: Any) -> Sponsored:
    contract, nrn = protocol.sponsorship, protocol.nrn
    nrn.approve(contract, 2**256 - 1, {"from": people.alice})
    until = clock.now + 7 * DAY
    clock.next(until - 7 * DAY + 1)
    contract.sponsor(group.id, nrn, 100 * ETHER, 10, until, {"from": people.alice})
    return Sponsored(group, contract, nrn, until - 7 * DAY + 1, until)


def play(group: Any, people: Any, name: str, baseline: int | None = None, **fields: Any) -> Claim:
    """A block won by tara that alice and bob have evaluated and carol has not; redeemed, opened."""
    known = group.voting.baseline()
    baseline = known[0] if known[3] else 1_000
    claim = group.claim(people.tara, name, baseline - 1, baseline, **fields)
    index = group.play([claim], {"alice": claim, "bob": claim})
    group.voting.settle({"from": people.oscar})
    group.voting.redeem(index, {"from": people.oscar})
    group.voting.open_root(index, claim.root, {"from": people.oscar})
    return claim


def claim_keeper(group: Any, claim: Claim, keeper: Any) -> None:
    cast = ballot(keeper.address, claim)
    group.voting.claim_keeper(claim.block_index, cast, keeper, {"from": keeper})
