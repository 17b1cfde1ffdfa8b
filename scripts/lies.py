"""Lies that `scripts/prove.py` plants in the contracts, each with the proof that must refute it."""

from collections.abc import Iterator
from dataclasses import dataclass

from scripts.mutants import Mutant, planted

# What is wrong: (the proof that must notice, correct text, wrong text).
LIES: dict[str, tuple[str, str, str]] = {}


@dataclass(frozen=True)
class Lie:
    """A contract that breaks a statement, and the proof of that statement."""

    proof: str
    mutant: Mutant


def lies() -> Iterator[Lie]:
    """Every planted lie."""
    texts = {what: (right, wrong) for what, (_, right, wrong) in LIES.items()}
    for mutant in planted(texts):
        yield Lie(LIES[mutant.what][0], mutant)
