"""Plays the games that concern one account: all that is needed is on chain and in the content."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from compute.chain import Group
from compute.chain.sender import Sender
from compute.dispute.belief import Belief
from compute.dispute.book import Book, Event
from compute.dispute.moves import Move, Player
from compute.dispute.state import Game, Phase, Side
from compute.node.sending import attempt
from compute.units import ETHER

logger = logging.getLogger(__name__)

RESERVE = ETHER // 20  # kept for the gas of a game

# What is believed of a claim, by its checkpoint hash; None where the bytes are not there
Beliefs = Callable[[bytes], Belief | None]


class Disputes:
    """The games of a group that an account challenges in, or defends: its own claims', and lanes
    that it has opened."""

    def __init__(self, group: Group, sender: Sender, beliefs: Beliefs) -> None:
        self._group, self._sender, self._beliefs = group, sender, beliefs
        self._referee = group.chain.referee
        self._over: set[int] = set()

    def games(self) -> Iterator[Game]:
        """All games of the group that run, lanes among them."""
        for event in self._referee.games(self._group.voting.address):
            yield from self._running(event["game"])

    def _running(self, number: int) -> Iterator[Game]:
        if number in self._over:
            return
        game = Game.of(number, self._referee.words(number))
        if game.phase is Phase.OVER:
            self._over.add(number)
            return
        yield game
        if game.lanes:
            for event in self._referee.said(number):
                if event.name == "LaneOpened":
                    yield from self._running(event["lane"])

    def challenged(self, checkpoint_hash: bytes) -> bool:
        """Return whether this account plays, or played, against a claim."""
        mine = self._sender.address
        return any(
            event["checkpoint_hash"] == checkpoint_hash and event["challenger"] == mine
            for event in self._referee.games(self._group.voting.address)
        )

    def can_challenge(self) -> bool:
        """Return whether the account holds the bond and the gas of a game."""
        ether = self._group.chain.ether_of(self._sender.address)
        return ether >= self._referee.bond() + RESERVE

    def challenge(self, checkpoint_hash: bytes) -> bool:
        what = f"challenge the claim {checkpoint_hash.hex()[:12]}"
        return attempt(what, lambda: self._sender.challenge(self._group, checkpoint_hash))

    def play(self, now: int) -> bool:
        """Make every move that is due; whether there was one."""
        moved = [self._step(game, now) for game in self.games()]
        if self._referee.credit(self._sender.address):
            attempt("withdraw from the referee", self._sender.withdraw_from_referee)
        return any(moved)

    def _step(self, game: Game, now: int) -> bool:
        me = self._sender.address
        if me not in (game.challenger, game.defender):
            return False
        if self._group.voting.is_refuted(game.checkpoint_hash):
            return self._send(game, "close", lambda: self._sender.close(game.number))
        if game.phase is Phase.LANES:
            return False
        if now > game.deadline:
            return self._send(game, "end", lambda: self._sender.timeout(game.number))
        mover = game.challenger if game.turn is Side.CHALLENGER else game.defender
        if mover != me:
            return False
        belief = self._beliefs(game.checkpoint_hash)
        if belief is None:
            logger.warning("dispute %d: the bytes of its claim are not there", game.number)
            return False
        move = self.next_move(game, belief)
        return move is not None and self.send(game, move)

    def send(self, game: Game, move: Move, bond: int = 0) -> bool:
        """Make a move, and say which."""
        return self._send(
            game,
            move.sentence,
            lambda: self._sender.move(move.function, game.number, move.arguments, bond),
        )

    def _send(self, game: Game, what: str, send: Callable[[], object]) -> bool:
        return attempt(f"{what} in dispute {game.number}", send)

    def next_move(self, game: Game, belief: Belief) -> Move | None:
        """The move of the side whose turn it is, by this belief."""
        player = Player(belief, self._referee.reads)
        book = Book.of(self._told(game), player.depths(game))
        if game.turn is Side.DEFENDER:
            return player.defend(game, book)
        started = game.phase is Phase.SUMS and game.position == 0
        exposed = player.expose(game, book) if started else None
        return exposed or player.attack(game, book)

    def _told(self, game: Game) -> list[Event]:
        said = self._referee.said(game.number)
        if game.main:
            before = self._referee.said(game.main)
            said = [e for e in before if e.name == "LaneOpened" and e["lane"] == game.number] + said
            said = [e for e in before if e.name == "Stated"] + said
        return [Event(e.name, e.arguments) for e in said]
