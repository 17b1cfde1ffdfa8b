"""terms: what a claim must gain, and what its reveal posts."""

from typing import Any

import brownie
import pytest

from tests.contracts.conftest import STAKES
from tests.contracts.terms import MIN_BOND, Config

STEPS = [16, 20, 24, 28, 32, 40, 48, 56, 64]  # levels 0 to 8 above 16


def paced(protocol: Any, least: int = 16, most: int = 2**20) -> Any:
    group = protocol.create(Config(min_improvement=least, max_improvement=most))
    protocol.stake(group, {"erin": 10**21})
    protocol.next_epoch()
    return group


def win(group: Any, people: Any, name: str, loss: int, baseline: int) -> None:
    claim = group.claim(people.tara, name, loss, baseline, block_index=group.index + 1)
    group.play([claim], {"erin": claim})
    group.voting.settle({"from": people.oscar})


def test_an_accepted_block_doubles_and_others_lower(protocol: Any, people: Any) -> None:
    """K17: by steps of a quarter of a doubling, down to the lower bound."""
    group = paced(protocol)
    voting = group.voting
    assert voting.terms()[0] == 16
    win(group, people, "a", 900, 1_000)
    assert voting.terms()[0] == 32
    win(group, people, "b", 868, 900)
    first = group.index
    for blocks, level in enumerate([7, 6, 5, 4, 3, 2, 1, 0, 0]):
        group.to(first + 1 + blocks, "commit")
        assert voting.terms()[0] == STEPS[level]


def test_rejected_and_undecided_blocks_lower_too(protocol: Any, people: Any) -> None:
    """K17"""
    group = paced(protocol)
    win(group, people, "a", 900, 1_000)
    for number, ballots in enumerate(({"erin": None}, {})):
        claim = group.claim(people.tara, f"c{number}", 800, 900, block_index=group.index)
        if number:
            claim = group.claim(people.tara, f"c{number}", 800, 900)
        group.play([claim], ballots)
        group.voting.settle({"from": people.oscar})
        assert group.voting.terms()[0] == STEPS[3 - number]


def test_asks_for_the_raised_improvement(protocol: Any, people: Any) -> None:
    """K2, K17: exactly; the wei below is refused."""
    group = paced(protocol)
    win(group, people, "a", 900, 1_000)
    claims = [
        group.claim(people.tara, str(loss), loss, 900, block_index=group.index)
        for loss in (869, 868)
    ]
    group.commit(*claims)
    group.to(claims[0].block_index, "reveal")
    with brownie.reverts("cv: no improvement"):
        group.voting.reveal(*group.arguments(claims[0]), {"from": people.dave})
    group.reveal(claims[1])


@pytest.mark.parametrize(
    ("most", "found"), [(16, [16, 16, 16]), (31, [31, 31, 31]), (32, [32] * 3)]
)
def test_stays_within_its_bounds(protocol: Any, people: Any, most: int, found: list[int]) -> None:
    """K17: and does not climb above the upper one, which would take as long to come down."""
    group = paced(protocol, most=most)
    baseline = 10_000
    for number, expected in enumerate(found):
        loss = baseline - 100
        win(group, people, f"{number}", loss, baseline)
        assert group.voting.terms()[0] == expected
        baseline = loss
    group.to(group.index + 1, "commit")
    assert group.voting.terms()[0] == min(28, most)


def test_the_bond_is_the_groups_share(protocol: Any, group: Any, people: Any) -> None:
    """K18, F9: of all stake when the block began; rounded down to a part of 2**24."""
    assert group.voting.terms()[1] == MIN_BOND
    other = protocol.create()
    protocol.stake(other, {"erin": sum(STAKES.values()) // 3})
    assert other.voting.terms()[1] == 0
    protocol.next_epoch()
    group.to(group.index + 1, "commit")
    other.to(other.index + 1, "commit")
    mine, all_ = protocol.vault.share_at(other.id, protocol.vault.current_epoch())
    assert other.voting.terms()[1] == MIN_BOND * (mine * 2**24 // all_) // 2**24
    assert MIN_BOND * 74 // 100 < group.voting.terms()[1] < MIN_BOND * 76 // 100


def test_the_bond_is_a_hundredth_at_least(protocol: Any, group: Any, people: Any) -> None:
    """K18: a junk claim must cost more than looking at it."""
    small = protocol.create()
    protocol.stake(small, {"erin": 1})
    protocol.next_epoch()
    small.to(small.index + 1, "commit")
    part = 2**24 // 100
    assert small.voting.terms()[1] == MIN_BOND * part // 2**24
    claim = small.claim(people.tara, "x", 900, block_index=small.index + 1)
    small.commit(claim)
    held = protocol.nrn.balanceOf(people.dave)
    small.reveal(claim)
    assert held - protocol.nrn.balanceOf(people.dave) == MIN_BOND * part // 2**24
    assert small.voting.candidate(claim.checkpoint_hash)[5] == MIN_BOND * part // 2**24
