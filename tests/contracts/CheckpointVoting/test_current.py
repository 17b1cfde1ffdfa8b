"""current: block, phase and training set of now."""

from typing import Any

from tests.contracts.terms import HOUR, Config


def test_walks_the_phases(protocol: Any, clock: Any) -> None:
    """K9: half open, on a grid that never moves."""
    group = protocol.create(
        Config(commit_window=3 * HOUR, reveal_window=2 * HOUR, vote_window=4 * HOUR)
    )
    for index, phase, at in (
        (0, 0, 0), (0, 0, 3 * HOUR - 1), (0, 1, 3 * HOUR), (0, 1, 5 * HOUR - 1), (0, 2, 5 * HOUR),
        (0, 2, 9 * HOUR - 1), (1, 0, 9 * HOUR), (1, 1, 12 * HOUR), (7, 2, 63 * HOUR + 5 * HOUR),
    ):  # fmt: skip
        if at:
            clock.to(group.genesis + at)
        assert tuple(group.voting.current()[:2]) == (index, phase)


def test_names_the_training_set_and_the_baseline(group: Any, people: Any) -> None:
    """K2"""
    version, tip, known, _ = group.voting.current()[2:]
    assert (version, bytes(tip), known) == (0, group.config.genesis_tip, False)
    claim = group.claim(people.tara, "x", 900)
    group.play([claim], {"alice": claim, "bob": claim})
    group.voting.settle({"from": people.oscar})
    assert tuple(group.voting.current()[4:]) == (True, 900)
