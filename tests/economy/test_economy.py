"""Money is conserved, a seed decides everything, and an attack that pays spreads."""

import numpy as np
import pytest

from economy.experiments import capture, single
from economy.imitation import Player, Rule, revise, shares
from economy.protocol import NRN, Protocol
from economy.race import REJECTED, Ballot
from economy.scene import Part, season
from economy.season import Season
from economy.settings import Settings

TRAINERS = ("honest", "liar")
CHALLENGED = 3 * 86_400  # a bond stays for so long after its block


def town(seed: int = 1, keeper: str = "honest") -> Season:
    parts = [Part(strategy) for strategy in ("honest",) * 5 + ("liar",)]
    settings = Settings().but(seed=seed).with_terms(max_improvement=2**16)
    return season(settings, parts, [Part(keeper, stake=10_000.0), Part(keeper, 3, stake=5_000.0)])


def evolve(running: Season, weeks: int) -> dict[str, float]:
    players = [trainer.player for trainer in running.trainers]
    for _ in range(weeks):
        earned = running.play_week()
        revise(players, earned, TRAINERS, running.random, Rule(curiosity=0.0))
    return shares(players)


def test_every_block_conserves_every_wei() -> None:
    running = town()
    supply = running.protocol.nrn.totalSupply()
    for _ in range(30):
        running.play_block()
        running.protocol.check_conservation()
    minted = running.protocol.coinbase.minted()
    burned = supply + minted - running.protocol.nrn.totalSupply()
    assert minted > 0 and burned > 0


def test_a_missing_wei_is_noticed() -> None:
    protocol = Protocol({0: 100 * NRN})
    protocol.nrn.transfer("0x" + "77" * 20, 1, sender=protocol.actors[0].address)
    with pytest.raises(AssertionError, match="1 NRN wei are with nobody"):
        protocol.check_conservation()


def test_a_seed_decides_everything() -> None:
    runs = [[town(seed).play_week(), town(seed).play_week()] for seed in (1, 1, 2)]
    assert runs[0][0] == runs[0][1] == runs[1][0]
    assert runs[0][0] != runs[2][0]


def test_an_attack_that_pays_is_found_and_spreads() -> None:
    """Where keepers approve unseen, liars take over; where they look, liars vanish."""
    assert evolve(town(keeper="lazy"), 12).get("liar", 0.0) == 1.0
    assert evolve(town(keeper="honest"), 12).get("liar", 0.0) == 0.0


def test_who_earns_more_is_imitated() -> None:
    players = [Player(n, "rich" if n == 0 else "poor") for n in range(40)]
    random = np.random.default_rng(0)
    for _ in range(60):
        profits = {p.number: float(p.strategy == "rich") for p in players}
        revise(players, profits, ("rich", "poor"), random, Rule(curiosity=0.0))
    assert shares(players) == {"rich": 1.0}


def test_a_majority_that_rejects_burns_an_honest_bond() -> None:
    scene = capture.Town.found(Settings(), 0.6)
    claim = scene.claim(capture.TRAINER, 2)
    outcome = scene.play([claim], [])
    assert outcome.status == REJECTED
    scene.protocol.evm.now += CHALLENGED
    scene.group.release([claim])
    assert claim.checkpoint not in scene.group.bonded
    scene.protocol.check_conservation()


def test_lies_pay_only_a_majority() -> None:
    profits = [capture.profit(Settings(), capture.lie, share, 10) for share in (0.34, 0.45, 0.51)]
    assert [profit > 0 for profit in profits] == [False, False, True]


def test_a_keeper_without_power_casts_no_ballot() -> None:
    running = town()
    claim = running.trainers[0].claim(2**32, 0.0)
    running.group.enter([claim], 2**33)
    assert not running.group.vote(Ballot(running.trainers[0].actor, [claim]))


def test_a_late_vote_pays_only_if_nobody_answers() -> None:
    """F8"""
    assert single.late(Settings(), answered=False) > 0
    assert single.late(Settings(), answered=True) == 0
