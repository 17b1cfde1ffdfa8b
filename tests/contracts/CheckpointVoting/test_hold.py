"""The referee holds a claim while games run against it: R9, R10."""

from typing import Any

import brownie
import pytest
from eth_utils import keccak

from tests.contracts.conftest import event
from tests.contracts.terms import CHALLENGE


def test_holds_and_lets_go(group: Any, people: Any) -> None:
    """R10: neither the reward nor the bond leaves; afterwards both do, to whom they did before."""
    voting, claim = group.voting, group.claim(people.tara, "x", 900)
    name, referee = claim.checkpoint_hash, {"from": people.referee}
    group.play([claim], {"alice": claim})
    voting.settle({"from": people.oscar})
    known = voting.candidate(name)
    assert not voting.is_disputed(name)
    for _ in range(2):  # the last of two games lets go
        voting.hold(name, True, referee)
    assert voting.is_disputed(name)
    assert not voting.is_refuted(name)
    with brownie.reverts("cv: challenged"):
        voting.redeem(claim.block_index, {"from": people.oscar})
    group.outlast_challenges(claim.block_index)
    with brownie.reverts("cv: challenged"):
        voting.release_bond(name, {"from": people.oscar})
    voting.hold(name, False, referee)
    assert not voting.is_disputed(name)
    assert voting.candidate(name) == known
    assert voting.redeem(claim.block_index, {"from": people.oscar}).return_value > 0
    released = event(voting.release_bond(name, {"from": people.oscar}), "BondReleased")
    assert released["payer"] == people.dave


@pytest.mark.parametrize(
    ("since_vote", "refused"), [(-1, "cv: before the vote"), (0, None), (1, None)]
)
def test_begins_with_the_vote(
    group: Any, people: Any, clock: Any, revealed: Any, since_vote: int, refused: str | None
) -> None:
    """R9: before, an earlier commitment may take the hash over."""
    hold_at(
        group,
        revealed.tara,
        people,
        clock,
        group.edge(revealed.index, "vote") + since_vote,
        refused,
    )


@pytest.mark.parametrize(("left", "refused"), [(1, None), (0, "cv: challenge ended")])
def test_ends_three_days_after_the_block(
    group: Any, people: Any, clock: Any, revealed: Any, left: int, refused: str | None
) -> None:
    """R9"""
    end = group.start(revealed.index + 1) + CHALLENGE
    hold_at(group, revealed.tara, people, clock, end - left, refused)


def hold_at(
    group: Any, claim: Any, people: Any, clock: Any, when: int, refused: str | None
) -> None:
    arguments = (claim.checkpoint_hash, True, {"from": people.referee})
    clock.to(when - 5)
    clock.next(when)
    if refused:
        with brownie.reverts(refused):
            group.voting.hold(*arguments)
    else:
        group.voting.hold(*arguments)
    assert group.voting.is_disputed(claim.checkpoint_hash) == (refused is None)


def test_refuses_anybody_else(group: Any, people: Any, revealed: Any) -> None:
    group.to(revealed.index, "vote")
    for is_held in (True, False):
        with brownie.reverts("cv: not the referee"):
            group.voting.hold(revealed.tara.checkpoint_hash, is_held, {"from": people.alice})


def test_refuses_what_nobody_claims(group: Any, people: Any) -> None:
    for name in (keccak(text="unknown"), group.config.genesis_checkpoint):
        with brownie.reverts("cv: no claim"):
            group.voting.hold(name, True, {"from": people.referee})


def test_refuses_what_is_refuted(group: Any, people: Any, revealed: Any) -> None:
    """R11: the game is over."""
    group.to(revealed.index, "vote")
    voting, name = group.voting, revealed.tara.checkpoint_hash
    voting.hold(name, True, {"from": people.referee})
    voting.refute(name, people.erin, {"from": people.referee})
    with brownie.reverts("cv: refuted"):
        voting.hold(name, True, {"from": people.referee})
