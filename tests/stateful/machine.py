"""What all state machines share: a world that is undone afterwards, and predictions.

A machine sends a call together with the reason its model predicts (`None`: must succeed). Both
directions count: a call that should have been refused and a refusal nobody predicted.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from tests.stateful.world import NRN, Group, Reverted, World, rehearsal

# Round amounts make ties, odd ones make rounding.
AMOUNTS = st.sampled_from(
    [1, 7, 500 * NRN, 1_000 * NRN, 1_000 * NRN, 3_333 * NRN + 1, 10_000 * NRN]
)
PEOPLE = st.integers(0, 5)
# Most calls are meant to succeed; the high values each ask for one particular mistake.
FLAW = st.integers(0, 15)


class Machine(RuleBasedStateMachine):
    """Base of the machines: one world per process, one snapshot per example."""

    during_sale = False  # where the machine begins

    def __init__(self) -> None:
        super().__init__()
        self._snapshot = rehearsal()
        self.world = world()
        self._snapshot.__enter__()
        self.people = [person.address for person in self.world.people]
        self.groups: list[Group] = []
        self.steps = 0
        if not self.during_sale:
            self.travel(self.world.end)

    def teardown(self) -> None:
        self._snapshot.__exit__(None, None, None)

    @invariant()
    def a_step_is_made(self) -> None:
        self.steps += 1

    def attempt(
        self, predicted: str | None, call: Callable[..., Any], *args: Any, **kw: Any
    ) -> Any:
        """Send a call that the model says is refused for this reason, or not refused (`None`)."""
        reason = refusal(call, *args, **kw)
        if isinstance(reason, Reverted):
            assert predicted is not None, f"refused with '{reason}', predicted was success"
            assert str(reason) == predicted, f"refused with '{reason}', predicted was '{predicted}'"
            return None
        assert predicted is None, f"accepted, predicted was '{predicted}'"
        return reason

    def travel(self, to: int) -> None:
        """Let time pass until `to`; never back."""
        self.world.now = max(to, self.world.now)


@cache
def world() -> World:
    """The protocol in its sale, 100,000 NRN sold to each of six people; no group yet."""
    fresh = World()
    fresh.sell(*[100_000 * NRN] * 6)
    fresh.now = fresh.start
    fresh.allow(fresh.vault)
    return fresh


def refusal(call: Callable[..., Any], *args: Any, **kw: Any) -> Any:
    """The result of a call, or the `Reverted` it ended with."""
    try:
        return call(*args, **kw)
    except Reverted as reverted:
        return reverted


def check(statement: str, found: Any, expected: Any) -> None:
    """Assert one numbered statement of the specification."""
    assert found == expected, f"{statement}: found {found}, expected {expected}"


def hold(statement: str, condition: bool, *figures: Any) -> None:
    """Assert a numbered statement that is not an equality."""
    assert condition, f"{statement}: {figures}"
