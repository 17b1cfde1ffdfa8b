"""Disputes at random: true and false claims, several challengers, lanes, idlers, noise. R1-R17.

Whoever is honest moves before its clock has run down and has the bytes; all others do as they like.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, TypeVar

import hypothesis.strategies as st
from hypothesis.stateful import initialize, invariant, rule

from compute.dispute.moves import Move
from compute.dispute.state import BUDGET, GRACE, Phase, Side
from tests.attacks.scene import UNKNOWN, Scene
from tests.stateful.court import ALICE, HALF, Court, Table, outcome, owed
from tests.stateful.machine import Machine, check, hold, refusal
from tests.stateful.seats import Case, Seat, fair
from tests.stateful.world import CHALLENGE, CHALLENGE_BOND, DAY, ZERO, Reverted, ether_of
from tests.support.disputes import Honest, Liar, lie_about

GAMES = 8  # at most
CHALLENGERS = st.sampled_from([0, 1, 2, 4, 5, ALICE])
SEED = st.integers(0, 10**6)
T = TypeVar("T")


class DisputeRules(Machine):
    """Claims of one trainer in one group, before one referee."""

    scene: ClassVar[Scene]
    honest: ClassVar[list[Honest]]  # each better than the one before

    def __init__(self) -> None:
        super().__init__()
        self.referee = self.world.referee
        self.cases: list[Case] = []
        self.seats: list[Seat] = []
        self.withdrawn: Counter[str] = Counter()
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
            self.account(lambda: self.referee.close(seat.table.n))
        elif game.phase is Phase.LANES:
            return False
        elif self.world.now > game.deadline:
            self.timed_out(seat)
        elif seat.honest[game.turn] or (seat.awake and not seat.stuck):
            self.play(seat)
        else:
            return False
        return True

    def timed_out(self, seat: Seat) -> None:
        game = seat.game
        lost_by_honest = seat.honest[game.turn] and not seat.stuck
        hold("R1: an honest side is in time", not lost_by_honest, game)
        self.too_late(seat)
        self.account(lambda: self.referee.timeout(seat.table.n))
        lasted = self.world.now - seat.began
        hold("R17", lasted <= 2 * BUDGET + (seat.moves + 1) * (GRACE + 1), lasted, seat.moves)

    def too_late(self, seat: Seat) -> None:
        """R8: what would have been taken in time."""
        try:
            move = seat.table.next()
        except Exception:  # a liar has nothing to say
            return
        game = seat.game
        who = game.defender if game.turn is Side.DEFENDER else game.challenger
        call: Callable[..., Any] = getattr(self.referee, move.function)
        found = refusal(call, game.number, *move.arguments, sender=who)
        hold("R8: too late", isinstance(found, Reverted), move)

    def play(self, seat: Seat) -> None:
        """The move of whose turn it is; a liar may have none that is taken."""
        honest = seat.honest[seat.game.turn]
        try:
            self.account(lambda: seat.table.send(seat.table.next()))
        except AssertionError:
            raise
        except Exception as error:  # a liar asks for what is not there
            hold("R1: an honest move is taken", not honest, error)
            seat.stuck = True
        seat.moves += 1

    # what people do

    @initialize(row=st.integers(0, 23), at=SEED, who=CHALLENGERS)
    def begin(self, row: int, at: int, who: int) -> None:
        """A true claim and a false one, each challenged."""
        for true in (True, False):
            self.claim(true, row, at)
        self.challenge(1, who, True, row)
        self.challenge(0, (who + 1) % 6, False, row)

    @rule(true=st.booleans(), row=st.integers(0, 23), at=SEED)
    def claim(self, true: bool, row: int, at: int) -> None:
        """A majority accepts the next model, unless its baseline is refuted meanwhile."""
        if len(self.cases) == len(self.honest):
            return
        own = self.honest[len(self.cases)]
        lied = lie_about(own, at % 18, row, at % own.rows.rows[row].elements)
        belief: Honest | Liar = own if true else lied
        scene, said = self.scene, belief.evaluation
        self.pass_time(scene.group.start(scene.block + 1) - self.world.now)
        loss, _, _, known = scene.group.voting.baseline()
        court = Court(scene, said.root, said.loss, baseline_loss=loss if known else UNKNOWN)
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

    @rule(pick=SEED, who=CHALLENGERS, honest=st.booleans(), row=st.integers(0, 23))
    def challenge(self, pick: int, who: int, honest: bool, row: int) -> None:
        """The honest challenge what is false, others whatever they like, the trainer its own."""
        if not self.cases or len(self.seats) >= GAMES:
            return
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
            seat = Seat(case, table, sides, who, self.world.now, awake=pick % 4 > 0)
            self.seats.append(seat)

    @staticmethod
    def one_of(those: list[T], pick: int) -> T | None:
        return those[pick % len(those)] if those else None

    def running(self) -> list[Seat]:
        return [seat for seat in self.seats if seat.runs]

    @rule(pick=SEED, times=st.integers(1, 12))
    def move(self, pick: int, times: int) -> None:
        seat = self.one_of(self.running(), pick)
        for _ in range(times if seat else 0):
            if seat.stuck or seat.game.phase in (Phase.OVER, Phase.LANES):
                return
            self.play(seat)

    @rule(pick=SEED, who=CHALLENGERS)
    def bring(self, pick: int, who: int) -> None:
        """R14: somebody fills a lane with the trainer's trace, no other ends in the loss."""
        main = self.one_of(self.running(), pick)
        if main is None:
            return
        game = main.game
        if game.phase is not Phase.TRACE or main.main or self.people[who] == game.defender:
            return
        lane = main.table.bring(main.case.belief, who)
        seat = Seat(main.case, lane, main.honest, who, main.began, main, moves=main.moves + 1)
        self.seats.append(seat)

    @rule(seconds=st.sampled_from([60, 1_800, GRACE, 4 * GRACE, BUDGET, DAY, 3 * DAY]))
    def sleep(self, seconds: int) -> None:
        self.pass_time(seconds)

    @rule(pick=SEED, at=SEED, who=st.integers(0, 5))
    def repeat(self, pick: int, at: int, who: int) -> None:
        """R7, R8: nothing is taken twice, whoever sends it, in whichever game."""
        seat = self.one_of([seat for seat in self.seats if seat.table.moves], pick)
        if seat is None:
            return
        move: Move = seat.table.moves[at % len(seat.table.moves)]
        call: Callable[..., Any] = getattr(self.referee, move.function)
        found = refusal(call, seat.table.n, *move.arguments, sender=self.people[who])
        hold("R8", isinstance(found, Reverted), move)

    @rule(pick=SEED, who=st.integers(0, 5))
    def usurp(self, pick: int, who: int) -> None:
        """R7: a stranger has the right move of a challenger, or of who commits to parts."""
        seat = self.one_of([seat for seat in self.running() if not seat.stuck], pick)
        if seat is None or self.world.now > seat.game.deadline:
            return
        game, stranger = seat.game, self.people[who]
        own = game.turn is Side.CHALLENGER or game.phase is Phase.SPLIT
        if not own or stranger in (game.challenger.lower(), game.defender):
            return
        try:
            move = seat.table.next()
        except Exception:  # a liar has nothing to say
            return
        call: Callable[..., Any] = getattr(self.referee, move.function)
        side = "challenger" if game.turn is Side.CHALLENGER else "defender"
        self.attempt(f"rf: not the {side}", call, seat.table.n, *move.arguments, sender=stranger)

    @rule(pick=SEED, close=st.booleans())
    def end(self, pick: int, close: bool) -> None:
        """R17, R16: too early, or of what is over."""
        seat = self.one_of(self.seats, pick)
        if seat is None:
            return
        game = seat.game
        if close:
            open_ = not seat.case.refuted if seat.main is None else seat.main.runs
            reason = "rf: undecided" if open_ else None
            reason = reason if seat.runs else "rf: nothing runs"
            self.account(lambda: self.attempt(reason, self.referee.close, seat.table.n))
            return
        reason = "rf: time left" if self.world.now <= game.deadline else None
        if game.phase in (Phase.OVER, Phase.LANES):
            reason = "rf: nothing runs"
        if reason:
            self.attempt(reason, self.referee.timeout, seat.table.n)

    @rule(pick=SEED)
    def withdraw(self, pick: int) -> None:
        """R16: once."""
        seat = self.one_of(self.seats, pick)
        if seat is None:
            return
        before = Counter({who: ether_of(who) for who in self.people})
        due = owed(seat.game)
        reason = None if due.total() else "rf: nothing"
        self.attempt(reason, self.referee.withdraw, seat.table.n)
        self.withdrawn += due
        check("R16", Counter({who: ether_of(who) for who in self.people}) - before, +due)

    @rule(pick=SEED)
    def redeem(self, pick: int) -> None:
        """R10, R11"""
        case = self.one_of(self.cases, pick)
        if case is None:
            return
        held = any(s.runs for s in self.mains(case))
        reason = "cv: challenged" if held else None
        reason = "cv: redeemed" if case.court.block in self.redeemed else reason
        reason = "cv: not accepted" if case.refuted else reason
        self.attempt(reason, self.scene.group.voting.redeem, case.court.block)
        if reason is None:
            self.redeemed.add(case.court.block)

    # what is paid

    def account(self, act: Callable[[], object]) -> None:
        """R16: what one call credits is what its seats have earned."""
        running = [seat for seat in self.seats if seat.runs]
        refuted = {id(case): case.refuted for case in self.cases}
        before = self.earned()
        act()
        ended = [seat for seat in running if not seat.runs]
        paid = self.earned()
        paid.subtract(before)
        allowed = fair(ended, running, refuted, self.people)
        hold("R16: to whom it belongs", paid in allowed, paid, allowed)

    def earned(self) -> Counter[str]:
        """All that was ever owed, and what is nobody's."""
        found = sum((owed(seat.game) for seat in self.seats), Counter())
        posted = CHALLENGE_BOND * len(self.running())
        rest = ether_of(self.referee.address) - posted - found.total()
        return found + self.withdrawn + Counter({ZERO: rest})

    # what holds

    def mains(self, case: Case) -> Iterator[Seat]:
        return (seat for seat in self.seats if seat.case is case and seat.main is None)

    @invariant()
    def no_wei_is_made_or_lost(self) -> None:
        """R16: of what was posted, what is neither posted still nor owed nor paid is halves of lost
        bonds."""
        lost = self.earned()[ZERO]
        check(
            "R16",
            sum(self.earned().values()),
            CHALLENGE_BOND * (len(self.seats) - len(self.running())),
        )
        hold("R16", 0 <= lost <= HALF * len(self.seats), lost)

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
