"""Many challenges of one claim: what they cost, whom they delay and how long, whom they shield."""

import pytest

from compute.dispute.state import BUDGET, GRACE, Phase
from tests.attacks.scene import Scene, refused
from tests.stateful.court import ALICE, BOB, CAROL, HALF, Court, Table, accepted, outcome
from tests.stateful.world import CHALLENGE, CHALLENGE_BOND, ether_of, rehearsal
from tests.support.disputes import Honest, lie_about, mlp

MANY = 24


@pytest.fixture(scope="module")
def honest() -> Honest:
    return Honest(mlp(count=3))


def idle_challenges(court: Court, number: int = MANY) -> list[int]:
    return [court.challenge(BOB) for _ in range(number)]


def test_many_idle_challenges_cost_a_bond_each_and_delay_as_one(
    scene: Scene, honest: Honest
) -> None:
    """R9, R10, R16, R17: the defender shows its evaluation in each, and time does the rest; the
    claim is held as long as by one challenge, and every bond is half its defender's."""
    court = accepted(scene, honest)
    voting, began = scene.group.voting, scene.world.now
    games = idle_challenges(court)
    assert court.referee.open_games(*court.where()) == MANY
    for n in games:
        table = Table(court, n, honest, honest)
        table.send(table.next())  # its evaluation
        table.send(table.next())  # sums: of three examples at once
        with rehearsal(), refused("cv: challenged"):
            voting.redeem(court.block)
    scene.world.now += BUDGET + 1
    for left, n in reversed(list(enumerate(games))):
        assert voting.is_disputed(court.where()[1])
        court.referee.timeout(n)
        assert court.referee.open_games(*court.where()) == left
    assert scene.world.now - began == BUDGET + 1
    assert court.owed(BOB) == 0
    assert court.owed(ALICE) == MANY * HALF
    assert ether_of(court.referee.address) == 2 * MANY * HALF
    assert outcome(court) == 1 and not voting.is_disputed(court.where()[1])
    voting.redeem(court.block)
    with rehearsal():
        scene.release(court.claim)


def test_no_challenge_holds_a_claim_beyond_its_bound(scene: Scene, honest: Honest) -> None:
    """R17: whoever begins the last game at the last second and thinks as long as it may, and idles
    at its last move, holds the claim for less than two days more."""
    court = accepted(scene, honest)
    end = scene.group.start(court.block + 1) + CHALLENGE
    scene.world.now = end - 1
    liar = lie_about(honest, 2, 8, 0)
    table = Table(court, court.challenge(), honest, liar)
    while table.game.phase is not Phase.STEP:
        scene.world.now = table.game.deadline
        table.send(table.next())
    with refused("cv: challenge ended"):
        court.challenge()
    scene.world.now = table.game.deadline + 1
    court.referee.timeout(table.n)
    held = scene.world.now - end
    assert held <= 2 * BUDGET + (len(table.moves) + 1) * (GRACE + 1) < 2 * 86_400
    assert outcome(court) == 1
    scene.group.voting.redeem(court.block)


def test_many_bad_challenges_shield_no_false_claim(scene: Scene, honest: Honest) -> None:
    """R1, R16: the trainer challenges itself many times, and idles; one honest game refutes, and
    the rest is closed with what it has cost: nothing, but its time."""
    liar = lie_about(honest, 2, 8, 0)
    court = accepted(scene, liar)
    games = [court.challenge(ALICE) for _ in range(MANY)]
    table = Table(court, court.challenge(CAROL), liar, honest)
    table.play()
    assert outcome(court) == 4
    for n in games:
        with refused("cv: refuted"):
            court.challenge(ALICE)
        court.referee.close(n)
    assert court.referee.open_games(*court.where()) == 0
    assert court.owed(CAROL) == CHALLENGE_BOND
    assert court.owed(ALICE) == MANY * CHALLENGE_BOND


def test_who_plays_against_itself_pays_half_a_bond(scene: Scene, honest: Honest) -> None:
    """R16: a trainer that challenges its own true claim, to hold it or to lose on purpose."""
    court = accepted(scene, honest)
    table = Table(court, court.challenge(ALICE), honest, honest)
    table.send(table.next())
    table.send(table.next())
    scene.world.now = table.game.deadline + 1
    court.referee.timeout(table.n)
    assert court.owed(ALICE) == HALF
    assert court.referee.withdraw(table.n) == HALF == ether_of(court.referee.address)
