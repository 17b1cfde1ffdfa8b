"""sync, tip_at: the training set in force at any time."""

from typing import Any

import brownie
import pytest
from eth_utils import keccak

from tests.contracts.conftest import event
from tests.contracts.terms import DAY


def test_rolls_and_reads(ripe: Any, people: Any) -> None:
    """D6, D7: the views lag until somebody rolls; `sync` never does."""
    ripe.vote(1, "alice")
    ripe.clock.to(ripe.end)
    assert ripe.deltas.version() == 0
    receipt = ripe.deltas.sync(ripe.end, {"from": people.oscar})
    tip = keccak(b"\x03" * 32 + keccak(text="one"))
    version, found = receipt.return_value
    assert (version, bytes(found)) == (1, tip)
    assert event(receipt, "DeltaAppended")["version"] == ripe.deltas.version() == 1


def test_does_nothing_while_the_period_runs(ripe: Any, people: Any) -> None:
    receipt = ripe.deltas.sync(ripe.clock.now, {"from": people.oscar})
    assert (receipt.return_value[0], len(receipt.events)) == (0, 0)


def test_refuses_the_future(ripe: Any, people: Any) -> None:
    now = ripe.clock.now + 10
    ripe.clock.next(now)
    with brownie.reverts("dr: future"):
        ripe.deltas.sync(now + 1, {"from": people.oscar})


@pytest.fixture
def five(period: Any, people: Any, clock: Any) -> Any:
    """Versions 1 to 5, in force from the end of five weeks in a row."""
    for i in range(5):
        proposal_id = period.propose(f"delta {i}")
        clock.to(period.start + i * 7 * DAY + 2 * DAY)
        period.vote(proposal_id, "alice")
        clock.to(period.start + (i + 1) * 7 * DAY)
        period.deltas.finalize({"from": people.oscar})
    return period


def test_finds_any_version_again(five: Any, people: Any) -> None:
    """D4, D7: by binary search, at both sides of every edge."""
    deltas = five.deltas
    for version in range(1, 6):
        edge = five.start + version * 7 * DAY
        for when, expected in ((edge - 1, version - 1), (edge, version)):
            found, tip = deltas.tip_at(when)
            assert (found, tip) == (expected, deltas.tip_of(expected))
            assert deltas.sync.call(when, {"from": people.oscar})[0] == expected
    assert deltas.tip_at(0)[0] == 0
    assert deltas.tip_at(2**63)[0] == 5
