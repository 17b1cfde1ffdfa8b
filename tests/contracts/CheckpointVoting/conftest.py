"""A block with three claims, and a voting contract over a token that only says no."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.contracts.terms import Claim


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


REFUSING = """
# pragma version 0.4.3
answer: bool

@external
def set_answer(answer: bool):
    self.answer = answer

@external
def transfer(to: address, amount: uint256) -> bool:
    return self.answer

@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    return self.answer

@external
def mint(to: address, amount: uint256):
    pass

@external
@view
def voting_group(voting: address) -> uint256:
    return 1
"""


@pytest.fixture
def loose(
    CheckpointVoting: Any, Coinbase: Any, protocol: Any, group: Any, people: Any, deploy_source: Any
) -> tuple[Any, Any]:
    """A second voting contract for group 1's stake and deltas, over a token that answers False
    where ours reverts; and that token, which also plays the registry of groups."""
    token, deployer = deploy_source(REFUSING), {"from": people.deployer}
    coinbase = Coinbase.deploy(token, protocol.sale, protocol.vault, token, deployer)
    voting = CheckpointVoting.deploy(
        1, token, protocol.vault, coinbase, group.deltas, b"\x02" * 32, group.config.fields(),
        deployer,
    )  # fmt: skip
    return voting, token
