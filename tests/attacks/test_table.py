"""docs/attacks.md names every attack and every test, and no test that is not there."""

import re
from pathlib import Path

HERE = Path(__file__).parent
TABLE = (HERE.parents[1] / "docs" / "attacks.md").read_text()


def test_the_table_names_every_attack_and_every_test() -> None:
    for letter, most in (("A", 42), ("F", 12), ("E", 4)):
        numbers = re.findall(rf"^\| {letter}(\d+) ", TABLE, re.MULTILINE)
        assert set(map(int, numbers)) == set(range(1, most + 1))
    sources = "".join(path.read_text() for path in HERE.glob("test_*_attacks.py"))
    tests = set(re.findall(r"^def (test_[aef]\d\d\w+)", sources, re.MULTILINE))
    named = set(re.findall(r"`(test_[aef]\d\d\w+)`", TABLE))
    assert named <= tests
    assert tests - named <= {"test_a35_the_bounds_themselves_are_allowed"}
