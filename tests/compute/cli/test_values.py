"""Amounts, times and hashes as people write and read them."""

import io
from collections import Counter

import pytest
from rich.console import Console

from compute.chain import Phase
from compute.cli.output import table
from compute.cli.values import Amount, Digest, Loss, Moment, Span, for_people, for_programs


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("12.5", 12_500_000_000_000_000_000),
        ("1,000", 10**21),
        ("0.000000000000000001", 1),
        ("12345678901.000000000000000001", 12_345_678_901 * 10**18 + 1),
    ],
)
def test_amounts_are_exact(text: str, units: int) -> None:
    assert Amount.parse(text) == units


@pytest.mark.parametrize(
    "text", ["", "-1", "0", "x", "nan", "inf", "1e-19", "1e30", "1e999999999", "0x10", "1.5.2"]
)
def test_amounts_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        Amount.parse(text)


@pytest.mark.parametrize(
    ("units", "text"),
    [(0, "0"), (10**18, "1"), (1_234_567 * 10**15, "1,234.567"), (1, "1.00e-18")],
)
def test_amounts_are_readable(units: int, text: str) -> None:
    assert str(Amount(units)) == text


@pytest.mark.parametrize(
    ("text", "seconds"), [("90m", 5_400), ("5400", 5_400), ("1h30m", 5_400), ("7d", 604_800)]
)
def test_spans(text: str, seconds: int) -> None:
    assert Span.parse(text) == seconds


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5h", "h", "1w", "9" * 13])
def test_spans_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="length of time"):
        Span.parse(text)


def test_times_are_readable() -> None:
    assert [str(Span(n)) for n in (0, 59, 5_400, 604_800 + 3_600)] == [
        "0s",
        "59s",
        "1h 30m",
        "7d 1h",
    ]
    assert str(Moment(1_750_000_000)) == "2025-06-15 15:06:40 UTC"
    assert str(Moment(2**63)) == f"{2**63} s"  # a hostile clock must not end the program


def test_hashes() -> None:
    digest = Digest(bytes(range(32)))
    assert Digest.parse(digest.hex()) == Digest.parse("0x" + digest.hex()) == digest
    assert str(digest) == "000102030405…"
    for text in ("", "0x", digest.hex()[:-1], "zz" * 32):
        with pytest.raises(ValueError, match="not a hash"):
            Digest.parse(text)


def test_a_cid_names_the_same_hash() -> None:
    from compute.storage import cid

    digest = bytes(range(32))
    assert Digest.parse(cid(digest)) == digest


def test_both_readers() -> None:
    assert for_people(None) == "–" and for_people(True) == "yes"
    assert for_people(Phase.VOTE) == "vote" and for_programs(Phase.VOTE) == "vote"
    assert for_programs([Amount(5), Loss(5), b"\x01", True, None]) == ["5", 5, "0x01", True, None]
    assert str(Loss(1 << 31)) == "0.500000"
    assert (str(Loss(1)), str(Loss(0)), str(Loss(65_536))) == ("2.3e-10", "0.000000", "0.000015")


def test_a_narrow_table_leaves_nothing_out_and_breaks_no_number() -> None:
    row = {"start": Moment(1_798_702_126), "loss": Loss(1 << 31), "trainer": "0x" + "ab" * 20,
           "why": "Accepted: 66.66 % of the stake for one claim."}  # fmt: skip
    console = Console(file=io.StringIO(), width=60)
    console.print(table("T", [row]))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "0.500000" in shown and "…" not in shown
    assert Counter("".join(map(for_people, row.values()))) - Counter(shown) <= Counter(" " * 99)


def test_what_is_made_of_parts_is_told_in_words() -> None:
    parts = {"classes": 10, "hidden": (64, 32), "about": {}, "name": "a\x1b[2J"}
    assert "\x1b" not in for_people(parts)
    assert for_people(parts).startswith("classes 10, hidden 64; 32, about –, name a")
