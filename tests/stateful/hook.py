"""The referee's hook in the checkpoint voting: rules beside `block_model`, for R9 to R13.

The referee is anybody who holds its address: which games end how is its own affair.
"""

import hypothesis.strategies as st
from hypothesis.stateful import rule

from tests.stateful.block_model import BlockModel
from tests.stateful.blocks import BlockRules
from tests.stateful.machine import FLAW, PEOPLE, check


class HookRules(BlockRules):
    """Games begin against a claim, end, or refute it."""

    def some_claim(self, model: BlockModel, back: int) -> bytes:
        """One of the last claims, refuted ones too; else what nobody has claimed."""
        known = list(model.candidates)
        return known[-1 - back] if back < len(known) else model.accepted[0]

    @rule(pick=st.integers(0, 3), back=st.integers(0, 3), who=PEOPLE, flaw=FLAW)
    def hold(self, pick: int, back: int, who: int, flaw: int) -> None:
        """A first game begins."""
        group, model = self.race(pick)
        checkpoint = self.some_claim(model, back)
        sender = self.people[who] if flaw == 15 else self.world.referee_address
        reason = model.refuse_hold(checkpoint, self.world.now)
        reason = "cv: not the referee" if flaw == 15 else reason
        self.attempt(reason, group.voting.hold, checkpoint, True, sender=sender)
        if reason is None:
            model.candidates[checkpoint].held = True

    @rule(pick=st.integers(0, 3), back=st.integers(0, 3))
    def let_go(self, pick: int, back: int) -> None:
        """The last game is over and the claim stands."""
        group, model = self.race(pick)
        held = [c for c, candidate in model.candidates.items() if candidate.held]
        if held:
            checkpoint = held[-1 - back % len(held)]
            group.voting.hold(checkpoint, False, sender=self.world.referee_address)
            model.candidates[checkpoint].held = False

    @rule(pick=st.integers(0, 3), back=st.integers(0, 3), who=PEOPLE, flaw=FLAW)
    def refute(self, pick: int, back: int, who: int, flaw: int) -> None:
        """A game ends against the claim."""
        group, model = self.race(pick)
        held = [c for c, candidate in model.candidates.items() if candidate.held]
        if not held:
            return
        checkpoint, challenger = held[-1 - back % len(held)], self.people[who]
        sender = challenger if flaw == 15 else self.world.referee_address
        reason = "cv: not the referee" if flaw == 15 else None
        bond, nrn = model.candidates[checkpoint].bond, self.world.nrn
        before = nrn.balanceOf(challenger), nrn.totalSupply()
        self.attempt(reason, group.voting.refute, checkpoint, challenger, sender=sender)
        if reason is None:
            after = nrn.balanceOf(challenger), nrn.totalSupply()
            change = tuple(map(int.__sub__, after, before))
            check("R11 bond", change, (bond // 2, bond // 2 - bond))
            self.burned(bond - bond // 2)
            for block_index, round in model.rounds.items():
                if round.winner == checkpoint:
                    self.outcomes.pop((group.id, block_index), None)
            model.refute(checkpoint, self.world.now)
            check("R11 incumbent", group.voting.baseline()[2:], (model.height, model.known))
            check("R11 stands", group.voting.incumbent(), model.accepted[model.height])

    @rule(
        pick=st.integers(0, 3), back=st.integers(0, 2), who=PEOPLE,
        when=st.sampled_from(["vote", "end", "settled", "redeemed"]), outlasted=st.booleans(),
    )  # fmt: skip
    def disputed_block(self, pick: int, back: int, who: int, when: str, outlasted: bool) -> None:
        """A block whose winner, or another, is held and refuted, or stands; then what it pays."""
        self.play_block(pick, [0, 1, 5], False, False, 10, [7, 7, 3, None, 1, None], False)
        if when != "vote":
            self.skip_blocks(pick, 1)
        if when == "settled":
            self.settle(pick)
        if when == "redeemed":
            self.pay_out(pick, 0)
        self.hold(pick, back, who, 0)
        self.pay_out(pick, 0)
        if outlasted:
            self.outlast(pick)
            self.let_go(pick, 0)
        else:
            self.refute(pick, 0, who, 0)
            self.vote(pick, 3, 7, 3, 0)
            self.hold(pick, back, who, 0)
        self.pay_out(pick, 0)

    @rule(pick=st.integers(0, 3), who=PEOPLE, older=st.booleans())
    def refuted_in_a_row(self, pick: int, who: int, older: bool) -> None:
        """Two incumbents fall, the older or the newer first: what stands again is neither (R11)."""
        for _ in range(2):
            self.play_block(pick, [0], False, False, 10, [1, 1, 1, 1, 1, 1], True)
        for back in (1, 0) if older else (0, 0):
            self.hold(pick, back, who, 0)
            self.refute(pick, 0, who, 0)
        self.play_block(pick, [0], False, False, 10, [1, 1, 1, 1, 1, 1], True)
