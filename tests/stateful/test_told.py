"""What a referee tells: every event of a game with its values, and why the game ended."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Any

import numpy as np
import pytest

from compute.dispute.book import Event
from compute.dispute.state import BUDGET, GRACE, Evaluation, Phase, Side
from compute.program.form import Code
from compute.trace.rows import Constant
from compute.trace.tree import Tree
from tests.attacks.scene import Scene, refused
from tests.stateful.court import ALICE, BOB, CAROL, Court, Table, accepted, outcome
from tests.stateful.world import CHALLENGE_BOND, NRN, Reverted, heard, rehearsal
from tests.support.disputes import Honest, Liar, Longer, lie_about, mlp, tabled


@pytest.fixture(scope="module")
def honest() -> Honest:
    return Honest(mlp(count=18))


def ended(court: Court, act: Callable[[], object]) -> list[tuple[Any, ...]]:
    """The games that an act ends: number, did the defence fall, reason."""
    with heard() as logs:
        act()
    told = court.referee.told(logs)
    return [tuple(values.values()) for name, values in told if name == "Ended"]


def test_a_whole_game_is_told(scene: Scene, honest: Honest) -> None:
    """R7: who follows the events alone knows whose claim is disputed, and each move."""
    liar = lie_about(honest, 17, 8, 17)
    court = accepted(scene, liar)
    with heard() as logs:
        table = Table(court, court.challenge(), liar, honest)
    [(name, values)] = court.referee.told(logs)
    voting, checkpoint = court.where()
    people = [scene.people[who].lower() for who in (BOB, ALICE)]
    assert name == "Challenged"
    assert list(values.values()) == [table.n, voting, checkpoint, *people]
    table.play()
    told = {"state": "Stated", "open_sums": "SumsOpened", "bring": "Brought", "open": "Opened",
            "bring_parts": "PartsBrought", "prove": "Ended", "prove_part": "Ended"}  # fmt: skip
    names = [told.get(move.function, "Picked") for move in table.moves]
    assert [event.name for event in table.events] == names
    assert {event.values["game"] for event in table.events} == {table.n}
    sent = {move.function: move.arguments for move in table.moves}
    said = {event.name: event.values for event in table.events}
    assert said["Stated"]["evaluation"] == sent["state"][0]
    assert said["Brought"]["trace"] == sent["bring"][1]
    with heard() as logs:
        court.referee.withdraw(table.n)
    [(name, values)] = court.referee.told(logs)
    assert name == "Withdrawn"
    assert list(values.values()) == [table.n, people[0], CHALLENGE_BOND]


@pytest.mark.parametrize(("row", "element"), [(8, 17), (10, 3), (23, 0)])
def test_places_are_told(scene: Scene, honest: Honest, row: int, element: int) -> None:
    """R7, R8: what is picked is where the game is then, and whose move it is, and how long."""
    liar = lie_about(honest, 17, row, element)
    court = accepted(scene, liar)
    table = Table(court, court.challenge(), liar, honest)
    while table.game.phase is not Phase.OVER:
        move = table.next()
        table.send(move)
        last, game = table.events[-1], table.game
        if game.phase is not Phase.OVER:
            assert (game.since, game.left) == (scene.world.now, (BUDGET, BUDGET))
        if move.function.startswith("pick"):
            places = {"pick_sum": game.position + game.example, "pick": game.position,
                      "pick_row": game.row, "pick_element": game.element}  # fmt: skip
            told = {"phase": game.phase, "position": places[move.function]}
            assert last == Event("Picked", {"game": table.n} | told)


def claimed(scene: Scene, said: Evaluation, loss: int | None = None) -> tuple[Court, int]:
    """A claim of an evaluation, and a game about it."""
    court = Court(scene, said.root, said.loss if loss is None else loss)
    court.block = court.accept()
    return court, court.challenge()


def test_why_a_claim_falls_at_its_first_word(scene: Scene, honest: Honest) -> None:
    """R2, R3, R5: late, not the mean, another loss, another root; and another game's end."""
    mine = honest.evaluation
    wrong = replace(mine, total=1)
    for said, loss, reason in ((wrong, None, 2), (mine, mine.loss - 1, 3)):
        with rehearsal():
            court, n = claimed(scene, said, loss)
            second, other = court.challenge(), court.challenge(CAROL)
            state = partial(court.referee.state, n, said.words())
            assert ended(court, state) == [(n, True, reason)]
            again = partial(court.referee.state, second, said.words())
            with heard() as logs:
                assert ended(court, again) == [(second, True, reason)]
            assert scene.group.voting.told(logs) == []  # it is refuted once
            assert ended(court, partial(court.referee.close, other)) == [(other, False, 0)]
    with rehearsal():
        court, n = claimed(scene, mine)
        scene.world.now += BUDGET + 1
        assert ended(court, lambda: court.referee.timeout(n)) == [(n, True, 1)]
    document = b"\5" * 32
    named = sha256(mine.params_root + document).digest()
    court = Court(
        scene, replace(mine, params_root=bytes(32)).root, mine.loss, checkpoint_hash=named
    )
    court.block = court.accept()
    n, said = court.challenge(), replace(mine, params_root=bytes(32))
    court.referee.state(n, said.words())
    expose = partial(court.referee.expose, n, said.words(), False, mine.params_root, document)
    assert ended(court, expose) == [(n, True, 4)]


def last(court: Court, claim: Honest | Liar, honest: Honest) -> tuple[bool, int]:
    """How a game that is played to its end is said to end."""
    table = Table(court, court.challenge(), claim, honest)
    table.challenger.expose = lambda game, book: None  # type: ignore[method-assign]
    table.play()
    assert table.events[-1].name == "Ended"
    return table.events[-1].values["fell"], table.events[-1].values["reason"]


def test_why_a_claim_falls_or_stands_at_its_last(scene: Scene, honest: Honest) -> None:
    """R1: a step that is wrong; a claim about which nobody can play."""
    free = Honest(honest.problem)
    free.__dict__["evaluation"] = replace(honest.evaluation, rows_root=bytes(32))
    liar = lie_about(honest, 17, 8, 0)
    for claim, other, told in ((liar, honest, (True, 9)), (free, liar, (False, 7))):
        with rehearsal():
            assert last(accepted(scene, claim), claim, other) == told


def shown(table: Table) -> Tree:
    """The tree over what the last move has opened."""
    children = b"".join(table.events[-1].values["children"])
    return Tree(np.frombuffer(children, np.uint8).reshape(-1, 32))


def test_what_is_behind_the_last_row_is_nothing(scene: Scene, honest: Honest) -> None:
    """R1: whoever puts something there has lost, and nothing there is nothing wrong."""
    liar = Liar(honest, 17, Longer(honest.computed(17), 23, 0, 5, 5))
    court = accepted(scene, liar)
    table = Table(court, court.challenge(), liar, honest)
    table.play(until=lambda game: (game.phase, game.turn) == (Phase.ROWS, Side.CHALLENGER))
    tree = shown(table)
    for number, reason in ((25, "rf: the step is right"), (24, None)):
        opening = tree.opening(number)
        told = (number, *opening.leaves, opening.siblings, b"", [])
        pick = partial(court.referee.pick_row, table.n, *told, sender=scene.people[BOB])
        with refused(reason) if reason else rehearsal():
            assert ended(court, pick) == [(table.n, True, 11)]


def test_behind_the_last_partial_result_is_nothing(scene: Scene) -> None:
    """R1: a sum of three chunks is a tree of four leaves; whoever picks the fourth has lost."""
    honest = Honest(mlp(count=1, inputs=24))
    rows = honest.rows.rows
    dot = next(n for n, row in enumerate(rows) if int.from_bytes(row.leaf[:4], "big") == Code.DOT)
    liar = lie_about(honest, 0, dot, 0)
    court = accepted(scene, liar)
    table = Table(court, court.challenge(), liar, honest)
    table.play(until=lambda game: (game.phase, game.turn) == (Phase.PARTS, Side.CHALLENGER))
    opening = shown(table).opening(3)
    assert opening.leaves == (bytes(32),)
    told = (3, *opening.leaves, opening.siblings)
    with refused("rf: the step is right"):
        court.referee.pick(table.n, *told, sender=scene.people[BOB])


def test_what_the_program_fixes_is_as_it_says(scene: Scene) -> None:
    """R1: another table falls when its row is picked; the true one is no step that is wrong."""
    honest = Honest(tabled())
    rows = honest.rows.rows
    [fixed] = [n for n, row in enumerate(rows) if isinstance(row.made, Constant)]
    liar = lie_about(honest, 1, fixed, 3)
    with rehearsal():
        assert last(accepted(scene, liar), liar, honest) == (True, 8)
    court = accepted(scene, honest)
    with refused("rf: the step is right"):
        Table(court, court.challenge(), honest, liar).play()


def test_why_a_game_about_data_ends(scene: Scene, honest: Honest) -> None:
    """R6: shown to be adopted, now or earlier."""
    mine, document = honest.evaluation, b"\3" * 32
    header = mine.data_root + mine.count.to_bytes(32, "big") + document
    scene.group = scene.add(genesis_tip=sha256(header).digest())
    for keeper in range(3):
        scene.stake(keeper, 1_000 * NRN, scene.group.id)
    scene.next_epoch()
    for reason in (5, 12):
        with rehearsal():
            if reason == 12:
                assert scene.new_version() == 1
            scene.next_block()
            court, n = claimed(scene, mine)
            table = Table(court, n, honest, honest)
            table.send(table.next())
            table.send(table.next())
            with heard() as logs:
                court.referee.doubt_data(n, sender=scene.people[BOB])
            assert court.referee.told(logs) == [("DataDoubted", {"game": n})]
            show = partial(court.referee.show_data, n, mine.words(), 0, 0, bytes(32), document)
            assert ended(court, show) == [(n, False, reason)]


def laned(scene: Scene, claim: Honest | Liar, other: Honest | Liar) -> tuple[Table, list[Table]]:
    """A game whose trainer is away, with two lanes."""
    court = accepted(scene, claim)
    table = Table(court, court.challenge(), claim, other)
    table.play(until=lambda game: game.phase is Phase.TRACE)
    scene.world.now += GRACE
    return table, [table.bring(claim, who) for who in (CAROL, 0)]


def test_lanes_that_fall_are_told(scene: Scene, honest: Honest) -> None:
    """R14: each like a game, and the claim as none is left."""
    liar = lie_about(honest, 17, 10, 3)
    table, (first, second) = laned(scene, liar, honest)
    opened, carol = first.events[-1], scene.people[CAROL].lower()
    assert opened.name == "LaneOpened"
    assert list(opened.values.values()) == [table.n, first.n, carol, liar.lie.tree.top]
    for lane in (first, second):
        lane.play(until=lambda game: game.phase is Phase.STEP)
    scene.world.now = table.game.deadline + 1
    assert ended(table.court, partial(table.court.referee.timeout, table.n)) == []
    first.play()
    assert list(first.events[-1].values.values()) == [first.n, True, 9]
    assert table.game.phase is Phase.LANES and outcome(table.court) == 1
    second.play()
    told = [tuple(event.values.values()) for event in second.events[-2:]]
    assert told == [(second.n, True, 9), (table.n, True, 10)]


def test_a_lane_that_stands_is_told(scene: Scene, honest: Honest) -> None:
    """R14: with its game, and the other lane is closed."""
    table, (first, second) = laned(scene, honest, lie_about(honest, 17, 10, 3))
    referee = table.court.referee
    with pytest.raises(Reverted):
        first.play()
    scene.world.now = max(first.game.deadline, table.game.deadline) + 1
    late = ended(table.court, partial(referee.timeout, first.n))
    assert late == [(first.n, False, 1), (table.n, False, 1)]
    assert ended(table.court, partial(referee.close, second.n)) == [(second.n, False, 0)]
