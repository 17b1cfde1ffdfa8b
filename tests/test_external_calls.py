"""The table of external calls in contracts/README.md is complete and invents nothing, the contracts
that call hold their lock, and nothing is unbounded."""

import re
from fnmatch import fnmatch
from pathlib import Path

from scripts.mutants import names, users

ROOT = Path(__file__).parents[1]
CALL = re.compile(
    r"(?:extcall|staticcall) (?:I\w+\([^)]*\)|[A-Z]+|voting|deltas|group|steps)\.(\w+)\("
)
# Calls of another form -> the words of the table.
OTHERS = {"raw_call(BENEFICIARY": "beneficiary", "raw_call(\n        trainer": "isValidSignature",
          "raw_call(\n        contract": "GROUP_ID",
          "create_from_blueprint(": "constructors", "raw_call(account": "the account"}  # fmt: skip
# What serves disputes takes lists of nodes and words.
DISPUTES = re.compile(r"Referee|Steps|dispute_|chess_|step_|f24")
SOURCES = {
    name: re.sub(r'"""[\s\S]*?"""|#(?! pragma).*', "", (ROOT / f"contracts/{name}.vy").read_text())
    for name in names()
}


def calls() -> set[tuple[str, str]]:
    """(contract, what it calls), a module's calls being those of the contracts that use it."""
    return {
        (contract, callee)
        for name, source in SOURCES.items()
        for callee in [
            *CALL.findall(source),
            *(words for form, words in OTHERS.items() if form in source),
        ]
        for contract in users(name)
    }


def table() -> set[tuple[str, str]]:
    """(contract, pattern of what it calls), from the rows."""
    text = (ROOT / "contracts" / "README.md").read_text()
    section = text.partition("## External calls")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)\..*?\| (.+?) \| [\w, ;]+ \|$", section, re.MULTILINE)
    found = set()
    for contract, callees in rows:
        quoted = [name.split(".")[-1] for name in re.findall(r"`([\w.*]+)`", callees)]
        plain = [words for words in OTHERS.values() if words in callees]
        found |= {(contract, name) for name in {*quoted, *plain}}
    return found


def test_every_call_is_in_the_table() -> None:
    listed = table()
    assert {
        (contract, callee)
        for contract, callee in calls()
        if not any(contract == c and fnmatch(callee, pattern) for c, pattern in listed)
    } == set()


def test_the_table_invents_no_call() -> None:
    made = calls()
    assert {
        (contract, pattern)
        for contract, pattern in table()
        if not any(contract == c and fnmatch(callee, pattern) for c, callee in made)
    } == set()


def test_every_form_of_call_is_known() -> None:
    forms = re.compile(r"extcall|staticcall|raw_call|create_(?:from|min|copy)\w+|send\(|selfd")
    for name, source in SOURCES.items():
        known = len(CALL.findall(source)) + sum(source.count(form) for form in OTHERS)
        assert len(forms.findall(source)) == known, name


def test_who_calls_holds_a_lock() -> None:
    for contract, _ in calls():
        assert "# pragma nonreentrancy on" in SOURCES[contract], contract


def test_one_policy_of_reentrancy() -> None:
    """All but the token lock what writes and leave views open."""
    for name, source in SOURCES.items():
        if name == "Neuron":
            continue
        assert "# pragma nonreentrancy on" in source, name
        views = re.findall(r"@external\n@view\n(@reentrant\n)?def ", source)
        assert all(views), name
        assert not re.search(r"public\((?!reentrant\()", source), name


def test_nothing_is_unbounded() -> None:
    """Loops have fixed bounds: a range of a number, or one with a bound, or a list of the calldata,
    whose length its type bounds. No recursion (Vyper has none)."""
    bounded = re.compile(r"range\(.*bound=.*\)|range\([\w. ,*+/-]+\)|[\w.]+")
    for name, source in SOURCES.items():
        for loop in re.findall(r"\bfor .* in (.*):", source):
            assert bounded.fullmatch(loop), (name, loop)
    # the protocol of groups itself has no list but the empty one that ERC-5267 asks for
    groups = [SOURCES[name] for name in SOURCES if not DISPUTES.search(name)]
    lists = [found for source in groups for found in re.findall(r"DynArray\[[^]]*\]", source)]
    assert set(lists) == {"DynArray[uint256, 1]"}
