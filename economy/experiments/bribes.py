"""Bribery (E3): what it costs to buy a majority of the ballots, and what that is worth.

A briber pays every seller, on chain and only after it has won, a little more than the seller
loses. Sellers who approve the briber's claim draw the keepers' pay for it like for any other (the
briber tells them the root), so they lose nothing: what holds them back is only that a group whose
rewards are stolen loses its trainers. `patience`: how many blocks an honest trainer goes on
without a reward.
"""

from economy.experiments.capture import HONEST, TRAINER, Town, let_lapse
from economy.experiments.result import Figure, Line, Result
from economy.protocol import NRN
from economy.race import Ballot
from economy.settings import Settings

BRIBER = 0  # the cartel's actor, here with next to no stake
SOLD = (0.3, 0.4, 0.6, 0.8, 1.0)  # parts of the keepers who sell
PATIENCE = (2, 8, 28)
BLOCKS = 40
BRIBE = NRN // 100  # to each seller and block won


def bribery(settings: Settings) -> Result:
    """Profits of briber and sellers, by how many sell and how patient trainers are."""
    rows: list[tuple[str | float, ...]] = []
    lines: dict[str, Line] = {}
    for patience in PATIENCE:
        found = [_steal(settings, part, patience) for part in SOLD]
        lines[f"trainers leave after {patience} blocks"] = (list(SOLD), [f[0] for f in found])
        rows += [(part, patience, *f) for part, f in zip(SOLD, found, strict=True)]
    columns = (
        "part of keepers who sell", "blocks until trainers leave", "briber, NRN",
        "a seller, NRN", "the same keeper if nobody sold, NRN",
    )  # fmt: skip
    title = f"What a briber gains in {BLOCKS} blocks"
    figure = Figure("bribes", title, columns[0], "NRN", lines)
    return Result("bribes", "Bribery (E3)", columns, rows, [figure])


def _steal(settings: Settings, part: float, patience: int) -> tuple[float, float, float]:
    town = Town.found(settings, 0.01)
    sellers = range(1, round(part * HONEST) + 1)
    briber, seller = town.wealth(), _wealth(town, 1)
    lost = 0
    for _ in range(BLOCKS):
        if lost >= patience:
            break  # no trainer, no reward
        lost = 0 if _block(town, list(sellers)) else lost + 1
    let_lapse(town.group)
    gain, pay = (town.wealth() - briber) / NRN, (_wealth(town, 1) - seller) / NRN
    town.protocol.check_conservation()
    return gain, pay, _honest_pay(settings)


def _block(town: Town, sellers: list[int]) -> bool:
    """Reject and steal with bought ballots; whether the honest trainer was paid."""
    fresh = town.claim(TRAINER, 2)
    mine = [town.copy(town.public)] if town.public else []
    entered = town.group.enter([*mine, fresh], town.loss)
    for number in range(1, HONEST + 1):
        approved = [c for c in mine if c in entered] if number in sellers else entered
        town.group.vote(Ballot(town.protocol.actors[number], approved))
    outcome = town.group.close()
    town.loss = outcome.winner.loss if outcome.winner else town.loss
    town.public = None if outcome.winner is fresh else fresh
    if mine and outcome.winner is mine[0]:
        _pay(town, sellers)
    return outcome.winner is fresh


def _pay(town: Town, sellers: list[int]) -> None:
    """Bribes are transfers; the briber's reward lies in its wallet, its purse pays."""
    actors = town.protocol.actors
    for number in sellers:
        town.protocol.nrn.transfer(actors[number].address, BRIBE, sender=actors[BRIBER].address)


def _honest_pay(settings: Settings) -> float:
    town = Town.found(settings, 0.01)
    before = _wealth(town, 1)
    for _ in range(BLOCKS):
        town.play([town.claim(TRAINER, 2)], None)
    return (_wealth(town, 1) - before) / NRN


def _wealth(town: Town, number: int) -> int:
    return town.protocol.wealth(town.protocol.actors[number], [town.group.id])
