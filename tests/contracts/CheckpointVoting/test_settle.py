from typing import Any

import brownie
import pytest

from tests.contracts.conftest import STAKES, event
from tests.contracts.terms import DAY, HOUR, Config

ALICE, BOB, CAROL = STAKES.values()


def settle(group: Any, index: int, people: Any) -> Any:
    if group.index == index:
        group.to(index, "end")
    return group.voting.settle({"from": people.oscar})


def test_accepts_the_winner(group: Any, revealed: Any, people: Any) -> None:
    """K2, K3, K7"""
    voting, claim, index = group.voting, revealed.tara, revealed.index
    group.vote({"alice": claim, "carol": revealed.tom})
    receipt = settle(group, index, people)
    assert event(receipt, "BlockSettled") == {
        "block_index": index,
        "status": 1,
        "checkpoint_hash": "0x" + claim.checkpoint_hash.hex(),
        "cast": ALICE + CAROL,
    }
    assert event(receipt, "BlockAccepted") == {
        "height": 1,
        "block_index": index,
        "checkpoint_hash": "0x" + claim.checkpoint_hash.hex(),
        "trainer": people.tara.address,
        "loss": 900,
        "version": 0,
    }
    assert tuple(voting.outcome(index)) == (1, 900, 1, False, ALICE + CAROL)
    assert bytes(voting.incumbent()) == bytes(voting.accepted(1)) == claim.checkpoint_hash
    assert tuple(voting.baseline()) == (900, 0, 1, True)
    assert voting.has_won(claim.checkpoint_hash)
    assert not voting.has_won(revealed.tom.checkpoint_hash)
    assert voting.state()[2]
    assert bytes(voting.state()[3]) == claim.checkpoint_hash
    assert tuple(voting.current()[4:]) == (True, 900)


def test_rejects_when_no_claim_has_most_votes(group: Any, revealed: Any, people: Any) -> None:
    """K3, K4"""
    group.vote({"alice": None, "bob": revealed.tara})
    receipt = settle(group, revealed.index, people)
    settled = event(receipt, "BlockSettled")
    assert (settled["status"], int(str(settled["checkpoint_hash"]), 16)) == (2, 0)
    assert "BlockAccepted" not in receipt.events
    assert tuple(group.voting.outcome(revealed.index)) == (2, 0, 0, False, ALICE + BOB)
    assert bytes(group.voting.incumbent()) == group.config.genesis_checkpoint
    assert tuple(group.voting.baseline()) == (0, 0, 0, False)


@pytest.mark.parametrize("voters", [(), ("carol",)])
def test_needs_a_quorum_for_the_winner_itself(
    group: Any, revealed: Any, people: Any, voters: tuple[str, ...]
) -> None:
    """K3: carol's 10,000 of 60,000 are below 33.34 %, and so is nothing."""
    group.vote(dict.fromkeys(voters, revealed.tara))
    receipt = settle(group, revealed.index, people)
    assert event(receipt, "BlockSettled")["status"] == 3
    assert tuple(group.voting.outcome(revealed.index)) == (3, 0, 0, False, CAROL * len(voters))
    assert bytes(group.voting.incumbent()) == group.config.genesis_checkpoint


def test_turnout_of_others_does_not_help(group: Any, revealed: Any, people: Any) -> None:
    """K3: bob has two thirds of the votes cast, but his 20,000 < 20,004 are no quorum."""
    group.vote({"bob": revealed.tara, "carol": revealed.tom})
    settle(group, revealed.index, people)
    assert group.voting.outcome(revealed.index)[0] == 3


def test_no_worse_claim_takes_the_place_of_the_best(group: Any, revealed: Any, people: Any) -> None:
    """K4, K15, F1: all of 30,000 who vote approve tara, two thirds of them the better tom."""
    group.vote({"bob": [revealed.tom, revealed.tara], "carol": revealed.tara})
    assert int(str(group.voting.state()[3]), 16) == 0
    settle(group, revealed.index, people)
    assert tuple(group.voting.outcome(revealed.index)) == (3, 0, 0, False, BOB + CAROL)
    group.outlast_challenges(revealed.index)
    for claim in (revealed.tom, revealed.tara, revealed.late):  # 30,000 did not approve `late`
        with brownie.reverts("cv: not judged"):
            group.voting.release_bond(claim.checkpoint_hash, {"from": people.oscar})


@pytest.mark.parametrize("missing", [0, 1])
def test_the_quorum_itself_is_enough(protocol: Any, people: Any, missing: int) -> None:
    """K3: 2,500 of 10,000 at 25 %, and not one wei less."""
    group = protocol.create(Config(checkpoint_quorum_bps=2_500))
    protocol.stake(group, {"dave": 2_500 - missing, "erin": 7_500 + missing})
    protocol.next_epoch()
    claim = group.claim(people.tara, "x", 900)
    index = group.play([claim], {"dave": claim})
    settle(group, index, people)
    assert group.voting.outcome(index)[0] == 1 + 2 * missing


@pytest.mark.parametrize("delay", [0, HOUR, 30 * DAY])
def test_the_time_of_the_call_does_not_matter(
    protocol: Any, group: Any, revealed: Any, people: Any, clock: Any, delay: int
) -> None:
    """K7, A28: not even after the stake has gone and halving or epoch have changed."""
    group.vote({"alice": revealed.tara})
    group.to(revealed.index, "end")
    if delay:
        for name, stake in STAKES.items():
            protocol.vault.request_exit(group.id, stake, {"from": getattr(people, name)})
        clock.to(group.edge(revealed.index, "end") + delay)
    settle(group, revealed.index, people)
    assert tuple(group.voting.outcome(revealed.index)) == (1, 900, 1, False, ALICE)
    assert tuple(group.voting.baseline()) == (900, 0, 1, True)
    group.voting.redeem(revealed.index, {"from": people.oscar})
    reward = protocol.sale.issued() // 100_000
    assert protocol.coinbase.minted() == reward


def test_refuses_while_the_block_runs(group: Any, revealed: Any, people: Any, clock: Any) -> None:
    """K7"""
    group.vote({"alice": revealed.tara})
    clock.next(group.edge(revealed.index, "end") - 1)
    with brownie.reverts("cv: block running"):
        group.voting.settle({"from": people.oscar})
    clock.next(group.edge(revealed.index, "end"))
    group.voting.settle({"from": people.oscar})


def test_refuses_a_second_time(group: Any, revealed: Any, people: Any) -> None:
    """K7, K11"""
    settle(group, revealed.index, people)
    with brownie.reverts("cv: nothing to settle"):
        group.voting.settle({"from": people.oscar})


def test_one_wei_is_power(protocol: Any, people: Any) -> None:
    """K3: where it is all the group's power it decides."""
    group = protocol.create()
    protocol.stake(group, {"dave": 1})
    protocol.next_epoch()
    claim = group.claim(people.tara, "x", 900)
    index = group.play([claim], {"dave": claim})
    settle(group, index, people)
    assert tuple(group.voting.outcome(index)) == (1, 900, 1, False, 1)
