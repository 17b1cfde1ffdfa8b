from typing import Any

import brownie
from eth_utils import keccak

from tests.contracts.conftest import STAKES, event
from tests.contracts.terms import EPOCH, NONE_VALID, attestation

ALICE, BOB, CAROL = STAKES.values()
WORD = b"\x01" * 32


def test_counts_the_power_and_keeps_the_ballot(race: Any, revealed: Any, people: Any) -> None:
    """K4, K5"""
    group, voting, claim = race.group, race.group.voting, race.tara
    group.to(race.index, "vote")
    proof = attestation(claim.root, people.alice.address)
    receipt = voting.vote(claim.checkpoint_hash, proof, {"from": people.alice})
    assert event(receipt, "Voted") == {
        "block_index": race.index,
        "checkpoint_hash": "0x" + claim.checkpoint_hash.hex(),
        "staker": people.alice,
        "power": ALICE,
        "attestation": "0x" + proof.hex(),
    }
    group.vote({"bob": claim})
    seq = voting.candidate(claim.checkpoint_hash)[3]
    block_1, votes, leader_seq, settled, leader = voting.state()
    assert (block_1, votes, leader_seq, settled) == (race.index + 1, ALICE + BOB, seq, False)
    assert bytes(leader) == claim.checkpoint_hash
    assert voting.votes(claim.checkpoint_hash) == ALICE + BOB
    assert voting.votes(race.tom.checkpoint_hash) == voting.none_votes(race.index) == 0
    assert bytes(voting.ballot(race.index, people.alice)) == keccak(claim.checkpoint_hash + proof)


def test_ties_go_to_the_first_committed_and_none_valid_wins_them(revealed: Any) -> None:
    """K4: alice = bob + carol = 30,000; commit order tara, tom, late."""
    group, voting = revealed.group, revealed.group.voting
    group.vote({"alice": revealed.tom})
    group.vote({"bob": revealed.late, "carol": revealed.late})
    assert bytes(voting.state()[4]) == revealed.tom.checkpoint_hash


def test_an_earlier_claim_overtakes_on_a_tie(revealed: Any) -> None:
    """K4"""
    group, voting = revealed.group, revealed.group.voting
    group.vote({"alice": revealed.tom, "bob": revealed.tara})
    assert bytes(voting.state()[4]) == revealed.tom.checkpoint_hash
    group.vote({"carol": revealed.tara})
    assert bytes(voting.state()[4]) == revealed.tara.checkpoint_hash


def test_none_valid_is_a_candidate(revealed: Any) -> None:
    """K4, K5"""
    group, voting = revealed.group, revealed.group.voting
    group.vote({"alice": revealed.tara, "bob": None})
    assert bytes(voting.state()[4]) == revealed.tara.checkpoint_hash
    assert voting.none_votes(revealed.index) == BOB
    group.vote({"carol": None})
    assert voting.none_votes(revealed.index) == BOB + CAROL
    assert voting.none_votes(revealed.index + 1) == 0
    _, votes, seq, _, leader = voting.state()
    assert (votes, seq, int(leader.hex(), 16)) == (BOB + CAROL, 0, 0)


def test_none_valid_starts_every_block_at_zero(group: Any, people: Any) -> None:
    """K4, K5: powers of two blocks are never added."""
    first = group.claim(people.tara, "first", 900)
    index = group.play([first], {"alice": None})
    second = group.claim(people.tara, "second", 900, block_index=index + 1)
    group.commit(second)
    group.reveal(second)
    group.vote({"bob": second, "carol": None})
    assert group.voting.none_votes(index + 1) == CAROL
    assert bytes(group.voting.state()[4]) == second.checkpoint_hash


def test_no_claim_can_stand_for_none_valid(group: Any, people: Any) -> None:
    """K4: hashes are chosen freely. Had "none valid" a key among them, tom could claim the key of a
    block to come and load it with votes: "none valid" would win that block and burn its bonds."""
    index = group.index + 1
    keys = [n.to_bytes(32, "big") for n in (1, index + 1, index + 2)]
    claims = [group.claim(people.tom, "", 900 - i, checkpoint_hash=k) for i, k in enumerate(keys)]
    group.play(claims, {"alice": claims[2], "bob": claims[1]})
    honest = group.claim(people.tara, "honest", 800, 898, block_index=index + 1)
    group.commit(honest)
    group.reveal(honest)
    group.vote({"bob": honest, "carol": None})
    assert group.voting.none_votes(index + 1) == CAROL
    assert bytes(group.voting.state()[4]) == honest.checkpoint_hash


def test_an_operator_votes_for_its_staker(protocol: Any, revealed: Any, people: Any) -> None:
    """K5, V8"""
    group, claim = revealed.group, revealed.tara
    protocol.vault.set_operator(people.oscar, {"from": people.alice})
    group.to(revealed.index, "vote")
    group.voting.vote(claim.checkpoint_hash, WORD, people.alice, {"from": people.oscar})
    assert group.voting.votes(claim.checkpoint_hash) == ALICE
    with brownie.reverts("cv: already voted"):
        group.voting.vote(claim.checkpoint_hash, WORD, {"from": people.alice})
    with brownie.reverts("vault: not operator"):
        group.voting.vote(claim.checkpoint_hash, WORD, people.bob, {"from": people.oscar})


def test_only_in_the_vote_window(group: Any, revealed: Any, people: Any, clock: Any) -> None:
    """K9: half open; after it the block of the ballot is over."""
    vote, choice = group.voting.vote, revealed.tara.checkpoint_hash
    clock.next(group.edge(revealed.index, "vote") - 1)
    with brownie.reverts("cv: not vote window"):
        vote(choice, WORD, {"from": people.alice})
    clock.next(group.edge(revealed.index, "vote"))
    vote(choice, WORD, {"from": people.alice})
    clock.next(group.edge(revealed.index, "end") - 1)
    vote(choice, WORD, {"from": people.bob})
    clock.next(group.edge(revealed.index, "end"))
    with brownie.reverts("cv: not vote window"):
        vote(choice, WORD, {"from": people.carol})


def test_refuses_a_block_without_a_reveal(group: Any, revealed: Any, people: Any) -> None:
    """K9: last block's candidates are not this block's."""
    group.to(revealed.index + 1, "vote")
    for choice in (revealed.tara.checkpoint_hash, NONE_VALID):
        with brownie.reverts("cv: nothing revealed"):
            group.voting.vote(choice, WORD, {"from": people.alice})


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
            group.voting.vote(choice, WORD, {"from": people.alice})


def test_refuses_an_empty_attestation(group: Any, revealed: Any, people: Any) -> None:
    group.to(revealed.index, "vote")
    for choice in (revealed.tara.checkpoint_hash, NONE_VALID):
        with brownie.reverts("cv: empty attestation"):
            group.voting.vote(choice, bytes(32), {"from": people.alice})


def test_refuses_a_second_ballot(group: Any, revealed: Any, people: Any) -> None:
    """K5: not for another candidate, not for none."""
    group.vote({"alice": revealed.tara})
    for choice in (revealed.tara.checkpoint_hash, revealed.tom.checkpoint_hash, NONE_VALID):
        with brownie.reverts("cv: already voted"):
            group.voting.vote(choice, WORD, {"from": people.alice})


def test_refuses_who_has_no_power(protocol: Any, group: Any, revealed: Any, people: Any) -> None:
    """K5, A6: stake of this very epoch is none."""
    protocol.vault.stake(group.id, 10**21, {"from": people.mallory})
    group.to(revealed.index, "vote")
    for person in (people.oscar, people.mallory):
        with brownie.reverts("cv: no power"):
            group.voting.vote(revealed.tara.checkpoint_hash, WORD, {"from": person})


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
