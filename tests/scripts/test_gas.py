"""The gas snapshot is current, and a difference of one unit is found."""

from scripts.gas import differences
from tests.scripts.brownie_home import Brownie


def test_snapshot_is_current(brownie: Brownie) -> None:
    output = brownie.run("brownie", "run", "gas", "check", "--silent")
    assert "cases cost what gas.snapshot says" in output


def test_differences() -> None:
    known = {"A.f first": 50, "A.f next": 30, "A.g": 20}
    assert differences(known, dict(known)) == []
    assert differences(known, {"A.f first": 50, "A.f next": 31, "A.h": 20}) == [
        "A.f next: 30 -> 31",
        "A.g: 20 -> gone",
        "A.h: new -> 20",
    ]
