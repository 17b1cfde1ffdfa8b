"""A device that computes one vector wrong must not judge; one that passed is not asked again."""

import os
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from compute.cli.failure import exit_code
from compute.exact import carriers, conformance
from compute.exact.float64 import Float64
from compute.judging import device
from compute.judging.device import UnfitDevice, ensure_fit


@pytest.fixture(autouse=True)
def vectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handful of the real vectors; tests/compute/exact runs them all."""
    lines = (conformance.VECTORS / "add.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "vectors").mkdir()
    (tmp_path / "vectors" / "add.jsonl").write_text("".join(lines[:2]))
    monkeypatch.setattr(conformance, "VECTORS", tmp_path / "vectors")


def break_carrier(monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong(Float64):
        def add(self, a, b):
            return super().add(a, b) * 2

    broken = carriers.Carrier(Wrong(), True)
    monkeypatch.setitem(carriers.CARRIERS, "float64", broken)


def test_a_device_that_computes_wrong_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_carrier(monkeypatch)
    with pytest.raises(UnfitDevice, match=r"of 2 conformance vectors differ \(add:") as refused:
        ensure_fit(tmp_path)
    assert exit_code(refused.value) == 5
    monkeypatch.undo()
    assert not list(tmp_path.glob("conformance*"))


def test_what_passed_is_asked_again_only_if_something_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_fit(tmp_path)
    break_carrier(monkeypatch)
    ensure_fit(tmp_path)
    with monkeypatch.context() as other:
        other.setattr(device, "fingerprint", lambda: "another JAX")
        with pytest.raises(UnfitDevice):
            ensure_fit(tmp_path)
    ensure_fit(tmp_path)
    (record,) = tmp_path.glob("conformance*")
    record.write_text("{")
    with pytest.raises(UnfitDevice):
        ensure_fit(tmp_path)


def test_the_fingerprint_covers_every_folder_of_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / "some_evaluator" / "rules" / "more"
    deep.mkdir(parents=True)
    (tmp_path / "some_evaluator" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    found = [device.sources(["some_evaluator"])]
    (deep / "rule.py").write_text("1")
    found.append(device.sources(["some_evaluator"]))
    (deep / "rule.py").write_text("2")
    found.append(device.sources(["some_evaluator"]))
    (deep / "rule.py").rename(deep / "renamed.py")
    found.append(device.sources(["some_evaluator"]))
    assert len(set(found)) == 4
    (deep / "__pycache__").mkdir()
    (deep / "__pycache__" / "renamed.pyc").touch()
    assert device.sources(["some_evaluator"]) == found[-1]
    with pytest.raises(ModuleNotFoundError):
        device.sources(["some_evaluator", "another_evaluator"])


def test_the_fingerprint_covers_all_that_the_evaluator_imports() -> None:
    graph = grimp.build_graph("compute")
    evaluator = {
        module
        for package in device.EVALUATOR
        for module in (package, *graph.find_descendants(package))
    }
    assert "compute.exact.evaluation" in evaluator
    for module in evaluator:
        # a tree of hashes names a program; it computes no number of a loss
        known = evaluator | {"compute", "compute.merkle"}
        assert graph.find_upstream_modules(module) <= known


@pytest.mark.parametrize("flag", ["--xla_cpu_enable_fast_math", "--xla_cpu_enable_fast_math=1"])
def test_a_process_with_fast_math_is_refused(flag: str, tmp_path: Path) -> None:
    """The vectors pass under it: only the flag tells.  It is read by XLA, also from a file."""
    asked = tmp_path / "flags"
    asked.write_text(flag)
    program = "import sys; from pathlib import Path; from compute.judging.device import *\n"
    program += "ensure_fit(Path(sys.argv[1]))"
    for flags in (flag, str(asked)):
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)],
            env=os.environ | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "UnfitDevice: This process runs with xla_cpu_enable_fast_math" in done.stderr
    assert not list(tmp_path.glob("conformance*"))


def test_who_is_asked_to_stop_leaves_the_check_and_no_record(tmp_path: Path) -> None:
    class Asked(Exception):
        pass

    def stop() -> None:
        raise Asked

    with pytest.raises(Asked):
        ensure_fit(tmp_path, stop)
    assert not list(tmp_path.glob("conformance*"))
