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
    ready = group.voting.terms()[1] and not group.voting.current()[1]  # to commit, at once
    index = group.index + (not ready)
    claim = group.claim(people.tara, name, loss, baseline, block_index=index)
    group.play([claim], {"erin": claim})
    group.voting.settle({"from": people.oscar})


def climb(group: Any, people: Any, levels: int) -> None:
    """Win so many blocks, each by 100; the last loss is 900."""
    for level in range(levels):
        loss = 900 + 100 * (levels - 1 - level)
        assert group.voting.terms()[0] == STEPS[level]
        win(group, people, f"level {level}", loss, loss + 100)


def test_an_accepted_block_raises_and_others_lower(protocol: Any, people: Any) -> None:
    """K17: by a quarter of a doubling, and by four, down to the lower bound."""
    group = paced(protocol)
    climb(group, people, 7)
    first = group.index
    for blocks, level in enumerate([7, 3, 0, 0]):
        group.to(first + blocks, "commit")
        assert group.voting.terms()[0] == STEPS[level]


def test_rejected_and_undecided_blocks_lower_too(protocol: Any, people: Any) -> None:
    """K17"""
    group = paced(protocol)
    climb(group, people, 8)
    for number, ballots in enumerate(({"erin": None}, {})):
        claim = group.claim(people.tara, f"c{number}", 800, 900, block_index=group.index)
        group.play([claim], ballots)
        group.voting.settle({"from": people.oscar})
        assert group.voting.terms()[0] == STEPS[4 - 4 * number]


def test_asks_for_the_raised_improvement(protocol: Any, people: Any) -> None:
    """K2, K17: exactly; the wei below is refused."""
    group = paced(protocol)
    climb(group, people, 1)
    claims = [
        group.claim(people.tara, str(loss), loss, 900, block_index=group.index)
        for loss in (881, 880)
    ]
    group.commit(*claims)
    group.to(claims[0].block_index, "reveal")
    with brownie.reverts("cv: no improvement"):
        group.voting.reveal(*group.arguments(claims[0]), {"from": people.dave})
    group.reveal(claims[1])


@pytest.mark.parametrize("most", [16, 19, 20])
def test_stays_within_its_bounds(protocol: Any, people: Any, most: int) -> None:
    """K17: and does not climb above the upper one, which would take as long to come down."""
    group = paced(protocol, most=most)
    baseline = 10_000
    for number in range(5):
        loss = baseline - 100
        win(group, people, f"{number}", loss, baseline)
        assert group.voting.terms()[0] == most
        baseline = loss
    group.to(group.index + 1, "commit")
    assert group.voting.terms()[0] == 16


def test_the_bond_is_the_groups_share(protocol: Any, group: Any, people: Any) -> None:
    """K18, F9: of all stake when the block began; rounded down to a part of 2**24."""
    group.to(group.index + 1, "commit")
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
