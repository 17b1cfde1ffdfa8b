"""Whole games on the bytecode, each side played by what it believes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from compute.dispute.belief import Belief
from compute.dispute.book import Book, Event
from compute.dispute.moves import Move, Player
from compute.dispute.state import Game, Phase, Side
from tests.attacks.scene import Scene
from tests.stateful.claims import Claim
from tests.stateful.world import CHALLENGE_BOND, Contract, Log, heard

ALICE, BOB, CAROL = 3, 4, 6  # the trainer, the challenger, a stranger
HALF = CHALLENGE_BOND // 2


class Court:
    """A claim that stands, and a referee."""

    def __init__(self, scene: Scene, evaluation_root: bytes, loss: int, **changes: Any) -> None:
        self.scene = scene
        self.referee = scene.world.referee
        made = scene.claim(ALICE, loss)
        self.claim = Claim(**{**vars(made), "root": evaluation_root, **changes})
        self.block = -1

    def where(self) -> tuple[str, bytes]:
        return self.scene.group.voting.address, self.claim.checkpoint_hash

    def accept(self) -> int:
        """A majority accepts the claim; its block."""
        return self.scene.play(self.claim)

    def challenge(self, who: int = BOB) -> int:
        people = self.scene.people
        voting = self.scene.group.voting.address
        return self.referee.challenge(
            voting, self.claim.checkpoint_hash, sender=people[who], value=CHALLENGE_BOND
        )

    def game(self, n: int) -> Game:
        return Game.of(n, self.referee.game(n))

    def owed(self, who: int) -> int:
        """Wei that the games about the claim, and their lanes, owe a person."""
        games = (self.game(n) for n in range(1, int(self.referee.n_games()) + 1))
        mine = [game for game in games if game.checkpoint_hash == self.claim.checkpoint_hash]
        return sum(owed(game)[self.scene.people[who]] for game in mine)


def accepted(scene: Scene, belief: Belief) -> Court:
    """A court in which a majority has accepted what this belief claims."""
    court = Court(scene, belief.evaluation.root, belief.evaluation.loss)
    court.block = court.accept()
    return court


def outcome(court: Court) -> int:
    """1: the claim is accepted; 4: it was, and is refuted."""
    return int(court.scene.group.voting.outcome(court.block)[0])


def stands(court: Court, n: int) -> None:
    """The challenger has nothing more to say: time decides for the claim."""
    scene = court.scene
    assert court.game(n).turn is Side.CHALLENGER
    scene.world.now = court.game(n).deadline + 1
    court.referee.timeout(n)
    assert outcome(court) == 1
    assert (court.owed(ALICE), court.owed(BOB)) == (HALF, 0)
    assert not scene.group.voting.is_disputed(court.claim.checkpoint_hash)


def owed(game: Game) -> Counter[str]:
    """What a game pays."""
    return Counter({game.mover.lower(): HALF * game.owes(game.mover)})


def items_of(judge: Contract) -> Callable[..., tuple[Sequence[int], bool]]:
    return lambda row, element, first, words: judge.reads(row, element, first, list(words))


class Table:
    """One game as it is played, with the events that the chain has told."""

    def __init__(self, court: Court, n: int, defender: Belief, challenger: Belief) -> None:
        judge = Contract("StepsJudge", court.referee.JUDGE())
        self.court, self.n = court, n
        self.defender = Player(defender, items_of(judge))
        self.challenger = Player(challenger, items_of(judge))
        self.events: list[Event] = []
        self.moves: list[Move] = []

    @property
    def game(self) -> Game:
        return self.court.game(self.n)

    def book(self, player: Player) -> Book:
        return Book.of(self.events, player.depths(self.game))

    def next(self) -> Move:
        game = self.game
        if game.turn is Side.DEFENDER:
            return self.defender.defend(game, self.book(self.defender))
        book = self.book(self.challenger)
        first = game.phase is Phase.SUMS and not any(e.name == "Picked" for e in self.events)
        other = self.challenger.expose(game, book) if first else None
        return other or self.challenger.attack(game, book)

    def send(self, move: Move, sender: str | None = None) -> None:
        game = self.game
        sender = sender or (game.defender if game.turn is Side.DEFENDER else game.challenger)
        with heard() as logs:
            getattr(self.court.referee, move.function)(self.n, *move.arguments, sender=sender)
        self.moves.append(move)
        self.hear(logs)

    def bring(self, belief: Belief, who: int) -> Table:
        """Somebody fills a lane with the trace that it believes in; its table."""
        lane = Table(self.court, self.n, belief, self.challenger._belief)
        move = lane.defender.defend(self.game, self.book(lane.defender))
        person, referee = self.court.scene.people[who], self.court.referee
        with heard() as logs:
            referee.bring(self.n, *move.arguments, sender=person, value=CHALLENGE_BOND)
        lane.n, lane.events = int(referee.n_games()), list(self.events)
        lane.hear(logs)
        return lane

    def hear(self, logs: list[Log]) -> None:
        """What the referee has told."""
        self.events += [Event(*told) for told in self.court.referee.told(logs)]

    def play(self, until: Callable[[Game], bool] = lambda game: False) -> None:
        """Until the game is over, or so far."""
        for _ in range(100):
            game = self.game
            if game.phase is Phase.OVER or until(game):
                return
            self.send(self.next())
        raise AssertionError("the game does not end")
