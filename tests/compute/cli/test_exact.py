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
    some = {"exp": json.loads(conformance.FILE.read_text())["exp"][:20]}
    path = tmp_path / "vectors.json"
    path.write_text(json.dumps(some))
    monkeypatch.setattr(conformance, "FILE", path)
    return path


def test_a_device_that_may_vote(nrn: Nrn, vectors: Path) -> None:
    report = nrn("exact", "check", "--json").json
    assert report["may_vote"] and report["vectors"] == 20 and report["failures"] == []
    assert "may vote" in nrn("exact", "check", "--carrier", "int8").out


def test_a_device_that_must_not(nrn: Nrn, vectors: Path) -> None:
    cases = json.loads(vectors.read_text())
    cases["exp"][7][-1] = "3f800001" if cases["exp"][7][-1] != "3f800001" else "3f800000"
    vectors.write_text(json.dumps(cases))
    report = nrn("exact", "check", "--json", code=5).json
    assert not report["may_vote"] and report["failures"] == ["exp[7]"]


def test_a_process_that_must_not(nrn: Nrn, vectors: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conformance, "unsafe_flags", lambda: ("xla_cpu_enable_fast_math",))
    report = nrn("exact", "check", "--json", code=5).json
    assert not report["may_vote"] and report["failures"] == []
    assert report["unsafe_flags"] == ["xla_cpu_enable_fast_math"]


def test_an_unknown_carrier(nrn: Nrn) -> None:
    assert "float64" in nrn("exact", "check", "--carrier", "abacus", code=2).err
