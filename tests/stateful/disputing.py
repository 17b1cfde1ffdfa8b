"""Disputes at random: true and false claims, several challengers, lanes, idlers, noise. R1-R17.

Whoever is honest moves before its clock has run down and has the bytes; all others do as they like.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import hypothesis.strategies as st
from hypothesis.stateful import invariant, precondition, rule

from compute.dispute.moves import Move
from compute.dispute.state import BUDGET, GRACE, Game, Phase, Side
from tests.attacks.scene import Scene
from tests.stateful.court import ALICE, HALF, Court, Table, outcome
from tests.stateful.machine import Machine, check, hold, refusal
from tests.stateful.world import CHALLENGE, CHALLENGE_BOND, DAY, ZERO, Reverted, ether_of
from tests.support.disputes import Honest, Liar, lie_about

GAMES = 8  # at most
CHALLENGERS = st.sampled_from([0, 1, 2, 4, 5, ALICE])
SEED = st.integers(0, 10**6)


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
    stuck: bool = False  # a liar that has nothing to say any more
    moves: int = 0

    @property
    def game(self) -> Game:
        return self.table.game

    @property
    def runs(self) -> bool:
        return self.game.phase is not Phase.OVER


class DisputeRules(Machine):
    """Claims of one trainer in one group, before one referee."""

    scene: ClassVar[Scene]
    honest: ClassVar[list[Honest]]  # each better than the one before

    def __init__(self) -> None:
        super().__init__()
        self.referee = self.world.referee
        self.cases: list[Case] = []
        self.seats: list[Seat] = []
        self.withdrawn: dict[str, int] = {}
        self.redeemed: set[int] = set()

    def teardown(self) -> None:
        """Until all is over: R1, R16, R17."""
        try:
            self.pass_time(2 * (2 * BUDGET + 60 * GRACE))
            hold("R17: all games end", not any(seat.runs for seat in self.seats))
            self.the_honest_never_lose()
            self.no_wei_is_made_or_lost()
        finally:
            super().teardown()

    # what happens by itself

    def pass_time(self, seconds: int) -> None:
        """The honest move at once; whose time is over is told so."""
        end = self.world.now + seconds
        while True:
            while any([self.serve(seat) for seat in list(self.seats) if seat.runs]):
                pass
            late = [s.game.deadline for s in self.seats if s.runs and s.game.phase != Phase.LANES]
            now = min([*late, end]) + 1
            if now > end:
                break
            self.world.now = now
        self.world.now = end

    def serve(self, seat: Seat) -> bool:
        """One thing that somebody does for this game unasked; was there any?"""
        game = seat.game
        if (seat.main is None and seat.case.refuted) or (seat.main and not seat.main.runs):
            self.referee.close(seat.table.n)
        elif game.phase is Phase.LANES:
            return False
        elif self.world.now > game.deadline:
            self.timed_out(seat)
        elif seat.honest[game.turn]:
            self.play(seat)
        else:
            return False
        return True

    def timed_out(self, seat: Seat) -> None:
        game = seat.game
        lost_by_honest = seat.honest[game.turn] and not seat.stuck
        hold("R1: an honest side is in time", not lost_by_honest, game)
        self.referee.timeout(seat.table.n)
        lasted = self.world.now - seat.began
        hold("R17", lasted <= 2 * BUDGET + (seat.moves + 1) * (GRACE + 1), lasted, seat.moves)

    def play(self, seat: Seat) -> None:
        """The move of whose turn it is; a liar may have none that is taken."""
        honest = seat.honest[seat.game.turn]
        try:
            seat.table.send(seat.table.next())
        except Exception as error:  # a liar asks for what is not there
            hold("R1: an honest move is taken", not honest, error)
            seat.stuck = True
        seat.moves += 1

    # what people do

    @precondition(lambda self: len(self.cases) < len(self.honest))
    @rule(true=st.booleans(), row=st.integers(0, 23), at=SEED)
    def claim(self, true: bool, row: int, at: int) -> None:
        """A majority accepts the next model, unless its baseline is refuted meanwhile."""
        own = self.honest[len(self.cases)]
        lied = lie_about(own, at % 18, row, at % own.rows.rows[row].elements)
        belief: Honest | Liar = own if true else lied
        scene, said = self.scene, belief.evaluation
        self.pass_time(scene.group.start(scene.block + 1) - self.world.now)
        loss, _, _, known = scene.group.voting.baseline()
        court = Court(scene, said.root, said.loss, baseline_loss=loss if known else said.loss + 99)
        scene.commit(court.claim)
        self.pass_time(scene.group.reveal_at(scene.block) - self.world.now)
        if isinstance(refusal(scene.reveal, court.claim), Reverted):
            return
        self.pass_time(scene.group.vote_at(scene.block) - self.world.now)
        scene.vote(court.claim, 0, 1, 2)
        court.block = scene.block
        self.pass_time(scene.group.start(court.block + 1) - self.world.now)
        scene.group.voting.settle()
        if outcome(court) == 1:
            self.cases.append(Case(court, own, belief))

    @precondition(lambda self: self.cases and len(self.seats) < GAMES)
    @rule(pick=SEED, who=CHALLENGERS, honest=st.booleans(), row=st.integers(0, 23))
    def challenge(self, pick: int, who: int, honest: bool, row: int) -> None:
        """The honest challenge what is false, others whatever they like, the trainer its own."""
        case = self.cases[pick % len(self.cases)]
        honest = honest and not case.true
        belief = case.truth if honest else lie_about(case.truth, pick % 18, row, 0)
        end = self.scene.group.start(case.court.block + 1) + CHALLENGE
        reason = "cv: refuted" if case.refuted else None
        reason = "cv: challenge ended" if self.world.now >= end and not reason else reason
        n = self.attempt(reason, case.court.challenge, who)
        if reason is None:
            table = Table(case.court, n, case.belief, belief)
            sides = {Side.DEFENDER: case.true, Side.CHALLENGER: honest}
            self.seats.append(Seat(case, table, sides, who, self.world.now))

    def running(self) -> list[Seat]:
        return [seat for seat in self.seats if seat.runs]

    @precondition(lambda self: self.running())
    @rule(pick=SEED, times=st.integers(1, 12))
    def move(self, pick: int, times: int) -> None:
        seat = self.running()[pick % len(self.running())]
        for _ in range(times):
            if seat.stuck or seat.game.phase in (Phase.OVER, Phase.LANES):
                return
            self.play(seat)

    @precondition(lambda self: self.running())
    @rule(pick=SEED, who=CHALLENGERS)
    def bring(self, pick: int, who: int) -> None:
        """R14: somebody fills a lane with the trainer's trace, no other ends in the loss."""
        main = self.running()[pick % len(self.running())]
        game = main.game
        if game.phase is not Phase.TRACE or main.main or self.people[who] == game.defender:
            return
        lane = Table(main.case.court, game.number, main.case.belief, main.table.challenger._belief)
        move = main.table.defender.defend(game, main.table.book(main.table.defender))
        send = getattr(self.referee, move.function)
        send(game.number, *move.arguments, sender=self.people[who], value=CHALLENGE_BOND)
        lane.n, lane.events = int(self.referee.n_games()), list(main.table.events)
        lane._tell(move)
        seat = Seat(main.case, lane, main.honest, who, main.began, main, moves=main.moves + 1)
        self.seats.append(seat)

    @rule(seconds=st.sampled_from([60, 1_800, GRACE, 4 * GRACE, BUDGET, DAY, 3 * DAY]))
    def sleep(self, seconds: int) -> None:
        self.pass_time(seconds)

    @precondition(lambda self: any(seat.table.moves for seat in self.seats))
    @rule(pick=SEED, at=SEED, who=st.integers(0, 5))
    def repeat(self, pick: int, at: int, who: int) -> None:
        """R7, R8: nothing is taken twice, whoever sends it, in whichever game."""
        told = [seat for seat in self.seats if seat.table.moves]
        moves = told[at % len(told)].table.moves
        move: Move = moves[at % len(moves)]
        seat = told[at % len(told)]
        if move.function == "state" and seat.game.phase is Phase.CLAIM:
            return
        call: Callable[..., Any] = getattr(self.referee, move.function)
        found = refusal(call, seat.table.n, *move.arguments, sender=self.people[who])
        hold("R8", isinstance(found, Reverted), move)

    @precondition(lambda self: self.seats)
    @rule(pick=SEED, close=st.booleans())
    def end(self, pick: int, close: bool) -> None:
        """R17, R16: too early, or of what is over."""
        seat = self.seats[pick % len(self.seats)]
        game = seat.game
        if close:
            open_ = not seat.case.refuted if seat.main is None else seat.main.runs
            reason = "rf: undecided" if open_ else None
            reason = reason if seat.runs else "rf: nothing runs"
            self.attempt(reason, self.referee.close, seat.table.n)
            return
        reason = "rf: time left" if self.world.now <= game.deadline else None
        if game.phase in (Phase.OVER, Phase.LANES):
            reason = "rf: nothing runs"
        if reason:
            self.attempt(reason, self.referee.timeout, seat.table.n)

    @rule(who=st.integers(0, 6))
    def withdraw(self, who: int) -> None:
        """R16: once."""
        person = self.people[who]
        owed, before = self.referee.credit(person), ether_of(person)
        self.attempt(None if owed else "rf: nothing", self.referee.withdraw, person)
        self.withdrawn[person] = self.withdrawn.get(person, 0) + owed
        check("R16", ether_of(person) - before, owed)

    @precondition(lambda self: self.cases)
    @rule(pick=SEED)
    def redeem(self, pick: int) -> None:
        """R10, R11"""
        case = self.cases[pick % len(self.cases)]
        held = any(s.runs for s in self.mains(case))
        reason = "cv: challenged" if held else None
        reason = "cv: redeemed" if case.court.block in self.redeemed else reason
        reason = "cv: not accepted" if case.refuted else reason
        self.attempt(reason, self.scene.group.voting.redeem, case.court.block)
        if reason is None:
            self.redeemed.add(case.court.block)

    # what holds

    def mains(self, case: Case) -> Iterator[Seat]:
        return (seat for seat in self.seats if seat.case is case and seat.main is None)

    @invariant()
    def no_wei_is_made_or_lost(self) -> None:
        """R16"""
        credit = sum(self.referee.credit(who) for who in [*self.people, ZERO])
        posted = CHALLENGE_BOND * len(self.running())
        check("R16", ether_of(self.referee.address), credit + posted)

    @invariant()
    def what_is_disputed_is_held(self) -> None:
        """R10"""
        for case in self.cases:
            running = sum(seat.runs for seat in self.mains(case))
            check("R10", self.referee.open_games(*case.court.where()), running)
            voting = self.scene.group.voting
            check("R10", voting.is_disputed(case.court.claim.checkpoint_hash), running > 0)

    @invariant()
    def the_honest_never_lose(self) -> None:
        """R1: neither side, whatever others do in games beside theirs."""
        for case in self.cases:
            hold("R1: a true claim stands", not (case.true and case.refuted))
            told = [s for s in self.mains(case) if s.honest[Side.CHALLENGER] and not s.runs]
            hold("R1: a false claim falls", case.refuted or not told)
        won: Counter[int] = Counter()
        for seat in self.seats:
            if seat.main is None and not seat.runs:
                won[seat.who] += CHALLENGE_BOND * seat.honest[Side.CHALLENGER]
                alone = not any(lane.main is seat for lane in self.seats)
                won[ALICE] += HALF * (seat.honest[Side.DEFENDER] and alone)
        for who, wei in won.items():
            person = self.people[who]
            back = self.referee.credit(person) + self.withdrawn.get(person, 0)
            hold("R16: what the honest have won", back >= wei, who, back, wei)
