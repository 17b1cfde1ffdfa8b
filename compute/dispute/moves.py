"""The next move of either side, from what is on chain and what the player believes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from compute.dispute import sums
from compute.dispute.belief import Belief, Traced
from compute.dispute.book import Book, Nodes, Seen
from compute.dispute.proofs import Items, opening_words
from compute.dispute.state import LEVELS, SUM_LEVELS, Evaluation, Game, NoMove, Phase
from compute.exact.transcript import Node
from compute.trace.keccak import keccak, node
from compute.trace.leaf import CHUNK, decode
from compute.trace.rows import COLUMN, CONSTANT, PARAMETER
from compute.trace.tree import Tree, depth_of
from compute.trace.words import leaves_of, per_leaf, word_in


@dataclass(frozen=True)
class Move:
    """A function of the referee and its arguments after the game's number."""

    function: str
    arguments: tuple[Any, ...]
    sentence: str


class Player:
    """Either side of one game.  `items` asks the chain what a step reads."""

    def __init__(self, belief: Belief, items: Items) -> None:
        self._belief, self._items = belief, items

    def depths(self, game: Game) -> dict[Phase, int]:
        """Of the trees that the game has come to, for `Book.of`."""
        if game.phase <= Phase.TRACE:  # also of what is not refereed
            return {}
        found = {Phase.ROWS: self._belief.rows.depth}
        if game.phase in (Phase.ELEMENTS, Phase.SPLIT, Phase.PARTS, Phase.STEP):
            row = self._belief.rows.rows[game.row]
            found[Phase.ELEMENTS] = row.depth
            if game.phase in (Phase.PARTS, Phase.STEP) and is_fold(row.leaf):
                found[Phase.PARTS] = depth_of(decode(row.leaf).chunks)
        return found

    # --- the defender ---

    def defend(self, game: Game, book: Book) -> Move:
        """The defender's move."""
        return _DEFENCE[game.phase](self, game, book)

    def _state(self, game: Game, book: Book) -> Move:
        words = self._belief.evaluation.words()
        return Move("state", (words,), "show what the claim is of")

    def _show_data(self, game: Game, book: Book) -> Move:
        told = (self._belief.evaluation.words(), *self._belief.header().data)
        return Move("show_data", told, "show when the group adopted the data")

    def _open_sums(self, game: Game, book: Book) -> Move:
        shown = sums.children(self._belief.losses, game.height, game.position)
        told = ([n.total for n in shown], [n.hash for n in shown])
        return Move("open_sums", told, f"show {len(shown)} sums of losses")

    def _bring(self, game: Game, book: Book) -> Move:
        rows, tree = self._belief.rows, self._belief.traced(game.example).tree
        path = list(tree.opening(len(rows.rows) - 1).siblings)
        told = (_evaluation(book).words(), tree.top, len(rows.rows), rows.tree.top, path)
        return Move("bring", told, f"commit to the trace of example {game.example}")

    def _open(self, game: Game, book: Book) -> Move:
        tree = self._tree(game)
        shown = tree.descendants(game.height, game.position, min(game.height, LEVELS))
        return Move("open", (shown,), f"show {len(shown)} nodes of the {game.phase.name.lower()}")

    def _bring_parts(self, game: Game, book: Book) -> Move:
        row = self._belief.rows.rows[game.row]
        states = self._traced(game).parts(game.row, game.element)
        tree = _states(states)
        path = list(tree.opening(len(states) - 1).siblings)
        told = (row.leaf, tree.top, states[-1], path)
        return Move("bring_parts", told, f"commit to {len(states)} partial results")

    # --- the challenger ---

    def attack(self, game: Game, book: Book) -> Move:
        """The challenger's move."""
        return _ATTACK[game.phase](self, game, book)

    def expose(self, game: Game, book: Book) -> Move | None:
        """Ends a claim about something else than it names, if it is one; one that is true of what
        it names asks for its data, so that no bond is lost to what keepers decide."""
        mine, theirs = self._belief.evaluation, _evaluation(book)
        headers = self._belief.header()
        for model, own, found in (
            (False, headers.checkpoint, theirs.params_root),
            (True, headers.model, theirs.rows_root),
        ):
            if found != own[0]:
                told = (theirs.words(), model, *own)
                return Move("expose", told, "show that the claim is about something else")
        of_others = (mine.data_root, mine.count) != (theirs.data_root, theirs.count)
        if of_others or mine == theirs:
            return Move("doubt_data", (), "ask where the training set comes from")
        return None

    def _pick_sum(self, game: Game, book: Book) -> Move:
        shown = [Node(hash, total) for total, hash in book.sums]
        own = sums.children(self._belief.losses, game.height, game.position)
        index = _first_difference(shown, own)
        path = sums.siblings(shown, index)
        picked = shown[index]
        told = (index, picked.total, picked.hash, [n.total for n in path], [n.hash for n in path])
        levels = min(game.height, SUM_LEVELS)
        return Move("pick_sum", told, f"dispute sum {index} of {len(shown)}, {levels} levels down")

    def _pick(self, game: Game, book: Book) -> Move:
        if game.phase is Phase.ELEMENTS and game.height == 0:
            return self._pick_element(game, 0, game.node, [])
        levels = min(game.height, LEVELS)
        index = self._differs(game, book.children)
        siblings = _siblings(book.children, index)
        position = (game.position << levels) | index
        if game.height > levels or game.phase is Phase.PARTS:
            told = (index, book.children[index], siblings)
            return Move("pick", told, f"dispute node {position} of the {game.phase.name.lower()}")
        if game.phase is Phase.ROWS:
            return self._pick_row(position, index, book.children[index], siblings)
        return self._pick_element(game, index, book.children[index], siblings)

    def _differs(self, game: Game, shown: Sequence[bytes]) -> int:
        """The first child that is not one's own."""
        levels = min(game.height, LEVELS)
        trap = self._traced(game).trap
        if trap is not None and game.phase is Phase.ELEMENTS and game.row == trap[0]:
            leaf = trap[1] // per_leaf(self._belief.rows.rows[game.row].dtype)
            return (leaf >> (game.height - levels)) & (len(shown) - 1)
        own = self._tree(game).descendants(game.height, game.position, levels)
        return _first_difference(shown, own)

    def _pick_row(self, number: int, index: int, child: bytes, siblings: list[bytes]) -> Move:
        rows = self._belief.rows
        known = number < len(rows.rows)
        leaf = rows.rows[number].leaf if known else b""
        path = list(rows.tree.opening(number).siblings) if known else []
        told = (index, child, siblings, leaf, path)
        return Move("pick_row", told, f"dispute row {number} of {len(rows.rows)}")

    def _pick_element(self, game: Game, index: int, leaf: bytes, siblings: list[bytes]) -> Move:
        row = self._belief.rows.rows[game.row]
        position = (game.position << min(game.height, LEVELS)) | index
        slot = self._slot(game, position, leaf)
        element = position * per_leaf(row.dtype) + slot
        told = (index, leaf, siblings, row.leaf, slot)
        return Move("pick_element", told, f"dispute element {element} of row {game.row}")

    def _slot(self, game: Game, position: int, leaf: bytes) -> int:
        """The first word of a leaf that is not one's own."""
        traced, dtype = self._traced(game), self._belief.rows.rows[game.row].dtype
        if traced.trap is not None and traced.trap[0] == game.row:
            return traced.trap[1] % per_leaf(dtype)
        tree = traced.tree_of(game.row)
        own = tree.node(0, position) if tree is not None else bytes(32)
        slots = range(per_leaf(dtype))
        return _first_difference(
            [word_in(leaf, i, dtype) for i in slots], [word_in(own, i, dtype) for i in slots]
        )

    def _prove(self, game: Game, book: Book) -> Move:
        row = self._belief.rows.rows[game.row]
        code = int.from_bytes(row.leaf[:4], "big")
        if code in (PARAMETER, COLUMN):
            shown = self._belief.source(game.example, game.row, game.element)
            told: tuple[Any, ...] = (_evaluation(book).words(), row.leaf, shown)
            return Move("prove_source", told, "show what the published bytes say")
        seen = self._seen(game, book.nodes)
        words = self._belief.traced(game.example).words
        if not is_fold(row.leaf):
            proof = opening_words(self._items, row.leaf, game.element, 0, seen, words)
            return Move("prove", (row.leaf, proof), "have the element computed")
        chunk = game.position
        proof = opening_words(self._items, row.leaf, game.element, CHUNK * chunk, seen, words)
        before, path = self._before(game, book, chunk)
        told = (row.leaf, proof, before, path)
        return Move("prove_part", told, f"have terms {CHUNK * chunk} on computed")

    def _before(
        self, game: Game, book: Book, chunk: int
    ) -> tuple[tuple[int, int, int], list[bytes]]:
        if chunk == 0:
            return (0, 0, 0), []
        states = self._traced(game).parts(game.row, game.element)
        tree = _states(states)
        nodes = book.nodes.get(Phase.PARTS, {})
        path = Seen(tree, tree.depth, nodes).opening(chunk - 1).siblings
        return states[chunk - 1], list(path)

    def _seen(self, game: Game, nodes: dict[Phase, Nodes]) -> Defended:
        return Defended(self._traced(game), self._belief, game.row, nodes)

    # --- both ---

    def _traced(self, game: Game) -> Traced:
        return self._belief.traced(game.example)

    def _tree(self, game: Game) -> Tree:
        """One's own tree of what is in dispute."""
        traced = self._traced(game)
        if game.phase is Phase.ROWS:
            return traced.tree
        if game.phase is Phase.PARTS:
            return _states(traced.parts(game.row, game.element))
        found = traced.tree_of(game.row)
        if found is None:
            raise NoMove("a row has no value")
        return found


class Defended:
    """The defender's trace as far as a proof needs it: before the disputed row it is one's own."""

    def __init__(self, traced: Traced, belief: Belief, row: int, nodes: dict[Phase, Nodes]) -> None:
        self._traced, self._rows, self._row, self._nodes = traced, belief.rows, row, nodes

    def opening(self, row: int, first: int, count: int) -> list[bytes]:
        depth = self._rows.rows[row].depth
        nodes = self._nodes.get(Phase.ELEMENTS, {}) if row == self._row else {}
        inside = Seen(self._traced.tree_of(row), depth, nodes).opening(first, count)
        return [*inside.leaves, *inside.siblings]

    def path(self, row: int) -> list[bytes]:
        tree = Seen(self._traced.tree, self._rows.depth, self._nodes[Phase.ROWS])
        return list(tree.opening(row).siblings)

    def leaves(self, row: int) -> int:
        kind = self._rows.rows[row]
        return leaves_of(kind.elements, kind.dtype)


def is_fold(leaf: bytes) -> bool:
    code = int.from_bytes(leaf[:4], "big")
    return code not in (PARAMETER, COLUMN, CONSTANT) and decode(leaf).is_fold


def _evaluation(book: Book) -> Evaluation:
    if book.evaluation is None:
        raise NoMove("the claim's evaluation was not shown")
    return book.evaluation


def _states(states: Sequence[tuple[int, int, int]]) -> Tree:
    import numpy as np

    hashes = [keccak(b"".join(w.to_bytes(32, "big") for w in state)) for state in states]
    return Tree(np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, 32))


def _siblings(children: Sequence[bytes], index: int) -> list[bytes]:
    found, level = [], list(children)
    while len(level) > 1:
        found.append(level[index ^ 1])
        level = [node(a, b) for a, b in zip(level[::2], level[1::2], strict=True)]
        index >>= 1
    return found


def _first_difference(shown: Sequence[Any], own: Sequence[Any]) -> int:
    pairs = zip(shown, own, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), 0)


_DEFENCE = {
    Phase.CLAIM: Player._state,
    Phase.SUMS: Player._open_sums,
    Phase.DATA: Player._show_data,
    Phase.TRACE: Player._bring,
    Phase.ROWS: Player._open,
    Phase.ELEMENTS: Player._open,
    Phase.SPLIT: Player._bring_parts,
    Phase.PARTS: Player._open,
}
_ATTACK = {
    Phase.SUMS: Player._pick_sum,
    Phase.ROWS: Player._pick,
    Phase.ELEMENTS: Player._pick,
    Phase.PARTS: Player._pick,
    Phase.STEP: Player._prove,
}
