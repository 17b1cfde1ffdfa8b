"""A block with three claims, and a voting contract over a token that only says no."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.contracts.terms import ZERO, Claim


@dataclass
class Race:
    """Claims for one block, committed in this order; by loss tom leads tara, tara leads late."""

    group: Any
    index: int
    tara: Claim
    tom: Claim
    late: Claim


@pytest.fixture
def race(group: Any, people: Any) -> Race:
    """Three claims, committed and not yet revealed.

    commit: tara 900, tom 800, late 950 | reveal | vote | end
    """
    claims = [
        group.claim(people.tara, "tara's", 900),
        group.claim(people.tom, "tom's", 800),
        group.claim(people.tara, "late", 950),
    ]
    group.commit(*claims)
    return Race(group, claims[0].block_index, *claims)


@pytest.fixture
def revealed(race: Race) -> Race:
    """All three revealed, dave paying the bonds."""
    race.group.reveal(race.tara, race.tom, race.late)
    return race


@pytest.fixture
def loose(
    CheckpointVoting: Any,
    Coinbase: Any,
    protocol: Any,
    group: Any,
    people: Any,
    refusing_token: Any,
) -> tuple[Any, Any]:
    """A second voting contract for group 1's stake and deltas, over a token that answers False
    where ours reverts; and that token, which also plays the registry of groups."""
    token, deployer = refusing_token, {"from": people.deployer}
    coinbase = Coinbase.deploy(token, protocol.sale, protocol.vault, token, deployer)
    voting = CheckpointVoting.deploy(
        1, token, protocol.vault, coinbase, group.deltas, people.referee, ZERO, b"\x02" * 32,
        group.config.fields(), deployer,
    )  # fmt: skip
    return voting, token
