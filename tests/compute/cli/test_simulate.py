"""`nrn simulate`: figures and a table in a folder, sentences for mistakes."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from compute.cli import app

pytest.importorskip("pyrevm", reason="it has no build for this Python; use 3.11 or 3.12")


def simulate(folder: Path, text: str, experiment: str) -> tuple[int, str]:
    config = folder / "group.toml"
    config.write_text(text)
    arguments = ["simulate", "--config", str(config), "--experiment", experiment]
    result = CliRunner().invoke(app, [*arguments, "--out", str(folder / "out")])
    return result.exit_code, result.stdout + result.stderr


def test_a_founder_gets_figures(tmp_path: Path) -> None:
    code, told = simulate(tmp_path, "[world]\nweeks = 2\n[group]\nkeeper_bps = 5000\n", "singles")
    assert code == 0
    assert "F4 flood" in told
    assert "F4 flood" in (tmp_path / "out" / "results.md").read_text()


def test_mistakes_are_told(tmp_path: Path) -> None:
    assert simulate(tmp_path, "", "nothing") == (
        1,
        "Error: There is no experiment nothing, only: mixes, floors, trainers, keepers, stake, "
        "cartels, bribes, singles.\n",
    )
    code, told = simulate(tmp_path, "[group]\nblond = 1\n", "singles")
    assert code == 1
    assert "[group] has no 'blond'" in told
