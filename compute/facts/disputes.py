"""Disputes of a group in words: who moves, about what, until when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from compute.chain import Group
from compute.dispute.state import Game, Phase, Side

_ABOUT = {
    Phase.CLAIM: "what the claim is of is to be shown",
    Phase.SUMS: "all is agreed but the losses of some examples from number {first} on",
    Phase.DATA: "where the training set comes from is to be shown",
    Phase.TRACE: "all is agreed but example {example}: its trace is to be brought",
    Phase.ROWS: "example {example}: the rows are searched for the first that differs",
    Phase.ELEMENTS: "example {example}, row {row}: its elements are searched",
    Phase.SPLIT: "example {example}, row {row}, element {element}: its partial results are due",
    Phase.PARTS: "example {example}, row {row}, element {element}: partial results are searched",
    Phase.STEP: "example {example}, row {row}, element {element}: one step is to be computed",
    Phase.LANES: "the trainer's trace has fallen or is missing; other lanes run",
    Phase.OVER: "it is over",
}


@dataclass(frozen=True)
class DisputeFacts:
    """`bond` in wei is what each side has at stake besides the claim."""

    game: Game
    refuted: bool
    bond: int

    @property
    def about(self) -> str:
        """Say what is agreed and where the players differ."""
        game = self.game
        first = game.position << game.height
        where = {"example": game.example, "row": game.row, "element": game.element}
        return _ABOUT[game.phase].format(first=first, **where)

    @property
    def mover(self) -> Side | None:
        """Whose move it is; None where nobody's."""
        return None if self.game.phase in (Phase.LANES, Phase.OVER) else self.game.turn


def disputes(group: Group) -> Iterator[DisputeFacts]:
    """Every game about a claim of the group, the first first; lanes follow their game."""
    referee = group.chain.referee
    bond = referee.bond()
    told = referee.games(group.voting.address, range(1, referee.count() + 1))
    games = [Game.of(number, words) for number, words in told.items()]
    for game in sorted(games, key=lambda one: (one.main or one.number, one.number)):
        yield DisputeFacts(game, group.voting.is_refuted(game.checkpoint_hash), bond)
