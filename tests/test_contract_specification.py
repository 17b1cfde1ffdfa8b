"""The specification and the tests speak of the same statements and of the same reasons."""

import re
from pathlib import Path

from tests.support.reasons import REFUSALS, SOURCES, numbered, reasons

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "SPECIFICATION.md").read_text()
# State machines and unit tests of the contracts; nothing else cites these numbers.
TESTS = [
    path
    for folder in ("contracts", "stateful", "attacks", "steps")
    for path in (ROOT / "tests" / folder).rglob("*.py")
]


def statements() -> set[str]:
    """Numbers of all statements, such as K12."""
    found = re.findall(r"^\* \*\*([NSVCGDKPR]\d+)\*\*", TEXT, re.MULTILINE)
    assert len(found) == len(set(found)), "a number stands twice"
    return set(found)


def cited() -> set[str]:
    """Numbers of all statements that some test cites."""
    return set(re.findall(r"\b[NSVCGDKPR]\d{1,2}\b", "\n".join(p.read_text() for p in TESTS)))


def test_every_statement_is_cited_by_a_test() -> None:
    assert statements() - cited() == set()


def test_every_citation_has_its_statement() -> None:
    assert cited() - statements() == set()


def test_every_reason_is_listed_and_tested() -> None:
    listed = {
        f"{prefix} {reason.split(' (')[0]}"
        for prefix, row in re.findall(r"^\| `([a-z]+:)` \| (.+) \|$", TEXT, re.MULTILINE)
        for reason in row.split(", ")
    }
    assert reasons() == listed
    tests = "\n".join(path.read_text() for path in TESTS)
    assert {reason for reason in reasons() if reason not in tests} == set()


def test_every_number_is_its_name() -> None:
    """In ASCII; the prefix and what follows it fill a word at most."""
    for path, (prefix, numbers) in zip(REFUSALS, map(numbered, REFUSALS), strict=True):
        assert re.fullmatch("[a-z]{2}: ", prefix), path
        for name, words in numbers.items():
            assert words == name.lower().replace("_", " "), path
            assert len(prefix + words) <= 32, name


def test_every_number_is_used() -> None:
    for path, (_, numbers) in zip(REFUSALS, map(numbered, REFUSALS), strict=True):
        alias = f"from contracts._modules import {path.stem} as refusal\n"
        users = "\n".join(p.read_text() for p in SOURCES if alias in p.read_text())
        assert set(re.findall(r"refusal\._because\(refusal\.(\w+)\)", users)) == set(numbers)


def test_every_refusal_has_a_reason() -> None:
    """But where `Neuron`, which is asked, gives its own."""
    for path in SOURCES:
        code = re.sub(r'"""[\s\S]*?"""|#.*', "", path.read_text())
        checks = re.findall(
            r"^\s*(?:assert(?! extcall NRN\.\w+\([^()]*\)$)|raise|refusal\._because)\b",
            code,
            re.MULTILINE,
        )
        given = re.findall(r'"[a-z]+: [a-z0-9 ]+"|_because\(refusal\.\w+\)', code)
        assert len(checks) == len(given), path
