"""Claims in dispute, the seats of their games, and what is fairly paid when one ends."""

from collections import Counter
from dataclasses import dataclass

from compute.dispute.state import Game, Phase, Side
from tests.stateful.court import ALICE, HALF, Court, Table
from tests.stateful.world import CHALLENGE_BOND, ZERO
from tests.support.disputes import Honest, Liar


@dataclass
class Case:
    """A claim that a majority has accepted, and what its trainer believes."""

    court: Court
    truth: Honest
    belief: Honest | Liar

    @property
    def true(self) -> bool:
        return isinstance(self.belief, Honest)

    @property
    def refuted(self) -> bool:
        voting = self.court.scene.group.voting
        return bool(voting.is_refuted(self.court.claim.checkpoint_hash))


@dataclass
class Seat:
    """A game or a lane, and which of its sides are honest."""

    case: Case
    table: Table
    honest: dict[Side, bool]
    who: int  # the challenger, or who brought the lane
    began: int
    main: "Seat | None" = None
    awake: bool = True  # do its liars move unasked?
    stuck: bool = False  # a liar that has nothing to say any more
    moves: int = 0

    @property
    def game(self) -> Game:
        return self.table.game

    @property
    def runs(self) -> bool:
        return self.game.phase is not Phase.OVER


def halves(winner: str) -> Counter[str]:
    """Of a lost bond."""
    return Counter({winner: HALF}) + Counter({ZERO: HALF})


def fair(
    ended: list[Seat], running: list[Seat], refuted: dict[int, bool], people: list[str]
) -> list[Counter[str]]:
    """What may be credited when a lane, its game, both or none have just ended; all that is
    left open is which of two liars has won."""
    if not ended:
        return [Counter()]
    lane = next((seat for seat in ended if seat.main), None)
    main = next((seat for seat in ended if not seat.main), None)
    seat = lane or ended[0]
    challenger = people[(seat.main or seat).who]
    keeper = people[seat.who if lane else ALICE]
    if lane and lane.main not in running:  # decided elsewhere
        return [Counter({keeper: CHALLENGE_BOND})]
    known, found = refuted[id(seat.case)], []
    if main and (known or not seat.honest[Side.CHALLENGER]):
        back = Counter({keeper: CHALLENGE_BOND}) if lane else Counter[str]()
        bond = Counter({challenger: CHALLENGE_BOND}) if known else halves(keeper)
        found.append(back + bond)
    if known or not seat.honest[Side.DEFENDER]:
        back = Counter({challenger: CHALLENGE_BOND}) if main else Counter[str]()
        found.append(back + (halves(challenger) if lane else Counter()))
    return found
