"""Advice on a program for founders and voters; no part of consensus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from compute.oracle.reach import LARGEST_WORK, TooLarge, reach
from compute.program.operations.control import blocks
from compute.program.program import Block, Program


@dataclass(frozen=True)
class Sight:
    """The answer whether a position's prediction can feel later positions of an input.

    `ahead` is the first pair (position, later position that it can feel); None if there is none, or
    if the program is too large to be read (then `read` is false).
    """

    read: bool
    ahead: tuple[int, int] | None

    def __str__(self) -> str:
        if not self.read:
            return "too large to be read: try the same model with fewer positions"
        if self.ahead is None:
            return "each position feels itself and what is before it, nothing later"
        return f"position {self.ahead[0]} can feel position {self.ahead[1]}, which is later"


def sight(program: Program, name: str, output: int = 0, most: int = LARGEST_WORK) -> Sight | None:
    """Can a next-token model read its target?  None where input and output share no positions.

    Positions are the first axis of the input `name` and of the output, which has a second one: a
    list of numbers, such as the scores of classes, has none.  The target of a position is
    what stands later in the input; a model that can feel it need not predict it.
    """
    kind = dict(program.inputs)[name]
    result = program.main.result_types[output]
    if not kind.rank or result.rank < 2 or kind.shape[0] != result.shape[0]:
        return None
    try:
        felt = reach(program, name, most)[output]
    except TooLarge:
        return Sight(False, None)
    for position, positions in enumerate(felt):
        later = positions >> (position + 1)
        if later:
            nearest = (later & -later).bit_length()
            return Sight(True, (position, position + nearest))
    return Sight(True, None)


def sights(program: Program) -> dict[str, str]:
    """What `sight` says of each input that shares positions with the first output, for people."""
    found = {name: sight(program, name) for name, _ in program.inputs}
    return {name: str(seen) for name, seen in found.items() if seen is not None}


def operations(program: Program) -> Counter[str]:
    """Count the steps of each operation, in all blocks."""
    found: Counter[str] = Counter()
    waiting: list[Block] = [program.main]
    while waiting:
        for step in waiting.pop().steps:
            found[step.operation.name] += 1
            waiting += blocks(step.attributes)
    return found


def without_a_rule(program: Program, rules: Collection[str]) -> list[str]:
    """The operations of a program that are not in `rules`, such as those that a contract can do."""
    return sorted(operations(program).keys() - set(rules))
