"""The parent of a fork."""

from __future__ import annotations

from dataclasses import dataclass

MAPS = ("deepen", "same", "seed", "widen")


@dataclass(frozen=True)
class Parent:
    """The parent's model hash and how its parameters are mapped."""

    model_hash: bytes
    map: str
