"""Whole games about one example, in the in-process EVM: transactions and gas, move by move."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from compute.dispute.moves import is_fold
from compute.dispute.state import BUDGET, GRACE, LEVELS, SUM_LEVELS
from compute.program.form import Code
from compute.trace.arrays import Arrays
from compute.trace.leaf import decode
from compute.trace.rows import COLUMN, CONSTANT, PARAMETER, POSITION, Row, Rows
from compute.trace.run import Example
from compute.trace.tree import depth_of
from tests.attacks.scene import Scene
from tests.stateful.court import Court, Table, outcome
from tests.stateful.world import metered
from tests.support.disputes import Honest, Problem, lie_about

Moves = list[tuple[str, int]]  # functions of the referee, gas


@dataclass
class Known(Honest):
    """Of the other examples it knows the losses, which nobody disputes."""

    @cached_property
    def losses(self) -> list[int]:
        found = np.random.default_rng(0).integers(1 << 30, 1 << 37, self.problem.count).tolist()
        return [self.computed(0).loss or 0, *found[1:]]


def belief(rows: Rows, example: Example, count: int) -> Known:
    """Of a set of `count` examples, the first of which is this one."""
    columns = {name: np.broadcast_to(x, (count, *x.shape)) for name, x in example.columns.items()}
    return Known(Problem(rows, example.parameters, columns), machine=Arrays())


def play(scene: Scene, honest: Honest, row: int) -> Moves:
    """The game about a lie in the last element of a row, which is refuted."""
    scene.next_block()
    liar = lie_about(honest, 0, row, honest.rows.rows[row].elements - 1)
    court = Court(scene, liar.evaluation.root, liar.evaluation.loss)
    court.block = court.accept()
    with metered() as gas:
        table = Table(court, court.challenge(), liar, honest)
        table.play()
    if outcome(court) != 4:
        raise SystemExit(f"a lie in row {row} was not refuted")
    return list(zip(["challenge", *(move.function for move in table.moves)], gas, strict=True))


def code_of(row: Row) -> int:
    return int.from_bytes(row.leaf[:4], "big")


def chosen(rows: Rows) -> list[int]:
    """Rows to lie about: a parameter, the example, the fold of most chunks, the largest and the
    last product, the largest row, a position's loss, the loss."""

    def largest(numbers: Iterable[int]) -> list[int]:
        return [max(numbers, key=lambda n: rows.rows[n].elements, default=0)]

    by_code = [code_of(row) for row in rows.rows]
    folds = [n for n, row in enumerate(rows.rows) if is_fold(row.leaf)]
    dots = [n for n, code in enumerate(by_code) if code == Code.DOT]
    steps = [n for n in range(len(by_code)) if by_code[n] not in (PARAMETER, COLUMN)]
    longest = max(folds, key=lambda n: decode(rows.rows[n].leaf).chunks)
    found = [by_code.index(PARAMETER), by_code.index(COLUMN), longest, *largest(dots), dots[-1]]
    found += [*largest(set(steps) - set(folds)), by_code.index(POSITION), len(by_code) - 1]
    return sorted(set(found))


def dear(rows: Rows) -> list[int]:
    """A parameter, the fold of most chunks, that of the longest proof, a position's loss."""
    leaves = {n: decode(row.leaf) for n, row in enumerate(rows.rows) if is_fold(row.leaf)}
    found = [max(leaves, key=lambda n: leaves[n].chunks)]
    found += [max(leaves, key=lambda n: leaves[n].longest_proof(rows.depth))]
    codes = [code_of(row) for row in rows.rows]
    return sorted({*found, codes.index(PARAMETER), codes.index(POSITION)})


def functions(rows: Rows, row: int, count: int) -> list[str]:
    """The moves of a game about a row's element, in a set of `count` examples."""
    kind, folds = rows.rows[row], is_fold(rows.rows[row].leaf)
    last = {PARAMETER: "prove_source", COLUMN: "prove_source"}.get(code_of(kind), "prove")
    found = [
        "challenge",
        "state",
        *["open_sums", "pick_sum"] * _rounds(depth_of(count), SUM_LEVELS),
    ]
    found += ["bring", *_down(rows.depth, "pick_row"), *_down(kind.depth, "pick_element")]
    if folds:
        last = "prove_part"
        found += ["bring_parts", *_down(depth_of(decode(kind.leaf).chunks), "pick")]
    return [*found, last]


def _rounds(depth: int, levels: int) -> int:
    return -(-depth // levels)


def _down(depth: int, last: str) -> list[str]:
    """Openings and picks down a tree; of a tree of one leaf nothing is opened."""
    rounds = _rounds(depth, LEVELS)
    moves = ["open", "pick"] * rounds
    if last == "pick":
        return moves
    return [*moves[:-1], last] if rounds else [last]


def idle_hours(moves: int) -> float:
    """How long a game may last: each side thinks as long as it may, see `chess_clock`."""
    return (2 * BUDGET + max(0, moves - 3) * GRACE) / 3_600


def dearest(games: Iterable[Moves]) -> dict[str, int]:
    """The most gas of each move."""
    found: dict[str, int] = {}
    for name, gas in (move for game in games for move in game):
        found[name] = max(gas, found.get(name, 0))
    return found


def computed(rows: Rows, count: int, cost: dict[str, int]) -> dict[str, Any]:
    """The longest game, from the dearest moves that were measured."""
    longest = max(
        (
            functions(rows, row, count)
            for row in range(len(rows.rows))
            if code_of(rows.rows[row]) != CONSTANT
        ),
        key=lambda names: sum(cost[name] for name in names),
    )
    return {
        "transactions": len(longest),
        "gas": sum(cost[name] for name in longest),
        "idle_hours": idle_hours(len(longest)),
    }


def summary(games: list[Moves]) -> dict[str, Any]:
    """The shortest and the longest of some games, and their dearest moves."""
    gas = sorted(sum(g for _, g in game) for game in games)
    lengths = sorted(len(game) for game in games)
    return {
        "games": len(games),
        "transactions": [lengths[0], lengths[-1]],
        "gas": [gas[0], gas[-1]],
        "idle_hours": idle_hours(lengths[-1]),
        "dearest": dearest(games),
    }
