from typing import Any

import brownie
import pytest

from tests.contracts.conftest import event


@pytest.fixture
def settled(group: Any, revealed: Any, people: Any) -> Any:
    group.vote({"alice": revealed.tara})
    group.to(revealed.index, "end")
    group.voting.settle({"from": people.oscar})
    return revealed


def test_publishes_the_root(group: Any, settled: Any, people: Any) -> None:
    """K10: by anybody who knows it."""
    receipt = group.voting.open_root(settled.index, settled.tara.root, {"from": people.mallory})
    assert event(receipt, "RootOpened") == {
        "block_index": settled.index,
        "eval_root": "0x" + settled.tara.root.hex(),
    }
    assert bytes(group.voting.eval_root(settled.index)) == settled.tara.root


def test_refuses_any_other_word(group: Any, settled: Any, people: Any) -> None:
    """K10"""
    for root in (settled.tom.root, settled.tara.root_hash, bytes(32)):
        with brownie.reverts("cv: wrong root"):
            group.voting.open_root(settled.index, root, {"from": people.mallory})


def test_refuses_a_block_that_was_not_accepted(group: Any, settled: Any, people: Any) -> None:
    for index in (settled.index - 1, settled.index + 1):
        with brownie.reverts("cv: not accepted"):
            group.voting.open_root(index, settled.tara.root, {"from": people.mallory})
