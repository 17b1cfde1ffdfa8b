"""Group 1's registry in a period that began when stake already counted.

period k - 1 .... | period k: [start, start + 7 d) -> tests start at `start + 1`
"""

from dataclasses import dataclass
from typing import Any

import pytest
from eth_utils import keccak

from tests.contracts.terms import DAY

WEEK = 7 * DAY


@dataclass
class Period:
    """The running period; `deltas` is the registry, `ripe` the first second to vote in on what is
    proposed right away."""

    deltas: Any
    people: Any
    clock: Any
    start: int
    index: int

    @property
    def end(self) -> int:
        return self.start + WEEK

    @property
    def ripe(self) -> int:
        return self.start + 2 * DAY

    def propose(self, name: str, proposer: str = "erin") -> int:
        """A proposal against the tip in force; its id."""
        _, tip = self.deltas.sync.call(self.clock.now, {"from": self.people.oscar})
        sender = {"from": getattr(self.people, proposer)}
        return self.deltas.propose(tip, keccak(text=name), sender).return_value

    def vote(self, proposal_id: int, *voters: str) -> Any:
        for name in voters:
            receipt = self.deltas.vote(proposal_id, {"from": getattr(self.people, name)})
        return receipt


@pytest.fixture
def period(group: Any, people: Any, clock: Any) -> Period:
    deltas = group.deltas
    start, length, _, index, _ = deltas.period()
    skipped = (clock.now - start) // length + 1
    clock.to(start + skipped * length)
    deltas.finalize({"from": people.oscar})
    assert deltas.period()[0] == start + skipped * length
    return Period(deltas, people, clock, start + skipped * length, index + skipped)


@pytest.fixture
def ripe(period: Period) -> Period:
    """Proposals 1 and 2 by erin, 3 by dave, old enough to be voted on."""
    for name, proposer in (("one", "erin"), ("two", "erin"), ("three", "dave")):
        period.propose(name, proposer)
    period.clock.to(period.ripe)
    return period
