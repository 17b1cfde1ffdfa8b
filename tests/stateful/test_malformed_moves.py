"""What a referee does not take: each move of a game, altered, is refused for its own reason."""

from collections.abc import Callable
from typing import Any

import pytest
from eth_abi.abi import decode, encode

from compute.dispute.moves import Move
from compute.dispute.state import Evaluation, Phase
from compute.trace.keccak import keccak
from tests.attacks.scene import Scene, refused
from tests.stateful.court import BOB, Court, Table
from tests.stateful.world import CHALLENGE_BOND, ZERO, deploy, rehearsal
from tests.support.disputes import Honest, Liar, Problem, lie_about, mlp

OTHER = b"\7" * 32
Altered = tuple[str, tuple[Any, ...]]  # reason, arguments


@pytest.fixture(scope="module")
def honest() -> Honest:
    return Honest(mlp(count=18))


def table_of(scene: Scene, claimed: Honest | Liar, honest: Honest) -> Table:
    court = Court(scene, claimed.evaluation.root, claimed.evaluation.loss)
    court.block = court.accept()
    return Table(court, court.challenge(), claimed, honest)


def altered(move: Move) -> list[Altered]:
    """What may be wrong with a move."""
    return _ALTER.get(move.function, lambda *given: [])(*move.arguments)


def _open_sums(sums: list[int], hashes: list[bytes]) -> list[Altered]:
    return [
        ("rf: children", (sums[1:], hashes[1:])),
        ("rf: children", (sums, hashes[1:])),
        ("rf: not the node", ([sums[0] + 1, *sums[1:]], hashes)),
        ("rf: not the node", (sums, [OTHER, *hashes[1:]])),
    ]


def _pick_sum(i: int, total: int, node: bytes, sums: list[int], hashes: list[bytes]) -> list[Any]:
    found = [
        ("rf: not a child", (i, total + 1, node, sums, hashes)),
        ("rf: not a child", (i, total, OTHER, sums, hashes)),
        ("rf: siblings", (40, total, node, sums, hashes)),
        ("rf: siblings", (i, total, node, [*sums[:3], 1], [*hashes[:3]])),
    ]
    return found + ([("rf: siblings", (i, total, node, sums[1:], hashes[1:]))] if sums else [])


def _bring(said: Any, trace: bytes, rows: int, top: bytes, path: list[bytes]) -> list[Altered]:
    return [
        ("rf: another evaluation", ((said[0] + 1, *said[1:]), trace, rows, top, path)),
        ("rf: another program", (said, trace, rows + 1, top, path)),
        ("rf: another program", (said, trace, rows, OTHER, path)),
        ("rf: path", (said, trace, rows, top, path[1:])),
        ("rf: another loss", (said, OTHER, rows, top, path)),
    ]


def _open(children: list[bytes]) -> list[Altered]:
    return [
        ("rf: children", (children[1:],)),
        ("rf: not the node", ([OTHER, *children[1:]],)),
    ]


def _pick(index: int, child: bytes, siblings: list[bytes]) -> list[Altered]:
    return [
        ("rf: not a child", (index, OTHER, siblings)),
        ("rf: siblings", (index, child, siblings[1:])),
        ("rf: position", (index + (1 << len(siblings)), child, siblings)),
    ]


def _pick_row(index: int, child: bytes, siblings: Any, row: bytes, path: Any) -> list[Altered]:
    return [
        ("rf: not a child", (index, OTHER, siblings, row, path)),
        ("rf: path", (index, child, siblings, row, path[1:])),
        ("rf: another row", (index, child, siblings, row + b"\0", path)),
    ]


def _pick_element(index: int, leaf: bytes, siblings: Any, row: bytes, slot: int) -> list[Altered]:
    return [
        ("rf: not a child", (index, OTHER, siblings, row, slot)),
        ("rf: another row", (index, leaf, siblings, row + b"\0", slot)),
        ("rf: slot", (index, leaf, siblings, row, slot + 8)),
    ]


def _bring_parts(row: bytes, parts: bytes, state: Any, path: list[bytes]) -> list[Altered]:
    high, mid, low = state
    return [
        ("rf: another row", (row[4:], parts, state, path)),
        ("rf: another element", (row, parts, (high, mid ^ 1, low ^ 1), path)),
        ("rf: path", (row, parts, state, [*path, OTHER])),
        ("rf: parts", (row, OTHER, state, path)),
    ]


def _prove_part(row: bytes, proof: list[bytes], before: Any, path: list[bytes]) -> list[Altered]:
    found = [("rf: another row", (row[4:], proof, before, path))]
    if path:
        found += [
            ("rf: path", (row, proof, before, path[1:])),
            ("rf: parts", (row, proof, (before[0], before[1], before[2] ^ 1), path)),
        ]
    return found + [(reason, (row, p, before, path)) for reason, p in _proofs(proof)]


def _proofs(proof: list[bytes]) -> list[tuple[str, list[bytes]]]:
    head = int.from_bytes(proof[0], "big")

    def headed(number: int) -> list[bytes]:
        return [number.to_bytes(32, "big"), *proof[1:]]

    return [
        ("rf: opening", []),
        ("rf: proof", [*proof, OTHER]),
        ("rf: operand", [proof[0], OTHER, *proof[2:]]),
        ("rf: operand", [*proof[:-1], OTHER]),  # in the last opening
        ("rf: opening", headed(head + (1 << 96))),
        ("rf: range", headed(head >> 32 << 32)),
        ("rf: range", headed(head >> 32 << 32 | 33)),
    ]


def _prove(row: bytes, proof: list[bytes]) -> list[Altered]:
    return [(reason, (row, p)) for reason, p in _proofs(proof)]


_ALTER: dict[str, Callable[..., list[Any]]] = {
    "open_sums": _open_sums,
    "pick_sum": _pick_sum,
    "bring": _bring,
    "open": _open,
    "pick": _pick,
    "pick_row": _pick_row,
    "pick_element": _pick_element,
    "bring_parts": _bring_parts,
    "prove": _prove,
    "prove_part": _prove_part,
}


@pytest.mark.parametrize("row", [1, 6, 8, 12, 16, 17])
def test_an_altered_move_is_refused(scene: Scene, honest: Honest, row: int) -> None:
    """R7, R8: and the right one is taken after it."""
    table = table_of(scene, lie_about(honest, 17, row, 0), honest)
    for _ in range(40):
        game, move = table.game, table.next()
        mover = game.defender if game.turn.value == "defender" else game.challenger
        for reason, arguments in altered(move):
            with refused(reason):
                send = getattr(table.court.referee, move.function)
                send(table.n, *arguments, sender=mover)
        table.send(move)
        if table.game.phase is Phase.OVER:
            return
    raise AssertionError


def test_moves_of_another_phase_or_turn_are_refused(scene: Scene, honest: Honest) -> None:
    """R8"""
    liar = lie_about(honest, 17, 8, 0)
    table = table_of(scene, liar, honest)
    referee, bob = table.court.referee, scene.people[BOB]
    with refused("rf: phase"):
        referee.open_sums(table.n, [], [])
    with refused("rf: phase"):
        referee.open(table.n, [OTHER])
    with refused("rf: undecided"):
        referee.close(table.n)
    table.send(table.next())
    with refused("rf: not your turn"):
        referee.pick_sum(table.n, 0, 0, OTHER, [], [], sender=bob)
    table.play(until=lambda game: game.phase is Phase.ROWS)
    table.send(table.next())
    row = table.next()
    with refused("rf: show the row"):
        referee.pick(table.n, *row.arguments[:3], sender=bob)
    table.play(until=lambda game: game.phase is Phase.STEP)
    proof = table.next().arguments
    with refused("rf: another proof"):
        referee.prove(table.n, *proof[:2], sender=bob)
    said = liar.evaluation.words()
    with refused("rf: another proof"):
        referee.prove_source(table.n, said, proof[0], b"", sender=bob)


def test_the_proof_of_a_fold_is_none_of_a_step(scene: Scene, honest: Honest) -> None:
    table = table_of(scene, lie_about(honest, 17, 10, 0), honest)
    table.play(until=lambda game: game.phase is Phase.STEP)
    row, proof = table.next().arguments
    with refused("rf: another proof"):
        table.court.referee.prove_part(table.n, row, proof, (0, 0, 0), [], sender=scene.people[BOB])


def test_only_the_lowest_level_has_rows_and_elements(scene: Scene) -> None:
    """R8"""
    honest = Honest(mlp(count=1, again=4))
    table = table_of(scene, lie_about(honest, 0, 1, 0), honest)
    bob = scene.people[BOB]
    table.play(until=lambda game: game.phase is Phase.ROWS)
    table.send(table.next())
    index, child, siblings = table.next().arguments
    row = honest.rows.rows[1].leaf
    with refused("rf: not a row"):
        table.court.referee.pick_row(table.n, index, child, siblings, row, [], sender=bob)
    table.play(until=lambda game: game.phase is Phase.ELEMENTS)
    table.send(table.next())
    index, child, siblings = table.next().arguments
    with refused("rf: not a leaf"):
        table.court.referee.pick_element(table.n, index, child, siblings, row, 0, sender=bob)


PARAMETER = ["uint256", "bytes", "bytes32[]"]
COLUMN = ["bytes", "bytes32[]", "bytes", "bytes32[]", "bytes"]


def test_a_source_must_be_what_was_published(scene: Scene, honest: Honest) -> None:
    """R1: parameters and examples under the roots that the claim is of."""
    for row, kinds, changes in (
        (
            1,
            PARAMETER,
            [("rf: root", 1, b"\1" * 1024), ("rf: path", 2, []), ("rf: leaf", 0, 2**64)],
        ),
        (
            4,
            COLUMN,
            [("rf: root", 0, b"\1" * 64), ("rf: path", 1, []), ("rf: example", 4, b"another")],
        ),
    ):
        with rehearsal():
            table = table_of(scene, lie_about(honest, 17, row, 0), honest)
            table.play(until=lambda game: game.phase is Phase.STEP)
            said, leaf, opening = table.next().arguments
            for reason, place, value in changes:
                told = list(decode(kinds, opening))
                told[place] = value
                with refused(reason):
                    table.court.referee.prove_source(
                        table.n, said, leaf, encode(kinds, told), sender=scene.people[BOB]
                    )


class Unreadable(Problem):
    """Its schema leaf has a dtype that is none."""

    @property
    def schema(self) -> bytes:  # type: ignore[override]
        columns = Problem.schema.func(self)  # type: ignore[attr-defined]
        return columns[:32] + b"\0" + columns[33:]


def test_a_schema_must_be_one(scene: Scene) -> None:
    problem = mlp(count=2)
    honest = Honest(Unreadable(problem.rows, problem.params, problem.columns))
    table = table_of(scene, lie_about(honest, 1, 4, 0), honest)
    with refused("rf: dtype"):
        table.play()


def test_a_program_of_no_rows_has_no_trace(scene: Scene, honest: Honest) -> None:
    said = {**vars(honest.evaluation), "rows_root": keccak(bytes(32) + OTHER)}
    false = Honest(honest.problem)
    false.__dict__["evaluation"] = Evaluation(**said)
    liar = lie_about(honest, 17, 8, 0)
    table = table_of(scene, false, honest)
    table.challenger = Table(table.court, table.n, liar, liar).challenger
    table.challenger.expose = lambda game, book: None  # type: ignore[method-assign]
    table.play(until=lambda game: game.phase is Phase.TRACE)
    words = false.evaluation.words()
    with refused("rf: rows"):
        table.court.referee.bring(table.n, words, OTHER, 0, OTHER, [], sender=table.game.defender)


def test_a_program_that_is_not_refereed_stands(scene: Scene, honest: Honest) -> None:
    """R1: nobody can play about its examples."""
    false = Honest(honest.problem)
    false.__dict__["evaluation"] = Evaluation(**{**vars(honest.evaluation), "rows_root": bytes(32)})
    table = table_of(scene, false, lie_about(honest, 17, 8, 0))
    table.challenger.expose = lambda game, book: None  # type: ignore[method-assign]
    table.play()
    assert scene.group.voting.outcome(table.court.block)[0] == 1


def test_lanes_end_with_their_game(scene: Scene, honest: Honest) -> None:
    """R14, R16"""
    liar = lie_about(honest, 17, 10, 3)
    table = table_of(scene, honest, liar)
    referee = table.court.referee
    table.play(until=lambda game: game.phase is Phase.TRACE)
    move = table.next()
    lanes = []
    for who in (0, 6):
        with refused("rf: bond"):
            referee.bring(table.n, *move.arguments, sender=scene.people[who])
        referee.bring(table.n, *move.arguments, sender=scene.people[who], value=CHALLENGE_BOND)
        lanes.append(int(referee.n_games()))
    with refused("rf: a lane"):
        referee.expose(lanes[0], honest.evaluation.words(), False, OTHER, OTHER)
    with refused("rf: undecided"):
        referee.close(lanes[0])
    first = Table(table.court, lanes[0], honest, liar)
    first.send(Move("open", ([*_children(honest)],), ""))
    scene.world.now = max(first.game.deadline, table.game.deadline) + 1
    referee.timeout(lanes[0])
    assert table.game.phase is Phase.OVER
    with refused("rf: decided elsewhere"):
        referee.timeout(lanes[1])
    referee.close(lanes[1])
    assert table.court.owed(6) == CHALLENGE_BOND


def _children(honest: Honest) -> list[bytes]:
    tree = honest.traced(17).tree
    return tree.descendants(tree.depth, 0, tree.depth)


def test_what_it_is_made_of_must_be_there(scene: Scene) -> None:
    """G6: no zero addresses, no bond of nothing; one wei is a bond."""
    someone = scene.people[0]
    assert deploy(someone, "Referee", someone, someone, someone, 1).BOND() == 1
    for missing in range(3):
        made = [someone] * 3
        made[missing] = ZERO
        with refused("rf: zero address"):
            deploy(someone, "Referee", *made, 1)
    with refused("rf: bond"):
        deploy(someone, "Referee", someone, someone, someone, 0)
    with refused("sj: zero address"):
        deploy(someone, "StepsJudge", [ZERO])
