"""Values on the command line: a cell for people, JSON for programs."""

from dataclasses import asdict, is_dataclass
from enum import Enum
from typing import Any

from compute.inert import inert
from compute.values import Amount, Digest, Loss, Moment, Name, Size, Span

__all__ = [
    "Amount",
    "Digest",
    "Loss",
    "Moment",
    "Name",
    "Size",
    "Span",
    "for_people",
    "for_programs",
]


def for_people(value: Any) -> str:
    """Format a value for a table."""
    if value is None or (isinstance(value, dict | list | tuple | str) and not value):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return value.name.lower().replace("_", " ")
    if isinstance(value, dict):
        return ", ".join(f"{inert(str(key))} {for_people(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(for_people(item) for item in value)
    return inert(str(value))


def for_programs(value: Any) -> Any:
    """The JSON form: amounts as strings of units, hashes as 0x…, names of choices in lower case."""
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, Amount):
        return str(int(value))
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, dict):
        return {key: for_programs(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [for_programs(item) for item in value]
    return value
