"""Attacks on the training set and on time: A24 to A30."""

import pytest

from tests.attacks.scene import ALICE, BOB, CAROL, DAVE, KEEPERS, MALLORY, TRAINER, Scene, refused
from tests.stateful.world import DAY, EPOCH, NRN, rehearsal

DELTA = b"\1" * 32


def redeemed(scene: Scene, version: int) -> int:
    return int(scene.group.deltas.redeem(version))


def test_a24_a_copied_proposal_does_not_stop_its_author(scene: Scene, earns) -> None:
    deltas, before = scene.group.deltas, scene.wealth(MALLORY)
    deltas.propose(deltas.tip(), DELTA, sender=scene.mallory)  # front-run
    author = scene.wealth(TRAINER)
    version = scene.new_version(
        DELTA, proposer=TRAINER
    )  # keepers read the proposer in the manifest
    assert deltas.due(version)[0] == scene.people[TRAINER]
    redeemed(scene, version)
    assert scene.wealth(TRAINER) > author
    earns(scene.wealth(MALLORY) - before)


def test_a25_spam_stops_nothing(scene: Scene, earns) -> None:
    deltas, before = scene.group.deltas, scene.wealth(MALLORY)
    for number in range(200):
        deltas.propose(deltas.tip(), number.to_bytes(32, "big")[:-1] + b"\1", sender=scene.mallory)
    version = scene.new_version(DELTA, proposer=TRAINER)
    assert deltas.due(version)[0] == scene.people[TRAINER]
    redeemed(scene, version)
    earns(scene.wealth(MALLORY) - before)


def test_a26_nobody_proposes_and_wins_in_the_last_minute(scene: Scene, earns) -> None:
    scene.stake(MALLORY, 60_000 * NRN)  # a whale with a majority
    scene.next_epoch(2)
    deltas, before = scene.group.deltas, scene.wealth(MALLORY)
    deltas.sync(scene.world.now)
    start, length, _, _, _ = deltas.period()
    scene.world.now = start + length - length // 7 + 1
    number = deltas.propose(deltas.tip(), DELTA, sender=scene.mallory)
    scene.world.now = start + length - 1
    with refused("dr: in review"):
        deltas.vote(number, sender=scene.mallory)
    scene.world.now += 1
    deltas.finalize()
    assert deltas.version() == 0
    earns(scene.wealth(MALLORY) - before)


def test_a27_a_patch_against_another_set_is_refused(scene: Scene, earns) -> None:
    deltas, before = scene.group.deltas, scene.wealth(MALLORY)
    old = deltas.tip()
    stale = deltas.propose(old, b"\2" * 32, sender=scene.mallory)
    scene.new_version(DELTA)
    with refused("dr: stale parent"):
        deltas.propose(old, b"\3" * 32, sender=scene.mallory)
    scene.world.now += DAY
    with refused("dr: stale parent"):
        deltas.vote(stale, sender=scene.people[ALICE])
    with refused("dr: not proposer"):
        deltas.propose(deltas.tip(), b"\2" * 32, stale, sender=scene.people[ALICE])
    earns(scene.wealth(MALLORY) - before)


@pytest.mark.parametrize("delay", [1, 5 * DAY, 40 * DAY, 1_462 * DAY])
def test_a28_a_late_call_changes_no_result(scene: Scene, earns, delay: int) -> None:
    deltas, voting = scene.group.deltas, scene.group.voting
    scene.stake(MALLORY, 1_000 * NRN)
    scene.next_epoch()
    deltas.sync(scene.world.now)
    number = deltas.propose(deltas.tip(), DELTA, sender=scene.mallory)
    scene.world.now += DAY
    for keeper in KEEPERS:
        deltas.vote(number, sender=scene.people[keeper])
    scene.next_block()
    claim = scene.claim(MALLORY, 900)
    scene.commit(claim)
    scene.reveal(claim)
    scene.vote(claim, ALICE, BOB, CAROL)
    block = scene.block
    end = deltas.period()[0] + deltas.period()[1]

    def result(after: int) -> tuple[object, ...]:
        with rehearsal():
            scene.world.now = end + after
            voting.settle()
            version, tip = deltas.sync(scene.world.now)
            wealth = scene.wealth(MALLORY)
            voting.redeem(block)
            deltas.redeem(version)
            return scene.wealth(MALLORY) - wealth, version, tip, voting.outcome(block)[:3]

    at_once, late = result(0), result(delay)
    assert at_once[1:] == late[1:]
    assert late[0] == at_once[0]
    earns(int(late[0]) - int(at_once[0]))  # type: ignore[call-overload]


@pytest.mark.parametrize(("days", "share"), [(1, 7), (56, 1)])
def test_a29_a_majoritys_period_is_bounded_and_earns_no_more(
    scene: Scene, earns, days: int, share: int
) -> None:
    deltas, before = scene.group.deltas, scene.wealth(ALICE)
    for wrong in (0, DAY - 1, 57 * DAY, DAY + 1, 2**255):
        with refused("dr: period"):
            deltas.vote_period_length(wrong, sender=scene.people[ALICE])
    start, length, _, _, _ = deltas.period()
    deltas.vote_period_length(days * DAY, sender=scene.people[ALICE])
    assert deltas.period()[2] == length  # 40 % is no majority
    deltas.vote_period_length(days * DAY, sender=scene.people[BOB])
    assert deltas.period()[:3] == (start, length, days * DAY)  # from the next period on
    scene.world.now = start + length
    version = scene.new_version(DELTA, proposer=ALICE)
    weekly = scene.world.coinbase.delta_reward(1, deltas.due(version)[1], EPOCH)
    assert weekly == scene.world.sale.issued() // 1_000_000
    minted = redeemed(scene, version)
    assert minted == weekly // share
    earns(scene.wealth(ALICE) - before - weekly)


def test_a30_every_second_belongs_to_one_window(scene: Scene, earns) -> None:
    voting, group = scene.group.voting, scene.group
    before = scene.wealth(MALLORY)
    block = scene.next_block()
    claim, late = scene.claim(TRAINER, 900), scene.claim(DAVE, 901)
    scene.world.now = group.reveal_at(block) - 1
    scene.commit(claim)
    with refused("cv: not the window"):
        voting.reveal(*claim.arguments(), sender=scene.people[TRAINER])
    scene.world.now += 1
    with refused("cv: not the window"):
        scene.commit(late)
    scene.world.now = group.vote_at(block) - 1
    with refused("cv: not the window"):
        voting.vote(b"", sender=scene.people[ALICE])
    scene.reveal(claim)
    scene.world.now += 1
    with refused("cv: not the window"):
        voting.reveal(*claim.arguments(), sender=scene.people[TRAINER])
    scene.world.now = group.start(block + 1) - 1
    with refused("cv: block running"):
        voting.settle()
    scene.vote(claim, ALICE, BOB, CAROL)
    scene.world.now += 1
    with refused("cv: not the window"):
        voting.vote(b"", sender=scene.mallory)
    voting.settle()
    earns(scene.wealth(MALLORY) - before)
