"""What voters see of a change, on the terminal and on a contact sheet."""

import io

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from compute.cli.failure import Refused
from compute.cli.preview import facts, page, write_sheet
from compute.training_set import Preview


def change(**added: np.ndarray) -> Preview:
    return Preview(added, {name: array[:1] for name, array in added.items()}, None)


def rendered(what: Preview, target: str) -> str:
    console = Console(file=io.StringIO(), width=100, color_system="truecolor", force_terminal=True)
    console.print(page("Proposal 1", facts(what, target), what, target, 4))
    return console.file.getvalue()


PICTURES = {
    "grey": np.full((3, 4, 6), 7, np.uint8),
    "one channel": np.full((3, 4, 6, 1), 7, np.uint8),
    "coloured": np.full((3, 4, 6, 3), 7, np.uint8),
    "square in a row": np.full((3, 64), 7, np.uint8),
}


@pytest.mark.parametrize("pixels", PICTURES.values(), ids=PICTURES.keys())
def test_pictures_are_shown(pixels):
    text = rendered(change(image=pixels, label=np.uint8([1, 1, 2])), "label")
    assert "\x1b[38;2;7;7;7;48;2;7;7;7m▀" in text
    assert "3 added, 1 removed" in text


def test_large_pictures_fit_the_terminal():
    text = rendered(change(image=np.zeros((1, 500, 700), np.uint8), label=np.uint8([1])), "label")
    assert text.count("▀") == 2 * 64 * 23  # added and removed; 500 rows, each eleventh, in pairs


def test_text_is_shown_and_cannot_touch_the_terminal(tmp_path):
    data = b"to be\x1b[2Jor <script> \xff\n[red]not"
    tokens = np.frombuffer(data, np.uint8).reshape(1, -1)
    what = change(tokens=tokens, targets=tokens)
    shown = rendered(what, "targets")
    assert "to be�[2Jor <script>" in shown
    assert "[red]not" in shown
    write_sheet(tmp_path / "look.html", "<b>", facts(what, "targets"), what, "targets")
    written = (tmp_path / "look.html").read_text()
    assert "&lt;script&gt;" in written and "<script>" not in written and "<b>" not in written
    with pytest.raises(Refused, match=r"no pictures.*html"):
        write_sheet(tmp_path / "look.png", "", facts(what, "targets"), what, "targets")


def test_other_numbers_are_shown_as_numbers():
    text = rendered(change(x=np.arange(40, dtype=np.int32).reshape(2, 20), y=np.int8([3, 4])), "y")
    assert "x 0 1 2 3 4 5 6 7 …" in text


def test_class_balance_is_counted_and_bounded():
    many = change(x=np.arange(100, dtype=np.int32), y=np.arange(100, dtype=np.int32))
    counted = facts(many, "y")
    assert counted["adds_by_class"] == {str(n): 1 for n in range(100)}
    assert counted["removes_by_class"] == {"0": 1}
    assert "60 more" in rendered(many, "y")


def test_a_sheet_shows_what_the_classes_are(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (30, 8, 8), dtype=np.uint8)
    what = change(image=pixels, label=np.arange(30, dtype=np.uint8) % 3)
    write_sheet(tmp_path / "a.html", "T", facts(what, "label"), what, "label")
    written = (tmp_path / "a.html").read_text()
    assert written.count("<img") == 31
    assert "<tr><td>0<td>10<td>1" in written and "label 2" in written
    write_sheet(tmp_path / "a.png", "T", facts(what, "label"), what, "label")
    with Image.open(tmp_path / "a.png") as sheet:
        assert sheet.size == (12 * 104 + 8, 3 * 118 + 8)
        assert np.asarray(sheet)[8, 8].tolist() == [pixels[0, 0, 0]] * 3
