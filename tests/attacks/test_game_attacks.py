"""Attacks on the game around true arithmetic: F1 to F9, E1, E2; each earned before."""

from collections.abc import Callable
from dataclasses import replace

import boa
import pytest
from eth_abi.abi import encode
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
    DAY,
    EPOCH,
    EVM_VERSION,
    MAX,
    MIN_BOND,
    NRN,
    ZERO,
    call_raw,
    deploy_code,
)

OPEN_EPOCHS = 4  # a bond that nobody judges returns after so many


def copy_of(claim: Claim, scene: Scene, baseline: int = UNKNOWN) -> Claim:
    """Mallory's: the same parameters under another nonce, so another hash and the same loss."""
    name = f"copy of {claim.checkpoint_hash.hex()} at {scene.world.now}"
    return replace(scene.claim(MALLORY, claim.loss, baseline, name=name), root=claim.root)


def again(claim: Claim, scene: Scene) -> Claim:
    """The claim, signed for the running block."""
    return replace(claim, block_index=scene.block, tip=scene.tip()[1])


def enter(scene: Scene, *claims: Claim) -> None:
    scene.commit(*claims)
    scene.reveal(*claims)


def release(scene: Scene, *claims: Claim) -> None:
    for claim in claims:
        scene.release(claim)


def with_stake(scene: Scene, amount: int) -> int:
    """Give mallory power; her wealth then."""
    scene.stake(MALLORY, amount * NRN)
    scene.next_epoch()
    scene.next_block()
    return scene.wealth(MALLORY)


def test_f01_abstaining_steals_no_checkpoint(scene: Scene, earns) -> None:
    """A minority that the quorum needs stays away, then claims what is public by now."""
    before = with_stake(scene, 5_100)
    honest = scene.claim(TRAINER, 900)
    enter(scene, honest)
    scene.vote(honest, CAROL)  # keepers 0 and 1 are asleep
    assert scene.group.voting.outcome(scene.settle())[0] == 3
    stolen, same = copy_of(honest, scene), again(honest, scene)
    enter(scene, stolen, same)  # committed first in the block, but not first of all
    assert scene.wealth(TRAINER) == 100_000 * NRN - MIN_BOND  # no second bond
    scene.vote(same, CAROL)  # an open claim is no reason to approve its copy
    scene.vote(stolen, MALLORY)
    block = scene.settle()
    assert scene.group.voting.outcome(block)[0] != 1
    stolen, same = again(stolen, scene), again(honest, scene)
    enter(scene, stolen, same)
    scene.vote([stolen, same], ALICE, BOB, CAROL)  # awake; even who approves both honours the rank
    scene.vote(stolen, MALLORY)
    block = scene.settle()
    assert scene.group.voting.accepted(1) == honest.checkpoint_hash
    scene.draw(block, honest)
    release(scene, stolen, honest)
    assert scene.wealth(TRAINER) > 100_000 * NRN
    earns(scene.wealth(MALLORY) - before)


def test_f01_a_pivotal_minority_does_not_choose_the_copy(scene: Scene, earns) -> None:
    """The awake miss the quorum without mallory, who approves only her copy; they approve both."""
    before = with_stake(scene, 5_100)
    honest = scene.claim(TRAINER, 900)
    enter(scene, honest)
    scene.vote(honest, ALICE)
    assert scene.group.voting.outcome(scene.settle())[0] == 3
    stolen, same = copy_of(honest, scene), again(honest, scene)
    enter(scene, stolen, same)
    scene.vote([stolen, same], ALICE)
    scene.vote(stolen, MALLORY)  # a majority and quorum for the copy; the better one has no quorum
    assert scene.group.voting.outcome(scene.settle())[0] == 3
    stolen, same = again(stolen, scene), again(honest, scene)
    enter(scene, stolen, same)
    scene.vote([stolen, same], ALICE, BOB)
    scene.vote(stolen, MALLORY)
    block = scene.settle()
    assert scene.group.voting.accepted(1) == honest.checkpoint_hash
    scene.draw(block, honest)
    release(scene, stolen, honest)
    earns(scene.wealth(MALLORY) - before)


def test_f02_residual_a_majority_of_the_votes_rejects_and_steals(scene: Scene, earns) -> None:
    """What stays: liveness is no arithmetic. It costs rewards and bonds, and is left by a fork."""
    before = with_stake(scene, 25_500)
    voting, held, incumbent, rewards = scene.group.voting, None, UNKNOWN, 0
    for number in range(4):
        honest = scene.claim(TRAINER, 900 - 10 * number, incumbent)
        mine = copy_of(held, scene, incumbent) if held else None
        enter(scene, *([mine] if mine else []), honest)
        scene.vote(honest, ALICE, BOB, CAROL)
        scene.vote(mine, MALLORY)
        start, block = scene.group.start(scene.block), scene.settle()
        if mine:
            incumbent, rewards = mine.loss, rewards + scene.world.coinbase.block_reward(1, start)
            scene.draw(block, mine, MALLORY)
            release(scene, mine)
        release(scene, honest)  # burned
        held = honest
    assert voting.incumbent() != held
    earns(scene.wealth(MALLORY) - before, residual=rewards)
    child = scene.world.fork_group(1, 0, 0)
    for keeper, amount in enumerate((10_000, 10_000, 5_000)):
        scene.world.vault.migrate(1, child.id, amount * NRN, sender=scene.people[keeper])
    scene.next_epoch()
    power = scene.world.vault.group_power_at(child.id, scene.world.epoch)
    assert power == 25_000 * NRN  # the honest have left with all they had


@pytest.mark.parametrize("cartel", ["a false loss", "nothing"])
def test_f03_baits_do_not_split_who_approves_all_that_is_true(
    scene: Scene, earns, cartel: str
) -> None:
    """34 % against 66 % who are awake; two true baits, each served to one keeper."""
    scene.world.nrn.transfer(scene.people[OSCAR], 100 * NRN, sender=scene.mallory)
    with_stake(scene, 12_900)
    accomplices = (MALLORY, 4, 6)
    before = sum(scene.wealth(who) for who in accomplices)
    false, honest = scene.claim(MALLORY, 0), scene.claim(TRAINER, 900)
    baits = scene.claim(DAVE, 898), scene.claim(OSCAR, 899)
    entered = [*([false] if cartel == "a false loss" else []), *baits, honest]
    enter(scene, *entered)
    scene.vote([baits[0], honest], ALICE)
    scene.vote(honest, BOB)
    scene.vote([baits[1], honest], CAROL)
    scene.vote(false if false in entered else None, MALLORY)
    block = scene.settle()
    assert scene.group.voting.outcome(block)[:2] == (1, 900)
    scene.draw(block, honest)
    trainer = scene.wealth(TRAINER)
    release(scene, *entered)
    assert scene.wealth(TRAINER) == trainer + MIN_BOND
    profit = sum(scene.wealth(who) for who in accomplices) - before
    assert profit == -(len(entered) - 1) * MIN_BOND
    earns(profit)


@pytest.mark.parametrize("entered_again", [True, False])
def test_f04_a_flood_that_stops_the_votes_has_its_bonds_locked(
    scene: Scene, earns, entered_again: bool
) -> None:
    scene.next_block()
    before, n = scene.wealth(MALLORY), 91
    junk = [scene.claim(MALLORY, 1, name=f"junk {i} {scene.world.now}") for i in range(n)]
    enter(scene, *junk)
    block = scene.settle()  # nobody voted in time
    assert scene.group.voting.outcome(block)[0] == 3
    with refused("cv: not judged"):
        release(scene, junk[0])
    if entered_again:  # known by now: keepers need not look again
        junk = [again(claim, scene) for claim in junk]
        enter(scene, *junk)
        scene.vote(None, ALICE, BOB, CAROL)
        scene.settle()
    else:
        scene.world.now = (scene.group.start(block) // EPOCH + OPEN_EPOCHS) * EPOCH - 1
        with refused("cv: not judged"):
            release(scene, junk[0])
        scene.world.now += 1  # a month's lock
    release(scene, *junk)
    profit = scene.wealth(MALLORY) - before
    assert profit == (-n * MIN_BOND if entered_again else 0)
    earns(profit)


def winners(scene: Scene, n: int) -> list[Claim]:
    """A history of accepted claims."""
    scene.next_block()
    found, incumbent = [], UNKNOWN
    for number in range(n):
        found.append(scene.claim(TRAINER, 900 - 10 * number, incumbent))
        scene.play(found[-1])
        incumbent = found[-1].loss
    return found


def replay(scene: Scene, history: list[Claim]) -> int:
    """Mallory, alone in a group with half of all stake, claims another's winners; her profit."""
    scene.stake(MALLORY, 25_000 * NRN, group=scene.group.id)
    scene.next_epoch()
    scene.next_block()
    before, incumbent = scene.wealth(MALLORY), UNKNOWN
    for winner in history:
        claim = replace(
            scene.claim(MALLORY, winner.loss, incumbent),
            checkpoint_hash=winner.checkpoint_hash,
            root=winner.root,
        )
        block = scene.play(claim, MALLORY)
        scene.draw(block, claim, MALLORY)
        release(scene, claim)
        incumbent = claim.loss
    return scene.wealth(MALLORY) - before


def test_f05_a_fork_does_not_pay_for_its_parents_winners(scene: Scene, earns) -> None:
    history = winners(scene, 3)
    before = scene.wealth(MALLORY)
    for parent in (1, 2):  # a child, and a child's child
        scene.groups.append(scene.world.fork_group(parent, 0, 0))
        scene.group = scene.groups[-1]
        with refused("cv: hash already used"):
            replay(scene, history)
        assert scene.group.voting.has_won(history[0].checkpoint_hash)
        scene.next_block()
    earns(scene.wealth(MALLORY) - before)


def test_f05_residual_a_replay_in_a_clone_earns_what_any_toy_group_earns(
    scene: Scene, earns
) -> None:
    """A clone of no parent has no lineage; and another nonce is another hash anyway."""
    history = winners(scene, 3)
    scene.group = scene.add()
    profit = replay(scene, history)
    start = scene.group.start(scene.block - 1)
    earns(profit, residual=3 * scene.world.coinbase.block_reward(2, start))


PAYER = """
# pragma version 0.4.3
interface Token:
    def approve(spender: address, amount: uint256) -> bool: nonpayable
interface Voting:
    def reveal(t: address, c: bytes32, l: uint64, b: uint64, r: bytes32, s: bytes32, g: Bytes[65]): nonpayable
@external
def go(n: Token, v: Voting, t: address, c: bytes32, l: uint64, b: uint64, r: bytes32, s: bytes32, g: Bytes[65]):
    extcall n.approve(v.address, max_value(uint256))
    extcall v.reveal(t, c, l, b, r, s, g)
"""  # noqa: E501


def deployed(source: str) -> str:
    code = boa.loads_partial(source, compiler_args={"evm_version": EVM_VERSION})
    return deploy_code(ZERO, code.compiler_data.bytecode)


def test_f06_a_payer_that_cannot_ask_gets_its_displaced_bond(scene: Scene, earns) -> None:
    before, payer = scene.wealth(MALLORY), deployed(PAYER)
    voting, nrn = scene.group.voting, scene.world.nrn
    nrn.transfer(payer, MIN_BOND, sender=scene.people[DAVE])
    scene.next_block()
    honest = scene.claim(TRAINER, 900)
    thief = replace(honest, signer=scene.accounts[MALLORY], trainer=scene.mallory)
    scene.commit(honest, thief)
    scene.world.now = scene.group.reveal_at(scene.block)
    types = "address,address,address,bytes32,uint64,uint64,bytes32,bytes32,bytes"
    arguments = encode(types.split(","), [nrn.address, voting.address, *thief.arguments()])
    call_raw(payer, keccak(text=f"go({types})")[:4] + arguments)
    scene.reveal(honest)
    assert voting.credit(payer) == MIN_BOND
    voting.withdraw_credit(payer, sender=scene.mallory)
    assert nrn.balanceOf(payer) == MIN_BOND
    earns(scene.wealth(MALLORY) - before)


def test_f07_nothing_is_shown_while_nobody_can_vote(scene: Scene, earns) -> None:
    before = scene.wealth(MALLORY)
    scene.group = scene.add()
    scene.stake(ALICE, 1_000 * NRN, group=2)  # counts from the next epoch on
    honest = scene.claim(TRAINER, 900)
    with refused("cv: no power"):
        scene.commit(honest)
    scene.next_epoch()
    scene.next_block()
    scene.play(again(honest, scene), 0)
    assert scene.group.voting.accepted(1) == honest.checkpoint_hash
    earns(scene.wealth(MALLORY) - before)


@pytest.mark.parametrize("early", [False, True])
def test_f08_a_vote_in_the_last_second_gets_an_answer(scene: Scene, earns, early: bool) -> None:
    """20.1 % append a delta unless the others vote; `early`: a wei made it lead long before."""
    scene.stake(DAVE, 1)
    before, deltas = with_stake(scene, 6_300), scene.group.deltas
    for _ in range(2):
        scene.world.now = deltas.period()[4]
        deltas.finalize()
    start, length, _, index, end = deltas.period()
    number = deltas.propose(deltas.tip(), b"\3" * 32, sender=scene.mallory)
    if early:
        scene.world.now = start + length // 7
        deltas.vote(number, sender=scene.people[DAVE])
    scene.world.now = end - 1
    deltas.vote(number, sender=scene.mallory)
    assert deltas.period() == (start, length, length, index, end + DAY)
    scene.world.now = end
    with refused("dr: period running"):
        deltas.finalize()
    deltas.vote(0, sender=scene.people[ALICE])
    scene.world.now = deltas.period()[4]
    deltas.finalize()
    assert deltas.version() == 0
    earns(scene.wealth(MALLORY) - before)


def test_f08_who_uses_up_the_extensions_has_no_last_word(scene: Scene, earns) -> None:
    """20.1 %, seven harmless deltas that nobody minds, and one that is voted on when it is over."""
    before, deltas = with_stake(scene, 6_300), scene.group.deltas
    for _ in range(2):
        scene.world.now = deltas.period()[4]
        deltas.finalize()
    numbers = [
        deltas.propose(deltas.tip(), bytes([content]) * 32, sender=scene.mallory)
        for content in range(1, 9)
    ]
    for number in reversed(numbers[1:]):  # ties go to the lower number: each turns the decision
        scene.world.now = deltas.period()[4] - 1
        deltas.vote(number, sender=scene.mallory)
    scene.world.now = deltas.period()[4] - 1
    with refused("dr: too late"):
        deltas.vote(numbers[0], sender=scene.mallory)
    for keeper in KEEPERS:  # but whoever minds can still answer
        deltas.vote(0, sender=scene.people[keeper])
    scene.world.now += 1
    deltas.finalize()
    assert deltas.version() == 0
    earns(scene.wealth(MALLORY) - before)


def test_f09_the_bond_follows_the_reward(scene: Scene, earns) -> None:
    """A group with 2 % of all stake: its trainers risk 2 % of the bond for 2 % of the reward."""
    scene.next_block()
    full = scene.group.voting.terms()[1], scene.world.coinbase.block_reward(1, scene.world.now)
    scene.group = scene.add()
    scene.stake(DAVE, 500 * NRN, group=2)
    scene.next_epoch()
    scene.next_block()
    before = scene.wealth(TRAINER)
    small = scene.group.voting.terms()[1]
    reward = scene.world.coinbase.block_reward(2, scene.group.start(scene.block))
    assert abs(small * full[1] - full[0] * reward) <= full[0] * full[1] // 10**6
    claim = scene.claim(TRAINER, 900)
    enter(scene, claim)
    assert before - scene.wealth(TRAINER) == small < MIN_BOND // 50
    scene.vote(None, DAVE)
    scene.settle()
    release(scene, claim)
    assert scene.wealth(TRAINER) == before - small
    earns(-small)


def test_f09_residual_a_bond_of_a_smaller_group_stands_behind_a_lie(scene: Scene, earns) -> None:
    """K16: it was posted when the group had a hundredth of all stake; it is judged with half."""
    scene.next_block()
    scene.group = scene.add()
    scene.stake(DAVE, 250 * NRN, group=2)
    scene.next_epoch()
    scene.next_block()
    before, lie = scene.wealth(MALLORY), scene.claim(MALLORY, 0)
    enter(scene, lie)
    small = scene.group.voting.candidate(lie.checkpoint_hash)[5]
    scene.settle()  # nobody votes
    scene.stake(DAVE, 25_000 * NRN, group=2)
    scene.next_epoch()
    scene.next_block()
    assert 40 * small < scene.group.voting.terms()[1]
    lie, start = again(lie, scene), scene.group.start(scene.block)
    scene.group.voting.redeem(scene.play(lie, DAVE))  # the colluding majority
    scene.refute(lie, CAROL)
    reward = scene.world.coinbase.block_reward(2, start)
    earns(scene.wealth(MALLORY) - before, residual=reward - reward // 5 - small)


READER = """
# pragma version 0.4.3
interface Voting:
    def {view}: view
@external
@view
def isValidSignature(digest: bytes32, signature: Bytes[65]) -> bytes4:
    seen: {type} = staticcall Voting({voting}).{call}
    return 0x1626ba7e
"""


@pytest.mark.parametrize(
    ("view", "type_", "call"),
    [
        ("seq() -> uint256", "uint256", "seq()"),
        ("incumbent() -> bytes32", "bytes32", "incumbent()"),
        ("GENESIS_TIME() -> uint256", "uint256", "GENESIS_TIME()"),
        ("BOND() -> uint256", "uint256", "BOND()"),
        ("is_used(a: bytes32) -> bool", "bool", "is_used(digest)"),
    ],
)
def test_f06_a_wallet_reads_the_group_while_it_signs(
    scene: Scene, earns, view: str, type_: str, call: str
) -> None:
    before = scene.wealth(TRAINER)
    voting = boa.util.abi.Address(scene.group.voting.address)
    wallet = deployed(READER.format(view=view, type=type_, call=call, voting=voting))
    scene.next_block()
    claim = replace(scene.claim(TRAINER, 900), trainer=wallet)
    enter(scene, claim)
    assert scene.group.voting.candidate(claim.checkpoint_hash)[0] == wallet
    earns(scene.wealth(TRAINER) - before)


def test_e01_keeping_a_sponsored_group_pays_better_than_a_toy(scene: Scene, earns) -> None:
    """Equal stakes; mallory trains and keeps her own toy, the others share what people pay for."""
    voting, sponsorship = scene.group.voting, scene.world.sponsorship
    scene.add()
    scene.stake(MALLORY, 25_000 * NRN, group=2)
    scene.next_epoch()
    scene.world.nrn.approve(sponsorship.address, MAX, sender=scene.people[DAVE])
    sponsorship.sponsor(
        1,
        scene.world.nrn.address,
        280 * NRN,
        28,
        scene.world.now + EPOCH,
        sender=scene.people[DAVE],
    )
    scene.next_block()
    honest = [scene.wealth(who) for who in (0, 1, 2, TRAINER)]
    claim = scene.claim(TRAINER, 900)
    scene.draw(scene.play(claim), claim, 0, 1, 2)
    with refused("sp: may be challenged"):
        sponsorship.draw(1, 1)
    release(scene, claim)
    sponsorship.draw(1, 1)
    for keeper in KEEPERS:
        sponsorship.draw_keeper(1, 1, scene.people[keeper])
    for who in (0, 1, 2, TRAINER):
        sponsorship.withdraw(scene.world.nrn.address, scene.people[who])
    real = sum(scene.wealth(who) for who in (0, 1, 2, TRAINER)) - sum(honest)
    scene.group = scene.groups[1]
    scene.next_block()
    before, toy = scene.wealth(MALLORY), scene.claim(MALLORY, 900)
    scene.draw(scene.play(toy, MALLORY), toy, MALLORY)
    release(scene, toy)
    assert voting.accepted(1) == claim.checkpoint_hash
    earns(scene.wealth(MALLORY) - before - real)


@pytest.mark.parametrize("competes", [False, True])
def test_e02_slices_of_one_gain_grow(found: Callable[..., Scene], earns, competes: bool) -> None:
    """A stock of 1,000 least gains: before, it was 1,000 rewards for as many slices."""
    least, stock = 16, 16_000
    scene = found(min_improvement=least, max_improvement=2**20)
    scene.next_block()
    before, loss, accepted, rewards = scene.wealth(MALLORY), UNKNOWN, [], 0
    first_edition = stock // least * scene.world.coinbase.block_reward(1, scene.world.now) * 8 // 10
    while stock >= least:
        improvement = scene.group.voting.terms()[0]
        if competes and scene.block % 4 == 3:  # somebody with real progress
            scene.play(scene.claim(TRAINER, loss - improvement, loss))
            loss -= improvement
            continue
        if stock < improvement:
            scene.next_block()
            continue
        claim = scene.claim(MALLORY, loss - improvement, loss)
        start, block = scene.group.start(scene.block), scene.play(claim)
        scene.group.voting.redeem(block)
        accepted.append(claim)
        stock, loss = stock - improvement, claim.loss
        rewards += scene.world.coinbase.block_reward(1, start) * 8 // 10
    assert len(accepted) < 50
    release(scene, *accepted)
    profit = scene.wealth(MALLORY) - before
    assert profit == rewards
    earns(profit - first_edition)
