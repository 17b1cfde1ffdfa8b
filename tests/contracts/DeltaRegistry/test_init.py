"""Bounds are tested through the registry of groups, in GroupRegistry/test_create_group.py."""

from typing import Any

from tests.contracts.terms import DAY


def test_opens_the_first_period(protocol: Any) -> None:
    """D4, D6"""
    deltas = protocol.create().deltas
    now = deltas.period()[0]
    assert tuple(deltas.period()) == (now, 7 * DAY, 7 * DAY, 0, now + 7 * DAY)
    assert tuple(deltas.leader()) == (0, 0)
    assert (deltas.version(), deltas.n_proposals()) == (0, 0)
    assert bytes(deltas.tip()) == bytes(deltas.tip_of(0)) == b"\x03" * 32
    assert int(deltas.delta_of(0).hex(), 16) == 0
    assert tuple(deltas.due(0)) == ("0x" + "00" * 20, 0, 0)
