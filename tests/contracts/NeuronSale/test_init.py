from typing import Any

import brownie
import pytest

from tests.contracts.terms import DAY, ZERO

YEAR = 365 * DAY


def terms(people: Any, clock: Any) -> dict[str, Any]:
    start = clock.now + 100
    return {
        "nrn": people.alice,
        "start": start,
        "end": start + 30 * DAY,
        "rate": 1_000,
        "beneficiary": people.bob,
        "vesting": 2 * YEAR,
    }


def test_keeps_its_terms(NeuronSale: Any, people: Any, clock: Any) -> None:
    wanted = terms(people, clock)
    sale = NeuronSale.deploy(*wanted.values(), {"from": people.deployer})
    kept = (sale.NRN(), sale.START(), sale.END(), sale.RATE(), sale.BENEFICIARY(), sale.VESTING())
    assert kept == tuple(wanted.values())
    assert (sale.issued(), sale.raised(), sale.released()) == (0, 0, 0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"nrn": ZERO}, "sale: zero address"),
        ({"beneficiary": ZERO}, "sale: zero address"),
        ({"start": -1}, "sale: window"),
        ({"start": 2**64}, "sale: window"),
        ({"end": DAY - 1}, "sale: window"),
        ({"end": 60 * DAY + 1}, "sale: window"),
        ({"rate": 0}, "sale: rate"),
        ({"rate": 2**96}, "sale: rate"),
        ({"vesting": 10 * YEAR + 1}, "sale: vesting"),
    ],
)
def test_refuses_terms_out_of_bounds(
    NeuronSale: Any, people: Any, clock: Any, changes: dict[str, Any], reason: str
) -> None:
    """`start` is given relative to the deployment if that is soon, `end` relative to `start`."""
    wanted = terms(people, clock) | changes
    landing = clock.now + 50
    if "start" in changes:
        wanted["start"] += landing if wanted["start"] < 2**64 else 0
        wanted["end"] = wanted["start"] + 30 * DAY
    if "end" in changes:
        wanted["end"] += wanted["start"]
    clock.next(landing)
    with brownie.reverts(reason):
        NeuronSale.deploy(*wanted.values(), {"from": people.deployer})


@pytest.mark.parametrize(
    "changes",
    [{"start": 0}, {"end": DAY}, {"end": 60 * DAY}, {"rate": 1}, {"rate": 2**96 - 1},
     {"vesting": 0}, {"vesting": 10 * YEAR}],
)  # fmt: skip
def test_accepts_terms_at_the_bounds(
    NeuronSale: Any, people: Any, clock: Any, changes: dict[str, Any]
) -> None:
    wanted = terms(people, clock) | changes
    landing = clock.now + 50
    if "start" in changes:
        wanted["start"] += landing
    if "end" in changes:
        wanted["end"] += wanted["start"]
    clock.next(landing)
    assert NeuronSale.deploy(*wanted.values(), {"from": people.deployer}).START() >= landing
