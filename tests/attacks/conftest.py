"""Fixtures of the attacks, and the table of what they earned."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.attacks.scene import Scene
from tests.stateful.machine import world
from tests.stateful.world import NRN, rehearsal

Profit = Callable[..., None]
_earned: list[tuple[str, int, int]] = []


def pytest_collection_finish() -> None:
    world()  # before titanoboa's plugin, which undoes what a test does


@pytest.fixture
def found() -> Iterator[Callable[..., Scene]]:
    """A function that founds the town; everything is undone afterwards."""
    with rehearsal():
        yield Scene


@pytest.fixture
def scene(found: Callable[..., Scene]) -> Scene:
    return found()


@pytest.fixture
def earns(request: pytest.FixtureRequest) -> Profit:
    """`earns(profit, residual=0)`: the attacker's profit in NRN wei is at most what is conceded."""

    def assert_and_record(profit: int, residual: int = 0) -> None:
        _earned.append((request.node.originalname, profit, residual))
        assert profit <= residual

    return assert_and_record


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave the measured profits in `reports/attacks.txt`."""
    if not _earned:
        return
    folder = Path(session.config.rootpath) / "reports"
    folder.mkdir(exist_ok=True)
    lines = (
        f"{name} {profit / NRN:.6f} {conceded / NRN:.6f}" for name, profit, conceded in _earned
    )
    (folder / "attacks.txt").write_text("\n".join(lines) + "\n")
