"""A sponsored group with a block to draw for, and tokens of all manners."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.contracts.terms import DAY, ETHER, Claim, ballot
from tests.support.strange_token import strange


@pytest.fixture
def make_token(deploy_source: Callable[..., Any], people: Any) -> Callable[..., Any]:
    """A token of alice's whose transfers answer `answer`, or nothing, and cost a fee."""

    def make(answer: bool | None = True, fee_bps: int = 0) -> Any:
        token = deploy_source(strange(answers=answer is not None), bool(answer))
        token.mint(people.alice, 2**200, {"from": people.alice})
        token.set_fee(fee_bps, {"from": people.alice})
        return token

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


def play(group: Any, people: Any, name: str, wait: bool = True, **fields: Any) -> Claim:
    """A block won by tara that alice and bob have evaluated and carol has not; redeemed, opened,
    and, if it is waited, challengeable no more."""
    known = group.voting.baseline()
    baseline = known[0] if known[3] else 1_000
    claim = group.claim(people.tara, name, baseline - 1, baseline, **fields)
    index = group.play([claim], {"alice": claim, "bob": claim})
    group.voting.settle({"from": people.oscar})
    group.voting.redeem(index, {"from": people.oscar})
    group.voting.open_root(index, claim.root, {"from": people.oscar})
    if wait:
        group.outlast_challenges(index)
    return claim


def claim_keeper(group: Any, claim: Claim, keeper: Any) -> None:
    cast = ballot(keeper.address, claim)
    group.voting.claim_keeper(claim.block_index, cast, keeper, {"from": keeper})
