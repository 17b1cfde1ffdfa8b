"""What is looked for in compiled code, and work that goes on after a process that hangs or dies."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from benchmarks.machines.code_rules import forbidden_in_hlo, forbidden_in_ptx
from benchmarks.machines.resumed import Kept, work
from tests.support.patience import PATIENCE

# How a TPU's compiler drops an axis of one element.
DROPPED_AXIS = """
%drop.sub.2 (lhs.1: f32[], rhs.1: f32[]) -> f32[] {
  %lhs.1 = f32[] parameter(0)
  %rhs.1 = f32[] parameter(1)
  ROOT %add.2 = f32[] add(%lhs.1, %rhs.1), backend_config={"flag_configs":[]}
}

%fused.1 (p: f32[2,4,1], q: f32[]) -> f32[2,4] {
  %p = f32[2,4,1]{1,2,0:T(1,128)} parameter(0)
  %q = f32[] parameter(1)
  %zero = f32[]{:T(128)} constant(-0), metadata={op_name="x"}
  ROOT %r = f32[2,4]{1,0:T(2,128)S(1)} reduce(%p, %zero), dimensions={2}, to_apply=%drop.sub.2
}
"""
MORE = "  %s = f32[2]{0} reduce(%p, %zero), dimensions={1,2}, to_apply=%drop.sub.2\n"

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


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("constant(-0)", "constant(0)"),  # as good
        ("[2,4,1]", "[2,1,1]"),
        ("%p = f32[2,4,1]{1,2,0:T(1,128)}", "%p = f32[1]{0}"),
        ("dimensions={2}", "dimensions={0}"),
        ("dimensions={2}", "dimensions={1,2}"),
        ("constant(-0)", "constant(1)"),
        ("constant(-0)", "parameter(1)"),
        ("(%p, %zero)", "(%p, %q)"),
        ("(%p, %zero)", "(%p, %elsewhere)"),
        ("[2,4,1]", "[2,4,2]"),
        ("reduce(", "reduce-window("),
        ("ROOT %r", f"{MORE}  ROOT %r"),
        ("ROOT %r", "%call = f32[] call(%q, %zero), to_apply=%drop.sub.2\n  ROOT %r"),
        ("to_apply=%drop.sub.2", "to_apply=%other"),
        ("  %rhs.1 = f32[] parameter(1)", "  %rhs.1 = f32[] constant(3)"),
        ("add(%lhs.1, %rhs.1)", "add(%lhs.1, f32[]{:T(128)} %rhs.1)"),
        ("ROOT %r", "%sum = f32[] add(%q, %zero)\n  ROOT %r"),
    ],
)
def test_an_addition_is_no_fault_where_it_drops_an_axis(written: str, instead: str) -> None:
    assert written in DROPPED_AXIS
    assert forbidden_in_hlo(DROPPED_AXIS, "integer") == []
    found = forbidden_in_hlo(DROPPED_AXIS.replace(written, instead), "integer")
    harmless = instead in ("constant(0)", "[2,1,1]")
    assert found == ([] if harmless else ["float add x1"])


def test_a_value_added_to_itself_is_no_fault() -> None:
    text = "%main (x: f32[4], y: f32[4]) -> f32[4] {\n  %b.1 = f32[4]{0} add(%x, %x)\n}\n"
    assert forbidden_in_hlo(text, "integer") == []
    for other in ("add(%x, %x.1)", "multiply(%x, %x)", "subtract(%x, %x)"):
        name = other.partition("(")[0]
        assert forbidden_in_hlo(text.replace("add(%x, %x)", other), "integer") == [
            f"float {name} x1"
        ]


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
