"""Layouts and sizes are those of layout.snapshot, within what a chain accepts."""

import re

import pytest

from scripts import layout


def test_snapshot_is_current() -> None:
    text = layout.SNAPSHOT.read_text()
    assert layout.layouts() == text
    margins = [int(margin) for margin in re.findall(r"(-?\d+) below the limit", text)]
    assert len(margins) == 2 * len(list((layout.ROOT / "contracts").glob("*.vy")))
    assert min(margins) > 0


def test_a_difference_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    text = layout.SNAPSHOT.read_text()
    changed = text.replace("slot 2: operator_of", "slot 3: operator_of")
    monkeypatch.setattr(layout, "layouts", lambda: changed)
    with pytest.raises(layout.LayoutChanged, match=r"\+  slot 3: operator_of"):
        layout.check()
