"""Plays the games that concern one account: all that is needed is on chain and in the content."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from compute.chain import Group
from compute.chain.claims import eval_root_hash
from compute.chain.events import Event as Told
from compute.chain.sender import Sender
from compute.dispute.belief import Belief
from compute.dispute.book import Book, Event
from compute.dispute.moves import Move, Player
from compute.dispute.state import GRACE, Game, NoMove, Phase, Side
from compute.node.clock import RETRY_SECONDS, Wait
from compute.node.sending import attempt
from compute.storage import BlockUnavailable
from compute.units import ETHER

logger = logging.getLogger(__name__)

RESERVE = ETHER // 20  # kept for the gas of a game
REREAD = 128  # chain blocks that a reorganisation may take back
TRIES = 2  # games that one account begins against one claim: the first may be lost by its clock
LATE = 1  # the reason of `Ended`

# What is believed of a challenged claim. Raises NoMove or BlockUnavailable where it is not known.
Beliefs = Callable[[Game], Belief]


@dataclass(frozen=True)
class Duties:
    """What an account does besides defending its own claims: `challenge` false ones, open `lanes`
    for true ones whose trainers are late, and at once for those of `payee`, a contract that is paid
    for the account's own. It has at most `most` wei in bonds at a time."""

    challenge: bool = True
    lanes: bool = False
    payee: str | None = None
    most: int = ETHER // 2


class Disputes:
    """The games of a group that an account challenges in or defends."""

    def __init__(self, group: Group, sender: Sender, beliefs: Beliefs, duties: Duties) -> None:
        self._group, self._sender, self._beliefs = group, sender, beliefs
        self._duties = duties
        self._referee = group.chain.referee
        self._games: dict[int, Game] = {}  # the group's games and lanes, as they began
        self._seen = (0, 0)  # a chain block, and how many there were in it
        self._settled = 0  # the newest number that no reorganisation gives to another game
        self._over: dict[int, int] = {}  # number -> chain block in which it was seen to be over
        self._since: dict[int, int] = {}  # block of the group -> the first with its disputes

    # --- which games there are ---

    def _follow(self) -> int:
        """Learn of new games; the chain block that is known now."""
        head, voting = self._group.chain.head().number, self._group.voting.address
        count = self._referee.count(at=head)
        new = self._referee.games(voting, range(self._settled + 1, count + 1), at=head)
        kept = {n: game for n, game in self._games.items() if n <= self._settled}
        self._games = kept | {n: Game.of(n, words) for n, words in new.items()}
        if head > self._seen[0] + REREAD:
            self._settled, self._seen = self._seen[1], (head, count)
        return head

    def _is_over(self, number: int, head: int) -> bool:
        """For good: no reorganisation begins it again."""
        return number in self._over and head - self._over[number] > REREAD

    def _running(self) -> Iterator[Game]:
        """Games that concern this account, main games before their lanes."""
        return (game for game in self._open() if game.phase not in (Phase.OVER, Phase.NONE))

    def _open(self) -> Iterator[Game]:
        """The same, and those that were over a moment ago, or owe this account something."""
        head = self._follow()
        for number in sorted(self._games):
            if self._is_over(number, head) or not self._concerns(self._games[number]):
                continue
            game = Game.of(number, self._referee.words(number))
            ended = game.phase in (Phase.OVER, Phase.NONE)  # none: a reorganisation took it back
            if ended and not game.owes(self._sender.address):
                self._over.setdefault(number, head)
            else:
                self._over.pop(number, None)
            yield game

    def _concerns(self, game: Game) -> bool:
        mine = self._sender.address, self._duties.payee
        return self._duties.lanes or game.challenger == mine[0] or game.defender in mine

    def _said(self, number: int) -> list[Told]:
        """What was said in a game, since its claim was revealed."""
        block, chain = self._games[number].block, self._group.chain
        if block not in self._since:
            revealed, last = self._group.slot(block).reveal_at, chain.head().number
            first = chain.heads.block_at(revealed, chain.deployment.block, last)
            self._since[block] = first
        return self._referee.said(number, self._since[block])

    # --- beginning one ---

    def may_challenge(self, checkpoint_hash: bytes) -> bool:
        """Return whether this account plays no game against a claim, and lost none but by its
        clock."""
        mine = [
            number
            for number, game in self._games.items()
            if not game.main
            and game.checkpoint_hash == checkpoint_hash
            and game.challenger == self._sender.address
        ]
        return len(mine) < TRIES and all(map(self._was_late, mine))

    def _was_late(self, number: int) -> bool:
        said = self._said(number)
        return any(e.name == "Ended" and not e["fell"] and e["reason"] == LATE for e in said)

    def hindrance(self) -> str | None:
        """Why the account cannot post a bond now."""
        bond, me = self._referee.bond(), self._sender.address
        posted = sum(bond for game in self._running() if me == _poster(game))
        if posted + bond > self._duties.most:
            return f"{posted / ETHER:g} ether lie in bonds already, see --bonds"
        if self._group.chain.ether_of(me) < bond + RESERVE:
            return f"the bond of {bond / ETHER:g} ether and the gas of a game are missing"
        return None

    def challenge(self, checkpoint_hash: bytes) -> bool:
        """Begin a game against a claim; whether it has begun."""
        what = f"challenge the claim {checkpoint_hash.hex()[:12]}"
        return attempt(what, lambda: self._sender.challenge(self._group, checkpoint_hash))

    # --- playing ---

    def play(self, now: int) -> Wait | None:
        """Make every move that is due; what is waited for then, None if nothing runs."""
        while any([self._step(game, now) for game in self._running()]):
            now = self._group.chain.now()
        for game in self._open():
            if game.owes(self._sender.address):
                self._send(game, "withdraw", partial(self._sender.withdraw_bond, game.number))
        waits = [self._wait(game, now) for game in self._running()]
        return min(waits, key=lambda wait: wait.until, default=None)

    def _wait(self, game: Game, now: int) -> Wait:
        phase = game.phase.name.lower()
        doing = f"dispute {game.number}: the {game.turn.value} moves ({phase} {game.height})"
        until = game.deadline + 1 if now <= game.deadline else now + RETRY_SECONDS
        return Wait(until, doing, recheck=True)

    def _step(self, game: Game, now: int) -> bool:
        """Return whether a transaction was made."""
        me = self._sender.address
        if self._group.voting.is_refuted(game.checkpoint_hash):
            mine = me in (game.challenger, game.defender) and not game.main
            return mine and self._send(game, "close", lambda: self._sender.close(game.number))
        if game.phase is Phase.LANES:
            return False
        if now > game.deadline:
            gains = me in (game.challenger, game.defender) and game.mover != me
            return gains and self._send(game, "end", lambda: self._sender.timeout(game.number))
        if game.mover == me:
            return self._move(game)
        return self._is_left(game, now) and self._stand_in(game)

    def _is_left(self, game: Game, now: int) -> bool:
        """Return whether the defender's move is ours to make: the payee makes none, other trainers
        have half of the time for it."""
        if game.turn is not Side.DEFENDER or game.main:
            return False
        spent, given = now - game.since, max(game.left[1], GRACE)
        return game.defender == self._duties.payee or (self._duties.lanes and 2 * spent >= given)

    def _stand_in(self, game: Game) -> bool:
        """Make the defender's move for a true claim: with a bond, where it commits to a trace."""
        if game.phase is Phase.SPLIT:  # the trainer's own alone
            return False
        if game.phase is not Phase.TRACE:
            return self._move(game, honest=True)
        if any(self._is_mine(lane, game) for lane in self._games.values()):
            return False
        hindrance = self.hindrance()
        if hindrance is not None:
            logger.warning("dispute %d: no lane opened: %s", game.number, hindrance)
            return False
        return self._move(game, self._referee.bond(), honest=True)

    def _is_mine(self, lane: Game, main: Game) -> bool:
        return lane.main == main.number and lane.defender == self._sender.address

    def _move(self, game: Game, bond: int = 0, *, honest: bool = False) -> bool:
        """Make the move that is due, if there is one; with `honest` only for a claim that is true
        as far as this account knows."""
        try:
            belief = self._beliefs(game)
            if honest and not _agrees(game, belief):
                return False
            move = self.next_move(game, belief)
        except (NoMove, BlockUnavailable) as error:
            logger.warning("dispute %d: no move: %s", game.number, error)
            return False
        return self.send(game, move, bond)

    def send(self, game: Game, move: Move, bond: int = 0) -> bool:
        """Make a move, and say which."""
        return self._send(
            game,
            move.sentence,
            lambda: self._sender.move(move.function, game.number, move.arguments, bond),
        )

    def _send(self, game: Game, what: str, send: Callable[[], object]) -> bool:
        return attempt(f"{what} in dispute {game.number}", send)

    def next_move(self, game: Game, belief: Belief) -> Move:
        """The move of the side whose turn it is, by this belief. Raises NoMove."""
        player = Player(belief, self._referee.reads)
        book = Book.of(self._told(game), player.depths(game))
        if game.turn is Side.DEFENDER:
            return player.defend(game, book)
        started = game.phase is Phase.SUMS and game.position == 0
        exposed = player.expose(game, book) if started else None
        return exposed or player.attack(game, book)

    def stated_data(self, game: Game) -> bytes | None:
        """The root of the data that a claim was shown to be of, as soon as it is."""
        if game.phase is Phase.CLAIM:
            return None
        stated = [event for event in self._told(game) if event.name == "Stated"]
        return stated[-1].values["evaluation"][5] if stated else None

    def _told(self, game: Game) -> list[Event]:
        said = self._said(game.number)
        if game.main:
            before = self._said(game.main)
            said = [e for e in before if e.name == "LaneOpened" and e["lane"] == game.number] + said
            said = [e for e in before if e.name == "Stated"] + said
        return [Event(e.name, e.arguments) for e in said]


def _poster(game: Game) -> str:
    """Whose bond lies in a game: the challenger's in a main one, in a lane who brought it."""
    return game.defender if game.main else game.challenger


def _agrees(game: Game, belief: Belief) -> bool:
    """Return whether the claim in dispute is what this account believes."""
    root = belief.evaluation.root
    return game.evaluation in (root, eval_root_hash(root))
