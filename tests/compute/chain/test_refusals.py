"""Every reason of our contracts has words for people; no words are for reasons that are gone."""

from compute.chain.errors import Reverted
from compute.chain.refusals import WORDS
from tests.support.reasons import reasons


def test_every_reason_has_words() -> None:
    assert reasons() - WORDS.keys() == set()


def test_no_words_are_for_nothing() -> None:
    """The library's reasons are not in our sources."""
    assert {reason for reason in WORDS if not reason.startswith("erc20: ")} <= reasons()


def test_a_refusal_tells_both() -> None:
    assert str(Reverted("cv: no power")) == (
        "The contract refused: no stake counts here yet: stake counts from the Thursday after it "
        "was placed (cv: no power)."
    )
    assert str(Reverted("of another's contract")) == (
        "The contract refused: of another's contract."
    )
