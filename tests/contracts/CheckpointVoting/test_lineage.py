"""has_won: what was accepted here or in an ancestor is claimed in no descendant."""

from dataclasses import replace
from typing import Any

import brownie
import pytest

from tests.contracts.terms import ZERO, Config


@pytest.fixture
def family(protocol: Any, group: Any, people: Any) -> list[Any]:
    """Group 1 with a winner and a loser, a fork of its beginning, and a fork of that."""
    won, lost = group.claim(people.tara, "won", 800), group.claim(people.tom, "lost", 900)
    group.play([won, lost], {"alice": won})
    group.voting.settle({"from": people.oscar})
    child = protocol.create(Config(model_hash=b"\x71" * 32), fork=(1, 0, 0))
    grandchild = protocol.create(Config(model_hash=b"\x72" * 32), fork=(child.id, 0, 0))
    for fork in (child, grandchild):
        protocol.stake(fork, {"erin": 10**21})
    protocol.next_epoch()
    return [group, child, grandchild, won, lost]


@pytest.mark.parametrize("generation", [1, 2])
def test_refuses_an_ancestors_winner(
    protocol: Any, family: list[Any], people: Any, generation: int
) -> None:
    """K19, F5: but not what was only claimed there."""
    parent, fork, won, lost = family[0], family[generation], *family[3:]
    assert fork.voting.PARENT() == family[generation - 1].voting
    claims = [
        fork.claim(people.tara, "", 700, checkpoint_hash=old.checkpoint_hash) for old in (won, lost)
    ]
    fork.commit(*claims)
    fork.to(claims[0].block_index, "reveal")
    with brownie.reverts("cv: hash already used"):
        fork.voting.reveal(*fork.arguments(claims[0]), {"from": people.dave})
    fork.reveal(claims[1])
    assert [parent.voting.has_won(c.checkpoint_hash) for c in claims] == [True, False]
    assert [fork.voting.has_won(c.checkpoint_hash) for c in claims] == [True, False]


def test_a_descendants_winner_is_free_in_the_parent(
    protocol: Any, family: list[Any], people: Any
) -> None:
    """K19: lineage looks up only."""
    parent, fork = family[:2]
    claim = fork.claim(people.tara, "new", 700)
    fork.play([claim], {"erin": claim})
    fork.voting.settle({"from": people.oscar})
    assert fork.voting.has_won(claim.checkpoint_hash)
    assert not parent.voting.has_won(claim.checkpoint_hash)
    same = parent.claim(people.tara, "new", 700, 800)
    parent.commit(same)
    parent.reveal(same)


def test_a_group_without_a_parent_asks_nobody(
    protocol: Any, family: list[Any], people: Any
) -> None:
    """K19: residual of F5: a clone is no child."""
    clone = protocol.create()
    protocol.stake(clone, {"erin": 10**21})
    protocol.next_epoch()
    assert clone.voting.PARENT() == ZERO
    claim = clone.claim(people.tara, "", 700, checkpoint_hash=family[3].checkpoint_hash)
    clone.commit(claim)
    clone.reveal(replace(claim))
