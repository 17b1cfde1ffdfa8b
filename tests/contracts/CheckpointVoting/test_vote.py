from dataclasses import replace
from typing import Any

import brownie
import pytest
from brownie.exceptions import VirtualMachineError
from eth_utils import keccak

from tests.contracts.conftest import STAKES, event
from tests.contracts.terms import EPOCH, Config, ballot

ALICE, BOB, CAROL = STAKES.values()
WORD = b"\x01" * 32


def leader(group: Any) -> bytes:
    return bytes(group.voting.state()[3])


def test_counts_the_power_and_keeps_the_ballot(race: Any, revealed: Any, people: Any) -> None:
    """K4, K5"""
    group, voting, claim = race.group, race.group.voting, race.tara
    group.to(race.index, "vote")
    cast = ballot(people.alice.address, claim)
    receipt = voting.vote(cast, {"from": people.alice})
    assert event(receipt, "Voted") == {
        "block_index": race.index,
        "checkpoint_hash": "0x" + claim.checkpoint_hash.hex(),
        "staker": people.alice,
        "power": ALICE,
        "attestation": "0x" + cast[32:].hex(),
    }
    group.vote({"bob": claim})
    block_1, votes_cast, settled, _ = voting.state()
    assert (block_1, votes_cast, settled) == (race.index + 1, ALICE + BOB, False)
    assert leader(group) == claim.checkpoint_hash
    assert voting.votes(claim.checkpoint_hash) == ALICE + BOB
    assert voting.votes(race.tom.checkpoint_hash) == 0
    assert bytes(voting.ballot(race.index, people.alice)) == keccak(cast)


def test_a_ballot_approves_several(revealed: Any, people: Any) -> None:
    """K4, K5: each gets all of its power; what leads is the best of what most approve."""
    group, voting = revealed.group, revealed.group.voting
    group.to(revealed.index, "vote")
    cast = ballot(people.alice.address, revealed.tara, revealed.late)
    logs = voting.vote(cast, {"from": people.alice}).events["Voted"]
    pairs = [str(log[name])[2:] for log in logs for name in ("checkpoint_hash", "attestation")]
    assert bytes.fromhex("".join(pairs)) == cast
    group.vote({"bob": [revealed.tara, revealed.tom]})
    claims = (revealed.tom, revealed.tara, revealed.late)
    assert [voting.votes(c.checkpoint_hash) for c in claims] == [BOB, ALICE + BOB, ALICE]
    assert voting.state()[1] == ALICE + BOB
    assert leader(group) == revealed.tara.checkpoint_hash  # tom's is better, but bob's alone
    group.vote({"carol": revealed.tom})
    assert leader(group) == revealed.tara.checkpoint_hash  # tom's has exactly half: alice's


def test_half_is_not_more_than_half(group: Any, revealed: Any) -> None:
    """K3, K4: alice has what bob and carol have together."""
    group.vote({"alice": revealed.tom, "bob": revealed.late})
    assert leader(group) == revealed.tom.checkpoint_hash
    group.vote({"carol": revealed.late})
    assert leader(group) == bytes(32)


def test_an_empty_ballot_counts_as_cast(group: Any, revealed: Any, people: Any) -> None:
    """K3, K5: and is one."""
    group.vote({"alice": revealed.tara, "bob": None})
    assert leader(group) == revealed.tara.checkpoint_hash
    receipt = group.voting.vote(b"", {"from": people.carol})
    cast = event(receipt, "Voted")
    assert (cast["power"], cast["staker"]) == (CAROL, people.carol)
    assert int(str(cast["checkpoint_hash"]), 16) == int(str(cast["attestation"]), 16) == 0
    assert group.voting.state()[1] == sum(STAKES.values())
    assert leader(group) == bytes(32)
    assert bytes(group.voting.ballot(revealed.index, people.carol)) == keccak(b"")


def test_nothing_is_carried_into_the_next_block(group: Any, people: Any) -> None:
    """K4, K5: neither votes cast nor places."""
    first = group.claim(people.tara, "first", 900)
    index = group.play([first], {"alice": None, "bob": first, "carol": first})
    second = group.claim(people.tara, "second", 900, block_index=index + 1)
    group.commit(second)
    group.reveal(second)
    group.vote({"alice": second, "carol": None})
    assert group.voting.state()[1] == ALICE + CAROL
    assert leader(group) == second.checkpoint_hash


@pytest.mark.parametrize("first", [3, 0])
def test_of_one_block_the_lowest_leads(protocol: Any, people: Any, first: int) -> None:
    """K4: by any difference; of equals the first."""
    group = sole(protocol)
    losses = [900, 899, 899, 898]
    claims = [group.claim(people.tara, f"{first}{n}", loss) for n, loss in enumerate(losses)]
    group.commit(*claims)
    group.reveal(*claims)
    group.vote({"erin": claims if first else claims[:3]})
    assert leader(group) == claims[3 if first else 1].checkpoint_hash


@pytest.mark.parametrize(("loss", "overtakes"), [(900, False), (891, False), (890, True)])
def test_a_claim_of_an_earlier_block_is_overtaken_by_the_improvement(
    protocol: Any, people: Any, loss: int, overtakes: bool
) -> None:
    """K4, K15, F1: of 10, and not by less; who was passed over and ranks before burns."""
    group = sole(protocol)
    held = group.claim(people.tara, "held", 900)
    index = group.play([held], {})
    held = replace(held, block_index=index + 1)
    fresh = group.claim(people.tom, "fresh", loss, block_index=index + 1)
    group.commit(fresh, held)
    group.reveal(fresh, held)
    group.vote({"erin": [fresh, held]})
    assert leader(group) == (fresh if overtakes else held).checkpoint_hash


def sole(protocol: Any) -> Any:
    """A group of erin's in which a claim must gain 10."""
    group = protocol.create(Config(min_improvement=10, max_improvement=10))
    protocol.stake(group, {"erin": 10**21})
    protocol.next_epoch()
    return group


def test_the_shortlist_makes_room(protocol: Any, people: Any) -> None:
    """K3, K4: eleven candidates, of which eight lead at one time or another."""
    group = sole(protocol)
    voters = {"alice": 1, "bob": 2, "carol": 4, "dave": 8, "mallory": 1_100}
    protocol.stake(group, voters)
    protocol.vault.request_exit(group.id, 10**21 - 2_000, {"from": people.erin})
    protocol.next_epoch()
    claims = [group.claim(people.tara, f"claim {n}", 900 - 10 * n) for n in range(11)]
    group.commit(*claims)
    group.reveal(*claims)
    ballots = {
        "alice": claims[:2], "bob": claims[2:4], "carol": claims[4:6], "dave": claims[6:8],
        "mallory": claims[7:9], "erin": [claims[0], *claims[8:]],
    }  # fmt: skip
    for name, chosen in ballots.items():
        group.vote({name: chosen})
        best = {"mallory": claims[8], "erin": claims[10]}.get(name)
        if best:
            assert leader(group) == best.checkpoint_hash
    assert group.voting.votes(claims[8].checkpoint_hash) == 3_100


def test_who_leads_again_keeps_its_place(protocol: Any, people: Any) -> None:
    """K3, K4: each of three approves four of six; nobody is listed twice, so all six are."""
    group = sole(protocol)
    protocol.stake(group, {"alice": 10**21, "bob": 10**21})
    protocol.next_epoch()
    claims = [group.claim(people.tara, f"of six {n}", 900) for n in range(6)]
    claims.sort(key=lambda claim: claim.checkpoint_hash)  # as ballots have them
    claims[4] = replace(claims[4], loss=899)
    group.commit(*claims)
    group.reveal(*claims)
    group.vote({"erin": claims[:4], "alice": claims[:2] + claims[4:], "bob": claims[2:]})
    assert leader(group) == claims[4].checkpoint_hash


def test_an_operator_votes_for_its_staker(protocol: Any, revealed: Any, people: Any) -> None:
    """K5, V8"""
    group, claim = revealed.group, revealed.tara
    protocol.vault.set_operator(people.oscar, {"from": people.alice})
    group.to(revealed.index, "vote")
    cast = claim.checkpoint_hash + WORD
    group.voting.vote(cast, people.alice, {"from": people.oscar})
    assert group.voting.votes(claim.checkpoint_hash) == ALICE
    with brownie.reverts("cv: already voted"):
        group.voting.vote(cast, {"from": people.alice})
    with brownie.reverts("vault: not operator"):
        group.voting.vote(cast, people.bob, {"from": people.oscar})


def test_only_in_the_vote_window(group: Any, revealed: Any, people: Any, clock: Any) -> None:
    """K9: half open; after it the block of the ballot is over."""
    vote, cast = group.voting.vote, revealed.tara.checkpoint_hash + WORD
    clock.next(group.edge(revealed.index, "vote") - 1)
    with brownie.reverts("cv: not the window"):
        vote(cast, {"from": people.alice})
    clock.next(group.edge(revealed.index, "vote"))
    vote(cast, {"from": people.alice})
    clock.next(group.edge(revealed.index, "end") - 1)
    vote(cast, {"from": people.bob})
    clock.next(group.edge(revealed.index, "end"))
    with brownie.reverts("cv: not the window"):
        vote(cast, {"from": people.carol})


def test_refuses_a_block_without_a_reveal(group: Any, revealed: Any, people: Any) -> None:
    """K9: last block's candidates are not this block's."""
    group.to(revealed.index + 1, "vote")
    for cast in (revealed.tara.checkpoint_hash + WORD, b""):
        with brownie.reverts("cv: nothing revealed"):
            group.voting.vote(cast, {"from": people.alice})


def test_refuses_what_is_no_candidate_of_this_block(group: Any, people: Any) -> None:
    """K4: neither unknown, nor of an earlier block, nor the genesis."""
    first = group.claim(people.tara, "first", 900)
    index = group.play([first], {"alice": first})
    second = group.claim(people.tara, "second", 800, 900, block_index=index + 1)
    group.commit(second)
    group.reveal(second)
    group.to(index + 1, "vote")
    for choice in (b"\x99" * 32, first.checkpoint_hash, group.config.genesis_checkpoint):
        with brownie.reverts("cv: not a candidate"):
            group.voting.vote(choice + WORD, {"from": people.alice})


def test_refuses_what_is_no_list_of_approvals(group: Any, revealed: Any, people: Any) -> None:
    """K5: half an approval, a name twice or out of order, the zero hash, more than four."""
    group.to(revealed.index, "vote")
    low, high = sorted(c.checkpoint_hash + WORD for c in (revealed.tara, revealed.tom))
    for cast, reason in (
        (low[:63], "cv: ballot"),
        (low + high[:32], "cv: ballot"),
        (high + low, "cv: order"),
        (low + low, "cv: order"),
        (bytes(64), "cv: order"),
    ):
        with brownie.reverts(reason):
            group.voting.vote(cast, {"from": people.alice})
    with pytest.raises(VirtualMachineError):
        group.voting.vote(low * 5, {"from": people.alice})
    group.voting.vote(low + high, {"from": people.alice})


def test_refuses_a_second_ballot(group: Any, revealed: Any, people: Any) -> None:
    """K5: not for another candidate, not for none; nor after none."""
    group.vote({"alice": revealed.tara, "bob": None})
    for cast in (revealed.tara.checkpoint_hash + WORD, revealed.tom.checkpoint_hash + WORD, b""):
        for keeper in (people.alice, people.bob):
            with brownie.reverts("cv: already voted"):
                group.voting.vote(cast, {"from": keeper})


def test_refuses_who_has_no_power(protocol: Any, group: Any, revealed: Any, people: Any) -> None:
    """K5, A6: stake of this very epoch is none."""
    protocol.vault.stake(group.id, 10**21, {"from": people.mallory})
    group.to(revealed.index, "vote")
    for person in (people.oscar, people.mallory):
        with brownie.reverts("cv: no power"):
            group.voting.vote(revealed.tara.checkpoint_hash + WORD, {"from": person})


def test_who_leaves_votes_until_the_block_ends(
    protocol: Any, group: Any, people: Any, clock: Any
) -> None:
    """K5, A8: power as the block began, although none is left; the tokens are still locked."""
    protocol.vault.request_exit(group.id, ALICE, {"from": people.alice})
    last = (clock.now // EPOCH + 1) * EPOCH
    index = (last - group.genesis) // group.period  # the block that is running when the epoch ends
    claim = group.claim(people.tara, "over the edge", 700, block_index=index)
    assert group.edge(index, "commit") < last < group.edge(index, "end")
    group.commit(claim)
    group.reveal(claim)
    clock.to(max(last, group.edge(index, "vote")))
    assert protocol.vault.power_at(group.id, people.alice, last // EPOCH) == 0
    group.vote({"alice": claim})
    assert group.voting.votes(claim.checkpoint_hash) == ALICE
