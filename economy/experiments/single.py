"""Attacks that need one run each: F4, F5, F8, F9, A37."""

from dataclasses import replace

from economy.evm import Reverted
from economy.experiments.capture import BAIT, CARTEL, HONEST, STEADY, TRAINER, Town, let_lapse
from economy.experiments.result import Result
from economy.protocol import BENEFICIARY, NRN, VESTING, Protocol
from economy.race import Ballot, Claim, Group
from economy.scene import reward, to_keepers
from economy.settings import Settings

JUNK = 91
WINNERS = 10


def singles(settings: Settings) -> Result:
    """One row for each attack."""
    rows: list[tuple[str | float, ...]] = [
        ("F4 flood, nobody awake: NRN locked for four epochs", flood(settings, 0)),
        ("F4 flood, all awake: profit, NRN", flood(settings, 10)),
        (
            "F5 winners replayed in a clone of one's own: profit over honest work there, NRN",
            clone(settings),
        ),
        ("F5 winners replayed in a fork: claims let in", fork(settings)),
        ("F8 a fifth votes in the last second, nobody answers: profit, NRN", late(settings, False)),
        ("F8 the same, who is for no change answers: profit, NRN", late(settings, True)),
        (
            "F9 probability of a false verdict at which a claim pays nothing, 2 % of all stake",
            bond(settings),
        ),
        ("A37 beneficiary buys half of the sale: ether it is short of after vesting", own_sale()),
        ("A37 the same: part of the issued tokens it got for that", 0.5),
    ]
    return Result("singles", "Single attacks (F4, F5, F8, F9, A37)", ("attack", "measured"), rows)


def flood(settings: Settings, awake: int) -> float:
    """Junk that ranks first: what its bonds cost, or how much is locked while nobody judges."""
    town = Town.found(settings, 0.1, awake)
    before = town.wealth()
    junk = [town.claim(BAIT, 9 + n, true=False) for n in range(JUNK)]
    town.play([*junk, town.claim(TRAINER, 2)], None)
    if awake:
        let_lapse(town.group)
    return (town.wealth() - before) / NRN


def clone(settings: Settings) -> float:
    """The winners of a group, claimed again in an unrelated group with the same beginning."""
    town = Town.found(settings, 0.5)
    won = [_win(town, n) for n in range(WINNERS)]
    twin = Group.found(town.protocol, **(settings.terms | STEADY))
    cartel = town.protocol.actors[CARTEL]
    stake = town.protocol.vault.stake_of(town.group.id, cartel.address)
    release = town.protocol.vault.request_exit(town.group.id, stake, sender=cartel.address)
    town.protocol.next_epoch(4)
    town.protocol.vault.withdraw(release, sender=cartel.address)
    town.protocol.vault.stake(twin.id, stake, sender=cartel.address)
    town.protocol.next_epoch()
    town.protocol.evm.now = twin.start(twin.block + 1)
    before, loss = town.protocol.wealth(cartel, [town.group.id, twin.id]), 2**40
    for winner in won:
        copy = replace(winner, trainer=cartel)
        twin.sync()
        twin.enter([copy], loss)
        twin.vote(Ballot(cartel, [copy]))
        twin.close()
        loss = copy.loss
    let_lapse(twin)
    return (town.protocol.wealth(cartel, [town.group.id, twin.id]) - before) / NRN


def fork(settings: Settings) -> float:
    """The same in a child of the group, where a winner's hash is refused."""
    town = Town.found(settings, 0.5)
    won = [_win(town, n) for n in range(WINNERS)]
    child, voting, deltas = town.protocol.fork_group(town.group.id, 0, 0, **settings.terms)
    group = Group(town.protocol, child, voting, deltas, town.group.terms, town.protocol.evm.now)
    cartel = town.protocol.actors[CARTEL]
    town.protocol.allow(cartel, voting)
    stake = town.protocol.vault.stake_of(town.group.id, cartel.address)
    town.protocol.vault.migrate(town.group.id, child, stake, sender=cartel.address)
    town.protocol.next_epoch()
    town.protocol.evm.now = group.start(group.block + 1)
    entered = 0
    for winner in won:
        group.sync()
        try:
            entered += len(group.enter([replace(winner, trainer=cartel)], 2**40))
        except Reverted as reverted:
            if str(reverted) != "cv: hash already used":
                raise
        town.protocol.evm.now = group.start(group.block + 1)
    return float(entered)


def late(settings: Settings, answered: bool) -> float:
    """A delta for which a fifth of the stake votes in the last second of a period."""
    town = Town.found(settings, 0.21)
    deltas, evm = town.group.deltas, town.protocol.evm
    cartel = town.protocol.actors[CARTEL]
    for _ in range(2):  # until the stake counts at the beginning of a period
        evm.now = deltas.period()[4]
        deltas.finalize()
    before = town.wealth()
    proposal = deltas.propose(deltas.tip(), b"\3" * 32, 0, sender=cartel.address)
    evm.now = deltas.period()[4] - 1
    deltas.vote(proposal, cartel.address, sender=cartel.address)
    evm.now += 1  # when it was to end
    for number in range(1, HONEST + 1) if answered else ():
        keeper = town.protocol.actors[number].address
        deltas.vote(0, keeper, sender=keeper)
    evm.now = deltas.period()[4]
    deltas.finalize()
    if deltas.version():
        deltas.redeem(1)
    return (town.wealth() - before) / NRN


def bond(settings: Settings) -> float:
    """Probability of a burned bond that eats the reward, in a group with 2 % of all stake."""
    town = Town.found(settings, 0.02)
    group, protocol = Group.found(town.protocol, **settings.terms), town.protocol
    cartel = protocol.actors[CARTEL]
    protocol.vault.stake(group.id, round(settings.world.staked * 0.02 * NRN), sender=cartel.address)
    protocol.next_epoch()
    protocol.evm.now = group.start(group.block + 1)
    share = protocol.vault.group_power_at(group.id, protocol.epoch) / protocol.vault.total_power_at(
        protocol.epoch
    )
    win = reward(settings) * (1 - to_keepers(settings)) * share
    risk = group.voting.terms()[1] / NRN
    return float(win / (win + risk))


def own_sale() -> float:
    """Ether that a beneficiary who bought half of the sale lacks when all has vested."""
    protocol = Protocol({0: 500_000 * NRN}, during_sale=True)
    price = 500_000 * NRN // protocol.sale.RATE()
    protocol.evm.give_ether(BENEFICIARY, price)
    protocol.sale.buy(BENEFICIARY, sender=BENEFICIARY, value=price)
    protocol.evm.now = protocol.end + VESTING
    protocol.sale.release()
    back = protocol.evm.ether_of(BENEFICIARY) - price  # the other half is the other buyer's
    return (price - back) / 10**18


def _win(town: Town, number: int) -> Claim:
    claim = town.claim(TRAINER, 2 + number % 2)
    town.play([claim], [claim])
    return claim
