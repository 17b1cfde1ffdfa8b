from typing import Any

import brownie

from tests.contracts.conftest import STAKES, event
from tests.contracts.terms import EPOCH


def test_records_the_order(group: Any, people: Any) -> None:
    """K8"""
    voting, index, seq = group.voting, group.index + 1, group.voting.seq()
    group.to(index, "commit")
    for step, commitment in ((1, b"\x0a" * 32), (2, b"\x0b" * 32)):
        receipt = voting.commit(commitment, {"from": people.oscar})
        assert event(receipt, "Committed") == {
            "block_index": index,
            "commitment": "0x" + commitment.hex(),
            "seq": seq + step,
        }
        assert tuple(voting.commitment(commitment)) == (seq + step, index + 1)
    assert voting.seq() == seq + 2
    assert tuple(voting.commitment(b"\x0c" * 32)) == (0, 0)


def test_only_in_the_commit_window(group: Any, people: Any, clock: Any) -> None:
    """K9: half open.

    [commit)[reveal)[vote) next block
    x      x-------------x x
    """
    index = group.index + 1
    clock.next(group.edge(index, "commit"))
    group.voting.commit(b"\x01" * 32, {"from": people.oscar})
    clock.next(group.edge(index, "reveal") - 1)
    group.voting.commit(b"\x02" * 32, {"from": people.oscar})
    for when in (group.edge(index, "reveal"), group.edge(index, "end") - 1):
        clock.next(when)
        with brownie.reverts("cv: not the window"):
            group.voting.commit(b"\x03" * 32, {"from": people.oscar})
    clock.next(group.edge(index, "end"))
    group.voting.commit(b"\x03" * 32, {"from": people.oscar})
    assert group.voting.commitment(b"\x03" * 32)[1] == index + 2


def test_refuses_the_same_twice(group: Any, people: Any) -> None:
    """A9: not in a later block either; a copy could only hurt its author."""
    index = group.index + 1
    group.to(index, "commit")
    group.voting.commit(b"\x01" * 32, {"from": people.oscar})
    for block in (index, index + 1):
        if block > index:
            group.to(block, "commit")
        with brownie.reverts("cv: commitment exists"):
            group.voting.commit(b"\x01" * 32, {"from": people.mallory})


def test_refuses_while_the_group_has_no_power(protocol: Any, people: Any, clock: Any) -> None:
    """K9, F7: whatever is shown could not be voted on. Of the epoch in which the block began."""
    group = protocol.create()
    protocol.stake(group, {"erin": 10**21})
    group.to(1, "commit")
    with brownie.reverts("cv: no power"):
        group.voting.commit(b"\x01" * 32, {"from": people.oscar})
    edge = (clock.now // EPOCH + 1) * EPOCH
    index = (edge - group.genesis) // group.period  # began before the stake counted
    if edge < group.edge(index, "reveal"):
        clock.next(edge)
        with brownie.reverts("cv: no power"):
            group.voting.commit(b"\x01" * 32, {"from": people.oscar})
    group.to(index + 1, "commit")
    group.voting.commit(b"\x01" * 32, {"from": people.oscar})
    assert group.voting.seq() == 1


def test_nobody_left_means_no_block(protocol: Any, group: Any, people: Any) -> None:
    """K9: the last block on which somebody can vote is that in which the epoch ends."""
    for name, stake in STAKES.items():
        protocol.vault.request_exit(group.id, stake, {"from": getattr(people, name)})
    index = group.index + 1
    group.to(index, "commit")
    group.voting.commit(b"\x01" * 32, {"from": people.oscar})
    protocol.next_epoch()
    group.to(group.index + 1, "commit")
    with brownie.reverts("cv: no power"):
        group.voting.commit(b"\x02" * 32, {"from": people.oscar})
