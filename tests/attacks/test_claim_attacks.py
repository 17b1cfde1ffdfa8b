"""Attacks on claims, bonds and signatures: A9 to A17, A22, A23, A31 to A33."""

from dataclasses import replace

import boa
import pytest
from eth_utils.crypto import keccak

from tests.attacks.scene import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    KEEPERS,
    MALLORY,
    OSCAR,
    TRAINER,
    UNKNOWN,
    Scene,
    refused,
)
from tests.stateful.claims import Claim
from tests.stateful.world import (
    CHALLENGE,
    DAY,
    EVM_VERSION,
    MIN_BOND,
    NRN,
    ZERO,
    Reverted,
    deploy_code,
    rehearsal,
)

WALLET = """
# pragma version 0.4.3
signer: address
@deploy
def __init__(signer: address):
    self.signer = signer
@external
@view
def isValidSignature(digest: bytes32, signature: Bytes[65]) -> bytes4:
    return {answer}
"""


def wallet(answer: str) -> str:
    """A contract wallet (ERC-1271) that gives the same answer to everything."""
    code = boa.loads_partial(
        WALLET.format(answer=answer), compiler_args={"evm_version": EVM_VERSION}
    )
    return deploy_code(ZERO, code.compiler_data.bytecode + bytes(32))


def test_a09_a_copied_commitment_serves_its_author(scene: Scene, earns) -> None:
    voting, before = scene.group.voting, scene.wealth(MALLORY)
    scene.next_block()
    claim = scene.claim(TRAINER, 900)
    voting.commit(claim.commitment, sender=scene.mallory)  # seen in the mempool, sent first
    with refused("cv: commitment exists"):
        scene.commit(claim)
    scene.reveal(claim)
    scene.vote(claim, ALICE, BOB, CAROL)
    reward = scene.wealth(TRAINER)
    voting.redeem(scene.settle())
    assert scene.wealth(TRAINER) > reward
    earns(scene.wealth(MALLORY) - before)


def test_a10_a_checkpoint_seen_in_the_reveal_cannot_be_claimed(scene: Scene, earns) -> None:
    before = scene.wealth(MALLORY)
    scene.next_block()
    honest = scene.claim(TRAINER, 900)
    copy = replace(honest, signer=scene.accounts[MALLORY], trainer=scene.mallory)
    scene.commit(honest)
    scene.reveal(honest)
    with refused("cv: not the window"):
        scene.commit(copy)
    with refused("cv: no commitment"):
        scene.reveal(copy)
    scene.vote(honest, ALICE, BOB, CAROL)
    scene.settle()
    late = replace(scene.claim(MALLORY, 899, 900), checkpoint_hash=honest.checkpoint_hash)
    scene.commit(late)
    with refused("cv: hash already used"):
        scene.reveal(late)
    earns(scene.wealth(MALLORY) - before)


def test_a11_the_first_committer_takes_the_candidate_back(scene: Scene, earns) -> None:
    before = scene.wealth(MALLORY)
    with refused("cv: window"):
        scene.add(reveal_window=1_799)
    scene.next_block()
    honest = scene.claim(TRAINER, 900)
    stolen = replace(honest, signer=scene.accounts[MALLORY], trainer=scene.mallory)
    scene.commit(honest, stolen)  # the thief learned it while committing was still open
    scene.reveal(stolen, honest)
    scene.vote(honest, ALICE, BOB, CAROL)
    block = scene.settle()
    scene.group.voting.redeem(block)
    scene.group.voting.withdraw_credit(sender=scene.mallory)
    assert scene.group.voting.candidate(honest.checkpoint_hash)[0] == scene.people[TRAINER]
    earns(scene.wealth(MALLORY) - before)


def test_a12_a_replayed_or_near_copy_wins_nothing_in_its_group(scene: Scene, earns) -> None:
    scene.next_block()
    scene.play(scene.claim(TRAINER, 900))
    before = scene.wealth(MALLORY)
    near = scene.claim(MALLORY, 900, 900)  # one bit flipped: same loss
    scene.commit(near)
    with refused("cv: no improvement"):
        scene.reveal(near)
    earns(scene.wealth(MALLORY) - before)


def test_a12_residual_a_copy_wins_one_block_of_a_clone(scene: Scene, earns) -> None:
    scene.next_block()
    original = scene.claim(TRAINER, 900)
    scene.play(original)
    scene.group = scene.add()
    for keeper in KEEPERS:
        scene.stake(keeper, 5_000 * NRN, group=2)
    scene.next_epoch()
    scene.next_block()
    before = scene.wealth(MALLORY)
    copy = replace(scene.claim(MALLORY, 900), checkpoint_hash=original.checkpoint_hash)
    start = scene.group.start(scene.block)
    scene.group.voting.redeem(scene.play(copy))
    scene.release(copy)
    earns(scene.wealth(MALLORY) - before, scene.world.coinbase.block_reward(2, start))


@pytest.mark.parametrize("verdict", ["another wins", "none valid"])
def test_a13_junk_claim_costs_its_bond(scene: Scene, earns, verdict: str) -> None:
    before = scene.wealth(MALLORY)
    scene.next_block()
    junk, honest = scene.claim(MALLORY, 0), scene.claim(TRAINER, 900)
    scene.commit(junk, honest)
    scene.reveal(junk, honest)
    scene.vote(honest if verdict == "another wins" else None, ALICE, BOB, CAROL)
    scene.settle()
    supply = scene.world.nrn.totalSupply()
    scene.release(junk)
    assert supply - scene.world.nrn.totalSupply() == MIN_BOND
    profit = scene.wealth(MALLORY) - before
    assert profit == -MIN_BOND
    earns(profit)


def test_a13_junk_is_refuted_where_nobody_votes(scene: Scene, earns) -> None:
    """Whom no keeper judges a challenger does."""
    before = scene.wealth(MALLORY)
    scene.next_block()
    junk = [scene.claim(MALLORY, 0, name=f"junk {n}") for n in range(3)]
    scene.commit(*junk)
    scene.reveal(*junk)
    scene.settle()
    for claim in junk:
        scene.refute(claim, CAROL)
    earns(scene.wealth(MALLORY) - before, residual=-3 * MIN_BOND)


def test_a14_residual_a_majority_passes_a_false_loss_and_a_fork_leaves_it(
    scene: Scene, earns
) -> None:
    voting, vault = scene.group.voting, scene.world.vault
    scene.next_block()
    scene.play(scene.claim(TRAINER, 900))
    before = scene.wealth(MALLORY)
    reward = scene.world.coinbase.block_reward(1, scene.group.start(scene.block))
    false = scene.claim(MALLORY, 0, 900)
    voting.redeem(scene.play(false, ALICE, BOB))  # the colluding majority
    scene.release(false)
    honest = scene.claim(TRAINER, 0, 0)
    scene.commit(honest)
    with refused("cv: no improvement"):  # the group is stuck for ever
        scene.reveal(honest)
    child = scene.world.fork_group(1, 1, 0)
    assert child.voting.accepted(0) == voting.accepted(1)
    vault.migrate(1, child.id, 5_000 * NRN, sender=scene.people[CAROL])
    scene.groups.append(child)
    scene.next_epoch()
    assert vault.group_power_at(child.id, scene.world.epoch) == 5_000 * NRN
    earns(scene.wealth(MALLORY) - before, reward)


def test_a14_a_lie_that_is_refuted_costs_more_than_its_reward(scene: Scene, earns) -> None:
    """The reward may leave before anybody challenges; the bond may not, and the group goes on."""
    voting = scene.group.voting
    scene.next_block()
    first = scene.claim(TRAINER, 900)
    scene.play(first)
    before, challenger = scene.wealth(MALLORY), scene.wealth(CAROL)
    false = scene.claim(MALLORY, 0, 900)
    voting.redeem(scene.play(false, ALICE, BOB))  # the colluding majority
    bond = voting.candidate(false.checkpoint_hash)[5]
    scene.refute(false, CAROL)
    assert scene.wealth(CAROL) - challenger == bond // 2 > 0
    assert voting.incumbent() == first.checkpoint_hash
    honest = scene.claim(TRAINER, 890, 900)
    scene.play(honest)
    assert voting.incumbent() == honest.checkpoint_hash
    with refused("cv: no bond"):
        scene.release(false)
    earns(scene.wealth(MALLORY) - before, residual=-45 * NRN)


def test_a14_a_lie_takes_no_sponsors_money(scene: Scene, earns) -> None:
    """A block draws 500 NRN, ten bonds: nothing of it leaves while the lie can be challenged."""
    sponsorship, nrn = scene.world.sponsorship, scene.world.nrn
    nrn.approve(sponsorship.address, 5_000 * NRN, sender=scene.people[DAVE])
    until = scene.world.now + 7 * DAY
    sponsorship.sponsor(1, nrn.address, 5_000 * NRN, 10, until, sender=scene.people[DAVE])
    scene.next_block()
    before, false = scene.wealth(MALLORY), scene.claim(MALLORY, 0)
    block = scene.play(false, ALICE, BOB)  # the colluding majority
    scene.world.now = scene.group.start(block + 1) + CHALLENGE - 1
    with refused("sp: may be challenged"):
        sponsorship.draw(1, 1)
    scene.refute(false, CAROL)  # in the last second
    scene.world.now += 1
    with refused("sp: not accepted"):
        sponsorship.draw(1, 1)
    assert nrn.balanceOf(sponsorship.address) == 5_000 * NRN
    earns(scene.wealth(MALLORY) - before, residual=-50 * NRN)


def test_a15_new_data_gives_no_free_block(scene: Scene, earns) -> None:
    scene.next_block()
    scene.play(scene.claim(TRAINER, 900))
    worse = scene.claim(MALLORY, 1_000, 1_001)
    before = scene.wealth(MALLORY)
    scene.commit(worse)
    with refused("cv: wrong baseline"):  # the loss is on chain for this version
        scene.reveal(worse)
    scene.new_version()
    scene.next_block()
    worse = scene.claim(MALLORY, 1_000, 1_001)  # unknown now; the keepers know better
    scene.commit(worse)
    scene.reveal(worse)
    scene.vote(None, ALICE, BOB, CAROL)
    scene.settle()
    scene.release(worse)
    earns(scene.wealth(MALLORY) - before)


def test_a16_residual_many_commitments_earn_one_reward(scene: Scene, earns) -> None:
    before = scene.wealth(MALLORY)
    scene.next_block()
    start = scene.group.start(scene.block)
    tries = [scene.claim(MALLORY, 900 - i, name=f"try {i}") for i in range(9)]
    scene.commit(*tries)
    scene.reveal(tries[0], tries[8])  # the rest stays in the drawer
    scene.vote(tries[8], ALICE, BOB, CAROL)
    block = scene.settle()
    scene.group.voting.redeem(block)
    with refused("cv: redeemed"):
        scene.group.voting.redeem(block)
    for claim in (tries[0], tries[8]):
        scene.release(claim)
    earns(scene.wealth(MALLORY) - before, scene.world.coinbase.block_reward(1, start))


def test_a17_a_withheld_checkpoint_costs_its_bond(scene: Scene, earns) -> None:
    before = scene.wealth(MALLORY)
    scene.next_block()
    withheld, honest = scene.claim(MALLORY, 800), scene.claim(TRAINER, 900)
    scene.commit(withheld, honest)
    scene.reveal(withheld, honest)
    scene.vote(withheld, CAROL)  # served to one keeper only
    scene.vote(honest, ALICE, BOB)
    scene.settle()
    scene.release(withheld)
    earns(scene.wealth(MALLORY) - before)


def test_a22_a_claim_by_nobody_cannot_brick_the_group(scene: Scene, earns) -> None:
    before = scene.wealth(MALLORY)
    scene.next_block()
    claim = replace(scene.claim(MALLORY, 900), trainer=ZERO)
    scene.commit(claim)
    scene.world.now = scene.group.reveal_at(scene.block)
    with refused("cv: zero"):
        scene.group.voting.reveal(*claim.arguments()[:-1], b"", sender=scene.mallory)
    earns(scene.wealth(MALLORY) - before)


@pytest.mark.parametrize(
    "trouble", ["before the end of the sale", "budget used up", "no stake left"]
)
def test_a23_nothing_makes_settle_revert(found, earns, trouble: str) -> None:
    scene = found(before_end=trouble == "before the end of the sale")
    world = scene.world
    before = scene.wealth(MALLORY)
    scene.next_block()
    start = scene.group.start(scene.block)
    if trouble == "no stake left":
        for keeper, amount in enumerate((10_000, 10_000, 5_000)):
            world.vault.request_exit(1, amount * NRN, sender=scene.people[keeper])
    claim = scene.claim(MALLORY, 900)
    scene.commit(claim)
    scene.reveal(claim)
    scene.vote(claim, ALICE, BOB, CAROL)
    block = scene.settle()
    if trouble == "budget used up":
        world.now += 7 * 86_400
        for _ in range(28):
            world.coinbase.mint_block(
                scene.people[OSCAR], start, 0, sender=scene.group.voting.address
            )
    expected = (
        world.coinbase.block_reward(scene.group.id, start) if trouble == "no stake left" else 0
    )
    scene.group.voting.redeem(block)
    scene.release(claim)
    earns(scene.wealth(MALLORY) - before, expected)


@pytest.mark.parametrize(
    "field", ["trainer", "checkpoint_hash", "loss", "baseline_loss", "root", "salt"]
)
def test_a31_a_relayer_alters_nothing_and_earns_nothing(scene: Scene, earns, field: str) -> None:
    voting, before = scene.group.voting, scene.wealth(MALLORY)
    scene.next_block()
    claim = scene.claim(TRAINER, 900)
    scene.commit(claim)
    scene.world.now = scene.group.reveal_at(scene.block)
    other = {
        "trainer": scene.mallory, "checkpoint_hash": b"\1" * 32, "loss": 899,
        "baseline_loss": UNKNOWN - 1, "root": b"\1" * 32, "salt": b"\1" * 32,
    }[field]  # fmt: skip
    with refused("cv: no commitment"):
        voting.reveal(*claim.arguments(**{field: other}), sender=scene.mallory)
    altered = replace(claim, **{field: other})
    with rehearsal():  # nor if the altered claim was committed as well
        scene.world.now = scene.group.start(scene.block)
        scene.commit(*[altered] if field != "salt" else [])
        scene.world.now = scene.group.reveal_at(scene.block)
        with refused("cv: no commitment" if field == "salt" else "cv: bad signature"):
            voting.reveal(*claim.arguments(**{field: other}), sender=scene.mallory)
    scene.reveal(claim, payer=scene.mallory)
    scene.vote(claim, ALICE, BOB, CAROL)
    trainer = scene.wealth(TRAINER)
    voting.redeem(scene.settle())
    scene.release(claim)
    assert scene.wealth(TRAINER) > trainer
    earns(scene.wealth(MALLORY) - before)


def test_a31_residual_a_claim_shown_before_its_commitment_is_taken(scene: Scene, earns) -> None:
    """Why `nrn train --relay` hands over the commitment first and the claim when it is final."""
    voting, before = scene.group.voting, scene.wealth(MALLORY)
    scene.next_block()
    shown = scene.claim(TRAINER, 900)
    stolen = replace(scene.claim(MALLORY, 900), checkpoint_hash=shown.checkpoint_hash,
                     root=shown.root)  # fmt: skip
    scene.commit(stolen, shown)
    scene.reveal(shown, stolen)  # the bytes are out; the first committer takes the candidate over
    scene.vote(stolen, ALICE, BOB, CAROL)
    reward = voting.redeem(scene.settle()) * 4  # the pool is a fifth, the rest the thief's
    scene.release(shown)
    earns(scene.wealth(MALLORY) - before, residual=reward)
    assert scene.wealth(MALLORY) - before == reward > 0


@pytest.mark.parametrize("elsewhere", ["block", "group", "fork", "chain"])
def test_a32_a_signature_means_nothing_elsewhere(scene: Scene, earns, elsewhere: str) -> None:
    before = scene.wealth(MALLORY)
    scene.next_block()
    signed = scene.claim(TRAINER, 900)
    if elsewhere == "chain":
        signed = replace(signed, chain_id=30)
    if elsewhere == "group":
        scene.group = scene.add()
    if elsewhere == "fork":
        scene.group = scene.world.fork_group(1, 0, 0)
        scene.groups.append(scene.group)
    if scene.group.id > 1:
        scene.stake(DAVE, NRN, group=scene.group.id)
        scene.next_epoch()
    scene.next_block()
    here = Claim.of(
        scene.group,
        scene.accounts[TRAINER],
        scene.block,
        scene.tip()[1],
        signed.checkpoint_hash,
        900,
        UNKNOWN,
    )
    scene.commit(here)  # mallory can compute the digest, but not sign it
    scene.world.now = scene.group.reveal_at(scene.block)
    with refused("cv: bad signature"):
        scene.group.voting.reveal(*here.arguments()[:-1], signed.signature, sender=scene.mallory)
    earns(scene.wealth(MALLORY) - before)


@pytest.mark.parametrize("answer", ["0x1626ba7e", "0x00000000", "calls settle"])
def test_a33_a_contract_wallet_signs_for_itself_only(scene: Scene, earns, answer: str) -> None:
    before = scene.wealth(MALLORY)
    scene.next_block()
    if answer == "calls settle":  # a view that changes state does not compile; bytes do it
        address = deploy_code(ZERO, reentrant(scene.group.voting.address))
    else:
        address = wallet(answer)
    claim = replace(scene.claim(MALLORY, 900), trainer=address)
    scene.commit(claim)
    scene.world.now = scene.group.reveal_at(scene.block)
    arguments = (*claim.arguments()[:-1], b"any")
    if answer == "0x1626ba7e":
        scene.group.voting.reveal(*arguments, sender=scene.mallory)
        forged = replace(scene.claim(TRAINER, 800), trainer=scene.people[TRAINER])
        with refused("cv: no commitment"):
            scene.group.voting.reveal(*forged.arguments()[:-1], b"any", sender=scene.mallory)
        scene.vote(None, ALICE, BOB, CAROL)
        scene.settle()
        scene.release(claim)
    else:
        with pytest.raises(Reverted):
            scene.group.voting.reveal(*arguments, sender=scene.mallory)
    earns(scene.wealth(MALLORY) - before)


def reentrant(target: str) -> bytes:
    """Creation code of a contract that answers every call by calling `settle()` on the target."""
    settle = keccak(text="settle()")[:4]
    runtime = (
        b"\x63" + settle + b"\x60\xe0\x1b\x60\x00\x52"  # mstore(0, settle << 224), then call
        + b"\x60\x00\x60\x00\x60\x04\x60\x00\x60\x00\x73" + bytes.fromhex(target[2:]) + b"\x5a\xf1"
        + b"\x15\x60\x00\x57"  # to a place that is no destination if the call failed
        + b"\x63\x16\x26\xba\x7e\x60\xe0\x1b\x60\x00\x52\x60\x20\x60\x00\xf3"  # else say yes
    )  # fmt: skip
    return b"\x60" + bytes([len(runtime)]) + b"\x80\x60\x0b\x60\x00\x39\x60\x00\xf3" + runtime
