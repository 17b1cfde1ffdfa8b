"""What is looked for in compiled code, and work that goes on after a process that hangs or dies."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from benchmarks.machines.code_rules import forbidden_in_hlo, forbidden_in_ptx
from benchmarks.machines.resumed import Kept, work
from tests.support.patience import PATIENCE

# What hangs makes `timeout`, its parent, believe at once that the time is over.
WORKER = """
import json, os, signal, sys, time
for item in sys.argv[1:]:
    print(json.dumps({"started": item}), flush=True)
    if item == "dies":
        os._exit(9)
    if item == "hangs":
        os.kill(os.getppid(), signal.SIGALRM)
        time.sleep(3600)
    print(json.dumps({"item": item, "found": 1}), flush=True)
"""


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("\tdiv.rn.f64 \t%fd3, %fd1, %fd2;", []),
        ("\trcp.rn.f64 \t%fd3, %fd1;", []),
        ("\t@%p1 rcp.approx.f32 \t%f3, %f1;", ["rcp.approx.f32 x1"]),
        ("\tdiv.full.f32 \t%f3, %f1, %f2;", ["div.full.f32 x1"]),
        ("\tfma.rn.f64 \t%fd3, %fd1, %fd2, %fd4;", ["fma.rn.f64 x1"]),
        ("\tadd.ftz.f32 \t%f3, %f1, %f2;", ["add.ftz.f32 x1"]),
    ],
)
def test_approximations_and_contractions_are_found_in_ptx(line: str, found: list[str]) -> None:
    assert forbidden_in_ptx(f".entry main {{\n{line}\n\tret;\n}}") == found


def test_the_integer_carrier_must_not_compute_with_floats() -> None:
    text = "  %a = f32[4]{0} select(%p, %x, %y)\n  %b.1 = f32[4]{0} multiply(%x, %y)\n"
    assert forbidden_in_hlo(text, "integer") == ["float multiply x1"]
    assert forbidden_in_hlo(text, "float64") == []


def test_work_goes_on_after_what_dies_and_what_is_cut(tmp_path: Path) -> None:
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    command, items = [sys.executable, str(script)], ["a", "dies", "b", "hangs", "c"]
    kept = Kept(tmp_path / "rows.jsonl")
    work(kept, items, command, time.monotonic() + PATIENCE)
    assert "error" in kept.rows["dies"] and kept.rows["b"]["found"] == 1
    again = Kept(tmp_path / "rows.jsonl")
    assert again.missing(items) == ["hangs", "c"]
    work(again, ["c"], command, time.monotonic() + PATIENCE)
    assert again.missing(items) == ["hangs"]
