"""Parameters from a file: in people's units, and refused if they mean nothing."""

from pathlib import Path

import pytest

from economy.protocol import HOUR, NRN
from economy.settings import SettingsError, load


def written(folder: Path, text: str) -> Path:
    path = folder / "group.toml"
    path.write_text(text)
    return path


def test_units_are_those_of_people(tmp_path: Path) -> None:
    text = "[world]\nweeks = 3\nspeeds = [1, 4]\n"
    text += "[group]\nbond = 2.5\nmin_improvement = 0.125\nvote_window = 4"
    settings = load(written(tmp_path, text))
    assert settings.world.weeks == 3
    assert settings.world.speeds == (1, 4)
    assert settings.terms == {
        "bond": 5 * NRN // 2, "min_improvement": 2**29, "vote_window": 4 * HOUR,
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "[group]\nblond = 1",
        "[group]\nmodel_hash = 1",
        '[group]\nbond = "50"',
        "[group]\nbond = -1",
        "[group]\nbond = 0",
        "[group]\nkeeper_bps = 9001",
        "[group]\nmin_improvement = 0.5",
        "[group]\nmax_improvement = 1e10",
        "[world]\nstaked = 560001",
        "[world]\nweek = 1",
        "[world]\nspeeds = []",
        "[world]\nissued = inf",
        "[town]\n",
        "not toml",
    ],
)
def test_what_means_nothing_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError):
        load(written(tmp_path, text))
