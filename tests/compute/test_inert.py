"""What strangers write stays text, on the terminal and on a page."""

import io
import unicodedata

import pytest
from rich.console import Console

from compute.cli.output import Output, table
from compute.cli.values import for_people
from compute.explorer import render
from compute.inert import MAX_CHARACTERS, MAX_MARKS, REPLACEMENT, inert, inert_name

PAYLOADS = {
    "script": "<script>alert(1)</script>",
    "attribute": "\" onmouseover='alert(1)' x=\"",
    "entity": "&lt;b&gt; &amp;",
    "template": "{{ 7*7 }}{% raw %}",
    "address": "javascript:alert(1)",
    "clear": "\x1b[2J\x1b[H gone",
    "title": "\x1b]0;owned\x07",
    "link": "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "c1": "\x9b31mred",
    "return": "safe\rEVIL",
    "backspace": "no\b\byes",
    "override": "invoice\u202egpj.exe",
    "isolate": "a\u2066b\u2069c",
    "mark": "a\u200fb\u061cc",
    "zero width": "pay\u200bpal\ufeff",
    "tags": "a\U000e0041\U000e0042",
    "lines": "a\u2028b\u2029c",
    "filler": "\u3164\u115f\u2800",
    "zalgo": "a" + "\u0301" * 500,
    "marks of class 0": "\u0e01" + "\u0e47" * 500,
    "enclosing": "a" + "\u0488" * 500,
    "selectors": "p\ufe00ay\U000e0100pal\u180b",
    "surrogate": "a\ud800b",
    "markup": "[bold red]x[/] [link=http://evil.example]y[/link]",
    "nul": "a\x00b",
    "long": "A" * (1 << 20),
}


@pytest.mark.parametrize("text", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_nothing_steers_or_hides(text: str) -> None:
    for shown in (inert(text), inert_name(text)):
        assert len(shown) <= MAX_CHARACTERS + 1
        kinds = {unicodedata.category(c) for c in shown if c not in "\n"}
        assert not kinds & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
        shown.encode()
    assert inert(inert(text)[:MAX_CHARACTERS]) == inert(text)[:MAX_CHARACTERS]


@pytest.mark.parametrize("text", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_page_holds_it_as_text(text: str) -> None:
    shown = render.environment().from_string("<p title='{{ x|inert }}'>{{ x|name }}").render(x=text)
    inside = shown.removeprefix("<p title='")
    assert "<" not in inside.replace("'>", "", 1) and inside.count("'") == 1
    assert '"' not in inside and len(shown) < 12 * MAX_CHARACTERS


@pytest.mark.parametrize("text", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_the_terminal_gets_no_orders(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = Output(as_json=False)
    out.rows("Rows", [{"name": text}])
    out.record("Record", {"name": text})
    out.done(text, {})
    told = capsys.readouterr().out
    assert not set(told) & set("\x1b\x07\b\r\x00\x9b\u202e\u200b")
    assert for_people(text) == inert(text)
    if "[bold red]" in text:
        assert told.count("[bold red]x[/]") == 3


def test_marks_do_not_pile_up_and_what_is_not_seen_is_shown() -> None:
    for mark in "\u0301\u0e47\u0488":
        assert inert("a" + mark * 9).count(REPLACEMENT) == 9 - MAX_MARKS
    for hidden in PAYLOADS["selectors"], "a\ufe0f", "\ufe0f", "\U0001d159":
        assert REPLACEMENT in inert(hidden) and inert(hidden) != hidden
    for word in (
        "\u2764\ufe0f",
        "\u0915\u094d\u0937\u093f",
        "\u05e9\u05b8\u05c1",
        "Vie\u0323\u0302t",
    ):
        assert inert(word) == word


def test_brackets_are_text_and_not_rich_s_markup() -> None:
    console = Console(file=io.StringIO(), width=100, markup=False)
    console.print(table("T", [{"name": PAYLOADS["markup"]}]))
    assert "[bold red]x[/]" in console.file.getvalue()  # type: ignore[attr-defined]


def test_look_alikes_are_told_apart_and_languages_stay() -> None:
    assert inert_name("p\u0430ypal") == "p\\u{430}ypal"
    assert inert_name("Größe naïve") == "Größe naïve"
    assert inert_name("Привет мир") == "Привет мир" and inert_name("עולם") == "עולם"
