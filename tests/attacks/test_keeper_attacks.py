"""Attacks by stakers and keepers: A6 to A8, A18 to A21, A35, A36, A41, A42."""

import pytest
from eth_utils.crypto import keccak

from tests.attacks.scene import (
    ALICE,
    BOB,
    CAROL,
    CONFIG,
    DAVE,
    KEEPERS,
    MALLORY,
    OSCAR,
    STAKES,
    TRAINER,
    Scene,
    refused,
)
from tests.stateful.claims import attestation
from tests.stateful.world import DAY, EPOCH, MIN_BOND, NOTHING, NRN, Reverted, created, rehearsal

WORD = b"\7" * 32


def paid_block(scene: Scene, *keepers: int) -> tuple[int, bytes]:
    """An accepted, redeemed block whose root is public; its index and root."""
    scene.next_block()
    claim = scene.claim(TRAINER, 900)
    block = scene.play(claim, *keepers)
    scene.group.voting.redeem(block)
    scene.group.voting.open_root(block, claim.root)
    return block, claim.root


def test_a06_borrowed_stake_has_no_power(scene: Scene, earns) -> None:
    before = scene.wealth(MALLORY)
    scene.stake(MALLORY, 100_000 * NRN)  # a flash loan
    scene.next_block()
    claim = scene.claim(TRAINER, 900)
    scene.commit(claim)
    scene.reveal(claim)
    scene.world.now = scene.group.vote_at(scene.block)
    with refused("cv: no power"):
        scene.group.voting.vote(claim.checkpoint_hash + WORD, sender=scene.mallory)
    with refused("dr: no power"):
        scene.group.deltas.vote(0, sender=scene.mallory)
    release = scene.world.vault.request_exit(1, 100_000 * NRN, sender=scene.mallory)
    scene.world.now = release * EPOCH - 1
    with refused("vault: locked"):  # and it cannot be given back
        scene.world.vault.withdraw(release, sender=scene.mallory)
    earns(scene.wealth(MALLORY) - before)


def test_a07_a_token_votes_once(scene: Scene, earns) -> None:
    scene.stake(MALLORY, 100_000 * NRN)
    scene.next_epoch()
    before = scene.wealth(MALLORY) + scene.wealth(OSCAR)
    scene.next_block()
    claim = scene.claim(TRAINER, 900)
    scene.commit(claim)
    scene.reveal(claim)
    scene.vote(claim, MALLORY)
    with refused("erc20: transfer amount exceeds balance"):
        scene.world.nrn.transfer(scene.people[OSCAR], 1, sender=scene.mallory)
    with refused("cv: already voted"):
        scene.vote(None, MALLORY)
    with refused("cv: no power"):
        scene.vote(claim, OSCAR)
    power = scene.world.vault.group_power_at(1, scene.world.epoch)
    assert scene.group.voting.votes(claim.checkpoint_hash) == 100_000 * NRN < power
    earns(scene.wealth(MALLORY) + scene.wealth(OSCAR) - before)


def test_a08_sold_tokens_do_not_vote_in_a_long_period(scene: Scene, earns) -> None:
    scene.stake(MALLORY, 50_000 * NRN)
    scene.next_epoch()
    scene.group = scene.add(delta_period=56 * DAY)
    scene.stake(MALLORY, 50_000 * NRN, group=2)
    scene.next_epoch()
    before = scene.wealth(MALLORY)
    deltas, vault = scene.group.deltas, scene.world.vault
    number = deltas.propose(deltas.tip(), b"\1" * 32, sender=scene.mallory)
    release = vault.request_exit(2, 50_000 * NRN, sender=scene.mallory)
    scene.world.now = release * EPOCH
    vault.withdraw(release, sender=scene.mallory)
    assert scene.world.now < deltas.period()[0] + 56 * DAY
    with refused("dr: no power"):
        deltas.vote(number, sender=scene.mallory)
    earns(scene.wealth(MALLORY) - before)


def test_a18_a_keeper_who_did_not_evaluate_is_not_paid(scene: Scene, earns) -> None:
    scene.next_block()
    claim = scene.claim(TRAINER, 900)
    scene.commit(claim)
    scene.reveal(claim)
    scene.vote(claim, ALICE, BOB)
    honest = attestation(claim.root, scene.people[ALICE])  # copied from another ballot
    copied = claim.checkpoint_hash + honest
    scene.group.voting.vote(copied, sender=scene.people[CAROL])
    block = scene.settle()
    scene.group.voting.redeem(block)
    scene.group.voting.open_root(block, claim.root)
    before = scene.wealth(CAROL)
    with refused("cv: attestation"):
        scene.group.voting.claim_keeper(block, copied, scene.people[CAROL])
    with refused("cv: ballot"):
        scene.group.voting.claim_keeper(block, scene.ballot(claim, CAROL), scene.people[CAROL])
    paid = scene.group.voting.claim_keeper(block, scene.ballot(claim, ALICE), scene.people[ALICE])
    assert paid > 0
    earns(scene.wealth(CAROL) - before)


def test_a19_residual_a_keeper_who_was_told_draws_its_own_share(scene: Scene, earns) -> None:
    before = scene.wealth(CAROL)
    scene.next_block()
    start = scene.group.start(scene.block)
    claim = scene.claim(TRAINER, 900)
    scene.commit(claim)
    scene.reveal(claim)
    scene.vote(claim, ALICE, BOB, CAROL)  # keeper 2 was told the root
    block = scene.settle()
    pool = scene.group.voting.redeem(block)
    scene.group.voting.open_root(block, claim.root)
    scene.group.voting.claim_keeper(block, scene.ballot(claim, CAROL), scene.people[CAROL])
    assert pool == scene.world.coinbase.block_reward(1, start) // 5
    earns(scene.wealth(CAROL) - before, pool * STAKES[CAROL] // sum(STAKES.values()))


def test_a20_a_cartel_gains_nothing_by_rejecting(scene: Scene, earns) -> None:
    before = [scene.wealth(keeper) for keeper in KEEPERS]
    scene.next_block()
    honest = scene.claim(TRAINER, 900)
    scene.commit(honest)
    scene.reveal(honest)
    scene.vote(None, ALICE, BOB, CAROL)
    block = scene.settle()
    supply = scene.world.nrn.totalSupply()
    scene.release(honest)
    assert supply - scene.world.nrn.totalSupply() == MIN_BOND  # burned, nobody's
    with refused("cv: not accepted"):
        scene.group.voting.redeem(block)
    earns(sum(scene.wealth(keeper) for keeper in KEEPERS) - sum(before))


def test_a20_no_votes_are_stored_up_for_a_rejection(scene: Scene, earns) -> None:
    """Whatever a claim is named, its approvals count in its own block and for itself only."""
    scene.stake(MALLORY, 6_000 * NRN)
    scene.next_epoch()
    scene.next_block()
    trap = scene.claim(MALLORY, 900)
    names = [n.to_bytes(32, "big") for n in (scene.block + 2, scene.block + 1)]
    traps = [type(trap)(**(vars(trap) | {"checkpoint_hash": name})) for name in names]
    scene.commit(*traps)
    scene.reveal(*traps)
    scene.vote(traps[0], MALLORY)
    scene.settle()
    honest = scene.claim(TRAINER, 800)
    scene.commit(honest)
    scene.reveal(honest)
    scene.vote(None, MALLORY)
    scene.vote(honest, ALICE)
    assert scene.group.voting.state()[1] == 16_000 * NRN
    assert [scene.group.voting.votes(name) for name in names] == [6_000 * NRN, 0]
    scene.settle()
    with refused("cv: not judged"):  # by a fifth of the stake
        scene.release(honest)
    earns(0)


def test_a21_a_vote_for_the_loser_does_not_draw_on_the_winners_pool(scene: Scene, earns) -> None:
    voting = scene.group.voting
    scene.next_block()
    winner, loser = scene.claim(TRAINER, 900), scene.claim(DAVE, 910)
    scene.commit(winner, loser)
    scene.reveal(winner, loser)
    scene.vote(winner, ALICE, BOB)
    word = attestation(winner.root, scene.people[CAROL])
    cast = loser.checkpoint_hash + word
    voting.vote(cast, sender=scene.people[CAROL])
    block = scene.settle()
    before = scene.wealth(CAROL)
    pool = voting.redeem(block)
    voting.open_root(block, winner.root)
    ballots = [scene.ballot(winner, ALICE), scene.ballot(winner, BOB), cast]
    paid = [voting.claim_keeper(block, ballots[n], scene.people[n]) for n in (ALICE, BOB)]
    for keeper, reason in enumerate(("cv: ballot", "cv: ballot", "cv: attestation")):
        with refused(reason):
            voting.claim_keeper(block, ballots[keeper], scene.people[keeper])
    assert sum(paid) <= pool
    assert scene.world.nrn.balanceOf(voting.address) == 2 * MIN_BOND + pool - sum(paid)
    earns(scene.wealth(CAROL) - before)


@pytest.mark.parametrize(
    ("field", "bad", "reason"),
    [
        ("checkpoint_quorum_bps", 999, "cv: quorum"),
        ("checkpoint_quorum_bps", 6_668, "cv: quorum"),
        ("delta_quorum_bps", 499, "dr: quorum"),
        ("delta_quorum_bps", 6_668, "dr: quorum"),
        ("delta_period", 57 * DAY, "dr: period"),
        ("delta_period", DAY + 1, "dr: period"),
        ("bond", MIN_BOND - 1, "gr: bond"),
        ("bond", 2**96, "cv: bond"),
        ("min_improvement", 0, "cv: improvement"),
        ("keeper_bps", 9_001, "cv: keeper share"),
        ("max_improvement", 0, "cv: improvement"),
        ("model_hash", NOTHING, "gr: model"),
        ("genesis_tip", NOTHING, "dr: tip"),
        ("genesis_checkpoint", NOTHING, "cv: genesis"),
        ("commit_window", 3_599, "cv: window"),
        ("vote_window", 3_599, "cv: window"),
        ("vote_window", 2**255, "cv: window"),
    ],
)
def test_a35_a_hostile_groups_parameters_are_bounded(
    scene: Scene, earns, field: str, bad: int | bytes, reason: str
) -> None:
    before = scene.wealth(MALLORY)
    with refused(reason):
        scene.add(**{field: bad})
    earns(scene.wealth(MALLORY) - before)


def test_a35_the_bounds_themselves_are_allowed(scene: Scene) -> None:
    least = {
        "commit_window": 3_600, "reveal_window": 1_800, "vote_window": 16_200,
        "checkpoint_quorum_bps": 1_000, "delta_quorum_bps": 500, "delta_period": DAY,
        "keeper_bps": 0,
    }  # fmt: skip
    most = {
        "commit_window": EPOCH - 5_400, "reveal_window": 1_800, "vote_window": 3_600,
        "checkpoint_quorum_bps": 6_667, "delta_quorum_bps": 6_667, "delta_period": 56 * DAY,
        "keeper_bps": 9_000, "bond": 2**96 - 1, "min_improvement": 2**64 - 1,
        "max_improvement": 2**64 - 1,
    }  # fmt: skip
    assert [scene.add(**least).id, scene.add(**most).id] == [2, 3]
    with refused("cv: period"):
        scene.add(**most | {"commit_window": EPOCH - 5_399})
    with refused("cv: period"):
        scene.add(**least | {"vote_window": 16_199})


def test_a36_a_reordered_creation_changes_ids_but_not_what_is_signed(scene: Scene, earns) -> None:
    """The address, which claims are bound to, contains the creator, the id and the parameters."""
    registry, alice, bob = scene.world.registry, scene.people[ALICE], scene.people[BOB]
    other = CONFIG | {"model_hash": keccak(text="another model")}

    def addresses(*order: tuple[str, dict[str, object]]) -> dict[str, str]:
        with rehearsal():
            ids = {who: registry.create_group(tuple(c.values()), sender=who) for who, c in order}
            return {who: registry.voting_of(number) for who, number in ids.items()}

    first = addresses((alice, CONFIG), (bob, other))
    second = addresses((bob, other), (alice, CONFIG))
    assert not set(first.values()) & set(second.values())
    earns(0)


def test_a41_windows_outlast_150_slots(scene: Scene, earns) -> None:
    for window, least in (
        ("commit_window", 3_600),
        ("reveal_window", 1_800),
        ("vote_window", 3_600),
    ):
        assert least >= 150 * 12
        with refused("cv: window"):
            scene.add(**{window: least - 1})
    earns(0)


def test_a42_a_stolen_operator_key_votes_and_moves_nothing(scene: Scene, earns) -> None:
    vault, owner = scene.world.vault, scene.people[ALICE]
    before = scene.wealth(ALICE), scene.wealth(MALLORY)
    vault.set_operator(scene.mallory, sender=owner)
    for call, arguments in (
        (vault.request_exit, (1, 1)),
        (vault.migrate, (1, 1, 1)),
        (vault.withdraw, (scene.world.epoch,)),
        (scene.world.nrn.transferFrom, (owner, scene.mallory, 1)),
    ):
        with pytest.raises(Reverted):
            call(*arguments, sender=scene.mallory)
    scene.next_block()
    claim = scene.claim(TRAINER, 900)
    scene.commit(claim)
    scene.reveal(claim)
    scene.world.now = scene.group.vote_at(scene.block)
    scene.group.voting.vote(b"", owner, sender=scene.mallory)
    vault.set_operator(created(owner, 0), sender=owner)
    with refused("vault: not operator"):
        scene.group.deltas.vote(0, owner, sender=scene.mallory)
    assert scene.wealth(ALICE) == before[0]
    earns(scene.wealth(MALLORY) - before[1])
