from dataclasses import replace
from typing import Any

import brownie
import pytest
from eth_utils import keccak

from tests.contracts.conftest import event
from tests.contracts.terms import MIN_BOND, ZERO, Config


def test_opens_the_claim_and_takes_the_bond(protocol: Any, race: Any, people: Any) -> None:
    """K1, K6, K8: the relayer pays, the trainer is named."""
    group, claim, voting = race.group, race.tara, race.group.voting
    before = protocol.nrn.balanceOf(people.dave)
    receipt = group.reveal(claim, payer=people.dave)
    seq = voting.commitment(claim.commitment(voting.address, brownie.chain.id))[0]
    assert event(receipt, "Revealed") == {
        "block_index": race.index,
        "checkpoint_hash": "0x" + claim.checkpoint_hash.hex(),
        "trainer": people.tara.address,
        "loss": 900,
        "baseline_loss": 1_000,
        "eval_root_hash": "0x" + claim.root_hash.hex(),
        "seq": seq,
    }
    assert tuple(voting.candidate(claim.checkpoint_hash)) == (
        people.tara.address, 900, people.dave, seq, race.index + 1, MIN_BOND
    )  # fmt: skip
    assert bytes(voting.eval_root_hash(claim.checkpoint_hash)) == claim.root_hash
    assert voting.is_used(claim.checkpoint_hash)
    assert not voting.is_used(race.tom.checkpoint_hash)
    assert protocol.nrn.balanceOf(voting) == MIN_BOND
    assert protocol.nrn.balanceOf(people.dave) == before - MIN_BOND
    block_1, cast, settled, leader = voting.state()
    assert (block_1, cast, settled, bytes(leader)) == (race.index + 1, 0, False, bytes(32))


def test_a_trainer_may_reveal_itself(protocol: Any, race: Any, people: Any) -> None:
    """K6, R10: then the bond is its own, also after a challenge."""
    key = people.tara
    account = brownie.accounts.add(key.key.hex())
    protocol.nrn.transfer(account, MIN_BOND, {"from": people.dave})
    protocol.nrn.approve(race.group.voting, MIN_BOND, {"from": account})
    race.group.reveal(race.tara, payer=account)
    assert race.group.voting.candidate(race.tara.checkpoint_hash)[2] == key.address
    race.group.vote({"alice": race.tara})
    for is_held in (True, False):
        race.group.voting.hold(race.tara.checkpoint_hash, is_held, {"from": people.referee})
    race.group.to(race.index, "end")
    race.group.voting.settle({"from": people.oscar})
    race.group.outlast_challenges(race.index)
    race.group.voting.release_bond(race.tara.checkpoint_hash, {"from": people.oscar})
    assert protocol.nrn.balanceOf(key.address) == MIN_BOND


def test_the_first_reveal_settles_the_last_block(group: Any, people: Any) -> None:
    """K7, K12"""
    first = group.claim(people.tara, "first", 900)
    index = group.play([first], {"alice": first, "bob": first})
    second = group.claim(people.tom, "second", 800, 900, block_index=index + 1)
    group.commit(second)
    assert group.voting.outcome(index)[0] == 0
    receipt = group.reveal(second)
    assert event(receipt, "BlockSettled")["block_index"] == index
    assert event(receipt, "BlockAccepted")["height"] == 1
    assert group.voting.outcome(index)[0] == 1
    assert bytes(group.voting.incumbent()) == first.checkpoint_hash


def test_only_in_the_reveal_window(group: Any, race: Any, people: Any, clock: Any) -> None:
    """K9: half open."""
    arguments = [group.arguments(claim) for claim in (race.tara, race.tom, race.late)]
    clock.next(group.edge(race.index, "reveal") - 1)
    with brownie.reverts("cv: not the window"):
        group.voting.reveal(*arguments[0], {"from": people.dave})
    clock.next(group.edge(race.index, "reveal"))
    group.voting.reveal(*arguments[0], {"from": people.dave})
    clock.next(group.edge(race.index, "vote") - 1)
    group.voting.reveal(*arguments[1], {"from": people.dave})
    clock.next(group.edge(race.index, "vote"))
    with brownie.reverts("cv: not the window"):
        group.voting.reveal(*arguments[2], {"from": people.dave})


def test_refuses_what_was_committed_in_another_block(group: Any, race: Any, people: Any) -> None:
    """K8: the commitment of the last block is no commitment of this one."""
    group.to(race.index + 1, "reveal")
    moved = replace(race.tara, block_index=race.index + 1)
    for claim in (race.tara, moved):
        with brownie.reverts("cv: no commitment"):
            group.voting.reveal(*group.arguments(claim), {"from": people.dave})


def test_refuses_nobody_as_a_trainer(group: Any, race: Any, people: Any) -> None:
    """A22, K13: recovery of an empty signature answers the zero address."""
    claim = replace(race.tara, trainer=ZERO, block_index=race.index + 1)
    group.commit(claim)
    group.to(claim.block_index, "reveal")
    arguments = (ZERO, claim.checkpoint_hash, 900, 1_000, claim.root_hash, claim.salt, b"")
    with brownie.reverts("cv: zero"):
        group.voting.reveal(*arguments, {"from": people.dave})


def test_refuses_the_zero_hash(group: Any, people: Any) -> None:
    """K4"""
    claim = group.claim(people.tara, "x", 900, checkpoint_hash=bytes(32))
    group.commit(claim)
    group.to(claim.block_index, "reveal")
    with brownie.reverts("cv: zero"):
        group.voting.reveal(*group.arguments(claim), {"from": people.dave})


@pytest.mark.parametrize("baseline", [899, 901])
def test_refuses_a_baseline_that_is_known_better(group: Any, people: Any, baseline: int) -> None:
    """K2"""
    first = group.claim(people.tara, "first", 900)
    group.play([first], {"alice": first, "bob": first})
    second = group.claim(people.tom, "second", 1, baseline, block_index=group.index)
    group.commit(second)
    group.to(second.block_index, "reveal")
    with brownie.reverts("cv: wrong baseline"):
        group.voting.reveal(*group.arguments(second), {"from": people.dave})


def test_asks_for_the_improvement(protocol: Any, people: Any) -> None:
    """K17: the improvement exactly is enough, and at the top of uint64 nothing overflows."""
    group = protocol.create(Config(min_improvement=10, max_improvement=10))
    protocol.stake(group, {"erin": 10**21})
    protocol.next_epoch()
    top = 2**64 - 1
    claims = [
        group.claim(people.tara, "enough", top - 10, top),
        group.claim(people.tara, "one short", top - 9, top),
        group.claim(people.tara, "beyond", top, top),
    ]
    group.commit(*claims)
    group.reveal(claims[0])
    for claim in claims[1:]:
        with brownie.reverts("cv: no improvement"):
            group.voting.reveal(*group.arguments(claim), {"from": people.dave})


@pytest.mark.parametrize("field", range(7))
def test_binds_every_field(group: Any, race: Any, people: Any, field: int) -> None:
    """K13, A31: a relayer who alters anything reveals nothing. The signature is the last field."""
    group.to(race.index, "reveal")
    arguments = list(group.arguments(race.tara))
    others = list(group.arguments(race.tom))
    arguments[field] = b"\x06" * 32 if field == 5 else others[field]
    arguments[3] = 999 if field == 3 else arguments[3]
    reason = "cv: bad signature" if field == 6 else "cv: no commitment"
    with brownie.reverts(reason):
        group.voting.reveal(*arguments, {"from": people.mallory})


@pytest.mark.parametrize("elsewhere", ["model", "tip", "contract", "chain"])
def test_refuses_claims_of_elsewhere(
    protocol: Any, group: Any, people: Any, elsewhere: str
) -> None:
    """K13, A32: even if they were committed here."""
    voting, chain_id = group.voting.address, brownie.chain.id
    fields = {"model": {"model_hash": b"\x99" * 32}, "tip": {"tip": b"\x99" * 32}}
    claim = group.claim(people.tara, "x", 900, **fields.get(elsewhere, {}))
    domain = (
        protocol.create().voting.address if elsewhere == "contract" else voting,
        1 if elsewhere == "chain" else chain_id,
    )
    group.to(claim.block_index, "commit")
    group.voting.commit(claim.commitment(*domain), {"from": people.dave})
    group.to(claim.block_index, "reveal")
    with brownie.reverts("cv: no commitment"):
        group.voting.reveal(*claim.arguments(people.tara, *domain), {"from": people.dave})


def test_judges_by_the_training_set_at_the_start(
    protocol: Any, group: Any, people: Any, clock: Any
) -> None:
    """K2, K14, D7: a delta that takes effect inside a block counts from the next one.

    block n                 | block n + 1
    commit, [delta], reveal | new tip, baseline unknown again
    """
    deltas, old = group.deltas, bytes(group.deltas.tip())
    start, length, _, _, _ = deltas.period()
    clock.to(start + length)
    deltas.propose(old, keccak(text="delta"), {"from": people.erin})
    clock.to(start + length + 86_400 + 10)
    deltas.vote(1, {"from": people.alice})
    ends = start + 2 * length
    index = (ends - 1 - group.genesis) // group.period
    first = group.claim(people.tara, "first", 900, block_index=index - 1)
    group.play([first], {"alice": first, "bob": first})
    tip = keccak(old + keccak(text="delta"))
    assert group.start(index + 1) >= ends
    stale = group.claim(people.tom, "stale", 800, 900, block_index=index + 1)
    second = replace(stale, tip=tip, checkpoint_hash=b"\x42" * 32, baseline_loss=2_000, loss=1_900)
    group.commit(stale, second)
    group.to(index + 1, "reveal")
    with brownie.reverts("cv: no commitment"):
        group.voting.reveal(*group.arguments(stale), {"from": people.dave})
    receipt = group.voting.reveal(*group.arguments(second), {"from": people.dave})
    assert event(receipt, "DeltaAppended")["version"] == 1
    version, found, known, _ = group.voting.current()[2:]
    assert (version, bytes(found), known) == (1, tip, False)
    group.vote({"alice": second, "bob": second})
    group.to(index + 1, "end")
    group.voting.settle({"from": people.oscar})
    assert tuple(group.voting.baseline()) == (1_900, 1, 2, True)


def test_refuses_a_used_hash(group: Any, race: Any, people: Any) -> None:
    """K1, A12: in the same block twice or by who committed later, in a later block, once
    judged, by its own trainer; the genesis always."""
    block = race.index + 1
    first = replace(race.tara, block_index=block)
    later = replace(first, trainer=people.tom.address, loss=1)
    genesis = replace(first, checkpoint_hash=group.config.genesis_checkpoint)
    group.commit(first, later, genesis)
    group.reveal(first)
    again = replace(first, block_index=block + 1, loss=1, baseline_loss=900)
    for claim in (first, later, genesis, again):
        if claim is again:
            group.vote({"alice": first})
            group.commit(again)
            group.to(again.block_index, "reveal")
        with brownie.reverts("cv: hash already used"):
            group.voting.reveal(*group.arguments(claim), {"from": people.mallory})


def test_the_earlier_commitment_takes_the_hash_over(protocol: Any, group: Any, people: Any) -> None:
    """K1, K6, A10: a thief who reveals first still loses, and gets its bond back.

    commit: tara, thief | reveal: thief, tara | the candidate is tara's
    """
    honest = group.claim(people.tara, "same", 900)
    thief = replace(honest, trainer=people.tom.address, loss=1, root=b"\x09" * 32)
    group.commit(honest, thief)
    group.reveal(thief, payer=people.mallory)
    receipt = group.reveal(honest)
    displaced = event(receipt, "Displaced")
    assert displaced == {
        "checkpoint_hash": "0x" + honest.checkpoint_hash.hex(),
        "trainer": people.tom.address,
    }
    trainer, loss, payer = group.voting.candidate(honest.checkpoint_hash)[:3]
    assert (trainer, loss, payer) == (people.tara.address, 900, people.dave)
    assert bytes(group.voting.eval_root_hash(honest.checkpoint_hash)) == honest.root_hash
    assert group.voting.credit(people.mallory) == MIN_BOND
    assert protocol.nrn.balanceOf(group.voting) == 2 * MIN_BOND
    with brownie.reverts("cv: hash already used"):
        group.voting.reveal(*group.arguments(thief), {"from": people.mallory})


def test_an_erc1271_wallet_may_train(group: Any, people: Any, deploy_source: Any) -> None:
    """A33: asked by a static call; what it refuses is refused."""
    wallet = deploy_source(
        """
# pragma version 0.4.3
good: bool

@external
def set_good(good: bool):
    self.good = good

@external
@view
def isValidSignature(digest: bytes32, signature: Bytes[65]) -> bytes4:
    return 0x1626ba7e if self.good else 0x00000000
"""
    )
    claim = group.claim(wallet, "wallet's", 900)
    group.commit(claim)
    group.to(claim.block_index, "reveal")
    arguments = claim.arguments(people.tara, group.voting.address, brownie.chain.id)
    with brownie.reverts("cv: bad signature"):
        group.voting.reveal(*arguments, {"from": people.dave})
    wallet.set_good(True, {"from": people.dave})
    group.voting.reveal(*arguments, {"from": people.dave})
    assert group.voting.candidate(claim.checkpoint_hash)[0] == wallet


def test_refuses_without_the_bond(group: Any, race: Any, people: Any, loose: Any) -> None:
    """K6"""
    group.to(race.index, "reveal")
    with brownie.reverts("neuron: allowance"):
        group.voting.reveal(*group.arguments(race.tara), {"from": people.oscar})
    voting, _ = loose
    genesis, period = voting.GENESIS_TIME(), voting.PERIOD()
    claim = replace(race.tara, block_index=1)
    group.protocol.clock.to(genesis + period)
    voting.commit(claim.commitment(voting.address, brownie.chain.id), {"from": people.dave})
    group.protocol.clock.to(genesis + period + voting.COMMIT_WINDOW())
    arguments = claim.arguments(people.tara, voting.address, brownie.chain.id)
    with brownie.reverts(""):
        voting.reveal(*arguments, {"from": people.dave})


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("-> (bytes4, uint256):\n    return 0x1626ba7e, 7", True),
        ("-> bytes4:\n    self.asked = True\n    return 0x1626ba7e", False),
        ("-> bytes4:\n    raise", False),
        ("-> bytes4:\n    return 0x1626ba7f", False),
        (":\n    pass", False),
    ],
    ids=["two words", "writes", "reverts", "another word", "silent"],
)
def test_a_wallet_answers_one_word_and_changes_nothing(
    group: Any, people: Any, deploy_source: Any, answer: str, good: bool
) -> None:
    """A33: what comes after the word does not matter; a write, a revert, no answer refuse."""
    head = "# pragma version 0.4.3\nasked: bool\n"
    method = "@external\ndef isValidSignature(digest: bytes32, signature: Bytes[65])"
    wallet = deploy_source(head + method + answer)
    claim = group.claim(wallet, "wallet's", 900)
    group.commit(claim)
    group.to(claim.block_index, "reveal")
    arguments = claim.arguments(people.tara, group.voting.address, brownie.chain.id)
    if good:
        group.voting.reveal(*arguments, {"from": people.dave})
    else:
        with brownie.reverts("cv: bad signature"):
            group.voting.reveal(*arguments, {"from": people.dave})
