"""Sums that are odd, too large or wrap around, and who takes its money twice."""

from dataclasses import replace

import boa
import pytest

from compute.dispute import sums
from compute.dispute.state import BUDGET, Phase
from compute.exact.transcript import Node
from compute.trace.keccak import keccak
from tests.attacks.scene import Scene, refused
from tests.stateful.court import BOB, Court, Table, accepted, outcome, owed
from tests.stateful.world import (
    CHALLENGE_BOND,
    EVM_VERSION,
    ZERO,
    deploy_code,
    ether_of,
    give_ether,
    rehearsal,
)
from tests.support.disputes import Honest, mlp


@pytest.fixture(scope="module")
def honest() -> Honest:
    return Honest(mlp(count=1))


def with_losses(honest: Honest, losses: list[int]) -> Honest:
    """Of a set of so many examples, about which nothing but their losses is known."""
    top = sums.node(losses, sums.depth_of(len(losses)), 0)
    found, loss = Honest(honest.problem), top.total // len(losses)
    said = replace(honest.evaluation, loss=loss, count=len(losses), total=top.total, top=top.hash)
    found.__dict__.update(losses=losses, evaluation=said)
    return found


@pytest.mark.parametrize("count", [1, 2, 3, 16, 17, 18, 33, 257])
def test_the_example_in_dispute_is_the_one_that_differs(
    scene: Scene, honest: Honest, count: int
) -> None:
    """R1: the first, the last, one that has no sibling; whatever the shape of the tree."""
    losses = [1_000 + 7 * i for i in range(count)]
    for example in sorted({0, count // 2, count - 1}):
        told = [*losses[:example], losses[example] - 3, *losses[example + 1 :]]
        with rehearsal():
            court = accepted(scene, liar := with_losses(honest, told))
            table = Table(court, court.challenge(), liar, with_losses(honest, losses))
            table.play(until=lambda game: game.phase is Phase.TRACE)
            game = table.game
            assert (game.example, game.word) == (example, told[example])


def claimed(scene: Scene, honest: Honest, left: Node, right: Node, total: int) -> Court:
    """A claim about two examples, whose tree is said to be these."""
    words = (left.total, left.hash, right.total, right.hash)
    encoded = b"".join(w if isinstance(w, bytes) else w.to_bytes(32, "big") for w in words)
    said = replace(honest.evaluation, loss=total // 2, count=2, total=total, top=keccak(encoded))
    court = Court(scene, said.root, said.loss, baseline_loss=2**64 - 1)
    court.block = court.accept()
    court.referee.state(court.challenge(), said.words())
    return court


def test_sums_that_wrap_around_cannot_be_opened(scene: Scene, honest: Honest) -> None:
    """R3, R17: nothing negative in two's complement makes a total small."""
    left, right = Node(b"\1" * 32, 2**256 - 5), Node(b"\2" * 32, 5 + 2_000)
    court = claimed(scene, honest, left, right, 2_000)
    n = int(court.referee.n_games())
    with refused(""):
        court.referee.open_sums(n, [left.total, right.total], [left.hash, right.hash])
    with refused("rf: not the node"):
        court.referee.open_sums(n, [0, 2_000], [left.hash, right.hash])
    scene.world.now += BUDGET + 1
    court.referee.timeout(n)
    assert outcome(court) == 4


def test_a_loss_of_more_than_a_claim_can_say_falls(scene: Scene, honest: Honest) -> None:
    """R4: a leaf of 2^64, though its hash is that of a leaf of 0."""
    left, right = Node(sums.leaf(0, 0).hash, 2**64), sums.leaf(1, 9)
    court = claimed(scene, honest, left, right, 2**64 + 9)
    n, bob = int(court.referee.n_games()), scene.people[BOB]
    court.referee.open_sums(n, [left.total, right.total], [left.hash, right.hash])
    told = (left.total, left.hash, [right.total], [right.hash])
    with refused("rf: siblings"):
        court.referee.pick_sum(n, 2, *told, sender=bob)
    court.referee.pick_sum(n, 0, *told, sender=bob)
    assert outcome(court) == 4


def test_the_largest_loss_of_an_example_is_one(scene: Scene, honest: Honest) -> None:
    """R4: a leaf of 2^64 - 1 is disputed like any other."""
    left, right = sums.leaf(0, 2**64 - 1), sums.leaf(1, 9)
    court = claimed(scene, honest, left, right, 2**64 + 8)
    n, bob = int(court.referee.n_games()), scene.people[BOB]
    court.referee.open_sums(n, [left.total, right.total], [left.hash, right.hash])
    court.referee.pick_sum(n, 0, left.total, left.hash, [9], [right.hash], sender=bob)
    assert court.game(n).phase is Phase.TRACE


THIEF = """
# pragma version 0.4.3
interface Referee:
    def withdraw(n: uint256) -> uint256: nonpayable
@external
@payable
def __default__():
    extcall Referee(msg.sender).withdraw({game})
"""


def test_a_thief_that_calls_back_is_paid_nothing(scene: Scene, honest: Honest) -> None:
    """R16: neither twice nor once, and nobody else is hindered."""
    source = THIEF.format(game=scene.world.referee.n_games() + 1)
    code = boa.loads_partial(source, compiler_args={"evm_version": EVM_VERSION}).compiler_data
    thief = deploy_code(ZERO, code.bytecode)
    give_ether(thief, CHALLENGE_BOND)
    liar = with_losses(honest, [5, 7])
    liar.__dict__["evaluation"] = replace(liar.evaluation, loss=5)
    court = accepted(scene, liar)
    where = court.where()
    n = court.referee.challenge(*where, sender=thief, value=CHALLENGE_BOND)
    other = court.challenge()
    court.referee.state(n, liar.evaluation.words())
    assert outcome(court) == 4 and owed(court.game(n)) == {thief.lower(): CHALLENGE_BOND}
    court.referee.close(other)
    with refused(""):
        court.referee.withdraw(n)
    assert court.referee.withdraw(other) == CHALLENGE_BOND
    assert ether_of(court.referee.address) == CHALLENGE_BOND
    assert owed(court.game(n)) == {thief.lower(): CHALLENGE_BOND}
    assert ether_of(thief) == 0
