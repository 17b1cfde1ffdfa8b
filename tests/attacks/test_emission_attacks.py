"""Attacks on the pie: A1 to A5, A34, A37 to A39."""

import pytest

from tests.attacks.scene import ALICE, BOB, CAROL, MALLORY, OSCAR, Scene, refused
from tests.stateful.world import (
    DAY,
    EPOCH,
    MAX,
    NRN,
    RATE,
    World,
    ether_of,
    give_ether,
    rehearsal,
)  # fmt: skip


def week(scene: Scene, trainer: str) -> int:
    """What 28 blocks in each of the groups mint in the running epoch, less the keepers' part."""
    world, epoch = scene.world, scene.world.epoch
    before = world.nrn.balanceOf(trainer)
    world.now = (epoch + 1) * EPOCH + DAY
    for group in scene.groups:
        for block in range(30):  # two more than the budget
            start = epoch * EPOCH + block * EPOCH // 30
            world.coinbase.mint_block(trainer, start, 0, sender=group.voting.address)
    return int(world.nrn.balanceOf(trainer) - before)


def test_a01_many_groups_mint_no_more_than_one(scene: Scene, earns) -> None:
    mine = 12_000 * NRN
    for _ in range(4):
        scene.add()
    with rehearsal():
        scene.stake(MALLORY, mine, group=2)
        scene.next_epoch()
        one = week(scene, scene.people[OSCAR])
    for number in (2, 3, 4, 5):
        scene.stake(MALLORY, mine // 4, group=number)
    scene.next_epoch()
    earns(week(scene, scene.people[OSCAR]) - one)


def test_a02_short_blocks_and_periods_earn_no_more(scene: Scene, earns) -> None:
    with refused("cv: period"):
        scene.add(commit_window=3_600, reveal_window=1_800, vote_window=6 * 3_600 - 5_401)
    with refused("dr: period"):
        scene.add(delta_period=DAY - 1)
    coinbase, start = scene.world.coinbase, scene.world.now
    scene.world.now += EPOCH
    deltas, me = scene.group.deltas.address, scene.mallory
    with rehearsal():
        weekly = coinbase.mint_delta(me, start, EPOCH, sender=deltas)
    daily = sum(coinbase.mint_delta(me, start + day * DAY, DAY, sender=deltas) for day in range(7))
    again = coinbase.mint_delta(me, start, EPOCH, sender=deltas)
    earns(daily + again - weekly)


def test_a03_a_toy_group_earns_its_stake_share_and_no_more(scene: Scene, earns) -> None:
    scene.add()
    scene.stake(MALLORY, 25_000 * NRN, group=2)
    scene.next_epoch()
    issued = scene.world.sale.issued()
    scene.groups = scene.groups[1:]
    residual = 28 * (issued // 100_000) // 2  # half of all stake: half of the pie
    earns(week(scene, scene.mallory), residual)


def test_a04_the_first_wei_does_not_take_the_pie(found, earns) -> None:
    scene = found()
    for keeper, amount in enumerate((10_000, 10_000, 5_000)):
        scene.world.vault.request_exit(1, amount * NRN, sender=scene.people[keeper])
    scene.stake(MALLORY, 1)
    scene.next_epoch()
    assert scene.world.vault.total_power_at(scene.world.epoch) == 1
    earns(week(scene, scene.mallory))


def test_a05_hopping_stake_is_counted_once(scene: Scene, earns) -> None:
    scene.add()
    scene.stake(MALLORY, 5_000 * NRN)
    scene.next_epoch()
    with rehearsal():
        loyal = week(scene, scene.people[OSCAR])
    vault = scene.world.vault
    vault.request_exit(1, 5_000 * NRN, sender=scene.mallory)
    scene.stake(MALLORY, 5_000 * NRN, group=2)  # with other tokens: the first ones are locked
    earns(week(scene, scene.people[OSCAR]) - loyal)


def test_a34_a_fork_doubles_neither_power_nor_emission(scene: Scene, earns) -> None:
    with rehearsal():
        alone = week(scene, scene.people[OSCAR])
    for nobody in (0, 2):
        with refused("gr: no parent"):
            scene.world.fork_group(nobody, 0, 0)
    scene.groups.append(scene.world.fork_group(1, 0, 0))
    scene.world.vault.migrate(1, 2, 10_000 * NRN, sender=scene.people[ALICE])
    scene.next_epoch()
    vault, epoch = scene.world.vault, scene.world.epoch
    powers = [vault.group_power_at(group, epoch) for group in (1, 2)]
    assert powers == [15_000 * NRN, 10_000 * NRN]
    earns(week(scene, scene.people[OSCAR]) - alone)


def test_a37_the_sales_ether_is_not_recycled_within_the_sale(scene: Scene, earns) -> None:
    world = scene.world
    world.now = world.end - 1
    before = world.sale.issued()
    with refused("sale: running"):
        world.sale.release(sender=world.beneficiary)
    assert ether_of(world.beneficiary) == 0
    earns(world.sale.issued() - before)
    # Residual: own capital comes back once vested, the tokens stay.
    world.now = world.end + 730 * DAY
    world.sale.release()
    assert ether_of(world.beneficiary) == world.sale.raised()


def test_a38_nobody_mints_after_the_sale(scene: Scene, earns) -> None:
    world = scene.world
    supply = world.nrn.totalSupply()
    assert (world.nrn.symbol(), world.nrn.decimals()) == ("NRN", 18)
    with refused("sale: ended"):
        world.sale.buy(sender=scene.mallory, value=10**18)
    for sender in (
        scene.mallory,
        world.vault.address,
        world.registry.address,
        scene.group.voting.address,
    ):
        with refused("neuron: not minter"):
            world.nrn.mint(scene.mallory, NRN, sender=sender)
    with refused("coinbase: not a group"):
        world.coinbase.mint_block(scene.mallory, world.end, 0, sender=scene.mallory)
    for function in (
        "owner",
        "set_minter",
        "transfer_ownership",
        "renounce_ownership",
        "is_minter",
    ):
        with pytest.raises(AttributeError):
            getattr(world.nrn, function)
    earns(world.nrn.totalSupply() - supply)


def test_a39_nothing_overflows_at_the_cap(earns) -> None:
    with rehearsal():
        world = World(deployer=101)
        world.now = world.start
        whale, most = world.people[ALICE].address, 2**96 - 1
        give_ether(whale, most)
        world.sale.buy(sender=whale, value=most // RATE)
        with refused("sale: cap"):
            world.sale.buy(sender=world.people[BOB].address, value=1)
        world.now = world.end
        group = world.create_group()
        issued = world.nrn.balanceOf(whale)
        world.nrn.approve(world.vault.address, MAX, sender=whale)
        world.vault.stake(1, issued, sender=whale)
        start = (world.epoch + 1) * EPOCH
        world.now = start + EPOCH
        trainer = world.people[CAROL].address
        world.coinbase.mint_block(trainer, start, 0, sender=group.voting.address)
        earns(world.nrn.balanceOf(trainer) - issued // 100_000)
        world.coinbase.mint_delta(trainer, start, EPOCH, sender=group.deltas.address)
        assert world.coinbase.minted() == issued // 100_000 + issued // 1_000_000
