"""What a founder may ask about: the parameters of a group, and of the world around it."""

import tomllib
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from eth_abi.exceptions import EncodingError

from compute.chain.refusals import in_words
from economy.evm import Reverted
from economy.protocol import HOUR, NRN, TERMS, Protocol
from economy.race import UNIT

_SCALES = {"bond": NRN, "min_improvement": UNIT, "max_improvement": UNIT,
           "commit_window": HOUR, "reveal_window": HOUR, "vote_window": HOUR}  # fmt: skip
_AT_HAND = 40_000  # NRN that nobody stakes: players' bonds and purses


class SettingsError(Exception):
    """The file asks for something that does not exist, is no number, or cannot be."""


@dataclass(frozen=True)
class World:
    """Amounts in NRN; `training`: of speed 1 for a block; `evaluation`: of one claim."""

    seed: int = 1
    issued: float = 600_000.0
    staked: float = 240_000.0
    weeks: int = 52
    training: float = 0.3
    evaluation: float = 0.01
    sponsorship: float = 0.0  # a week
    speeds: tuple[float, ...] = (0.5, 1.0, 2.0)
    full: bool = False


@dataclass(frozen=True)
class Settings:
    """A world, and what differs from `TERMS` in the group."""

    world: World = World()
    terms: dict[str, Any] = field(default_factory=dict)

    def but(self, **changes: Any) -> "Settings":
        """The same with changes of the world."""
        return replace(self, world=replace(self.world, **changes))

    def with_terms(self, **changes: Any) -> "Settings":
        """The same with changes of the group."""
        return replace(self, terms=self.terms | changes)


def load(path: Path) -> Settings:
    """Read a TOML file with the tables `world` and `group`. Raises `SettingsError`.

    In `[group]` the bond is in NRN, improvements in nats, windows in hours.
    """
    try:
        given = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None
    unknown = given.keys() - {"world", "group"}
    if unknown:
        raise SettingsError(f"{path} has no use for {', '.join(sorted(unknown))}.")
    settings = Settings(_world(given.get("world", {})), _terms(given.get("group", {})))
    if settings.world.issued < settings.world.staked + _AT_HAND:
        raise SettingsError(f"[world] issued must be {_AT_HAND:,} NRN more than staked, or more.")
    try:
        Protocol({}).create_group(**settings.terms)
    except Reverted as refused:
        raise SettingsError(f"[group] is refused: {in_words(str(refused))}.") from None
    except EncodingError as error:
        raise SettingsError(f"[group] has a number that is too large: {error}.") from None
    return settings


def _world(given: dict[str, Any]) -> World:
    known = {item.name: item.default for item in fields(World)}
    for name, value in given.items():
        if name not in known:
            raise SettingsError(f"[world] has no '{name}', only: {', '.join(known)}.")
        if name == "speeds":
            given[name] = value = tuple(value) if isinstance(value, list) else ()
        numbers = value if isinstance(value, tuple) else (value,)
        if not numbers or not all(isinstance(n, int | float) and 0 <= n < 2**90 for n in numbers):
            raise SettingsError(f"[world] {name} must be a number, and not negative.")
    return replace(World(), **given)


def _terms(given: dict[str, Any]) -> dict[str, Any]:
    terms = {}
    for name, value in given.items():
        if not isinstance(TERMS.get(name), int):
            numbers = (name for name, default in TERMS.items() if isinstance(default, int))
            raise SettingsError(f"[group] has no '{name}', only: {', '.join(numbers)}.")
        if not isinstance(value, int | float) or not 0 <= value < 2**90:
            raise SettingsError(f"[group] {name} must be a number, and not negative.")
        terms[name] = round(value * _SCALES.get(name, 1))
    return terms
