"""`nrn exact check` tells a device that computes the exact numbers from one that does not."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from compute.exact import conformance
from tests.compute.cli.conftest import Result

Nrn = Callable[..., Result]


@pytest.fixture
def vectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A handful of the real vectors; tests/compute/exact runs them all."""
    lines = (conformance.VECTORS / "add.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "vectors").mkdir()
    (tmp_path / "vectors" / "add.jsonl").write_text("".join(lines[:2]))
    monkeypatch.setattr(conformance, "VECTORS", tmp_path / "vectors")
    return tmp_path / "vectors" / "add.jsonl"


def test_a_device_that_may_vote(nrn: Nrn, vectors: Path) -> None:
    report = nrn("exact", "check", "--json").json
    assert report["may_vote"] and report["vectors"] == 2 and report["failures"] == []
    assert "may vote" in nrn("exact", "check", "--carrier", "integer").out


def test_a_device_that_must_not(nrn: Nrn, vectors: Path) -> None:
    right, wrong = map(json.loads, vectors.read_text().splitlines())
    wrong["outputs"] = ["00" * (len(wrong["outputs"][0]) // 2)] if wrong["outputs"] else ["00"]
    vectors.write_text(f"{json.dumps(right)}\n{json.dumps(wrong)}\n")
    report = nrn("exact", "check", "--json", code=5).json
    assert not report["may_vote"] and report["failures"] == ["add:2"]


def test_a_process_that_must_not(nrn: Nrn, vectors: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conformance, "unsafe_flags", lambda: ("xla_cpu_enable_fast_math",))
    report = nrn("exact", "check", "--json", code=5).json
    assert not report["may_vote"] and report["failures"] == []
    assert report["unsafe_flags"] == ["xla_cpu_enable_fast_math"]


def test_an_unknown_carrier(nrn: Nrn) -> None:
    assert "float64" in nrn("exact", "check", "--carrier", "abacus", code=2).err
