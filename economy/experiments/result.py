"""What an experiment found: a table, and what to draw of it."""

from dataclasses import dataclass, field

Cell = str | float
Line = tuple[list[float], list[float]]


@dataclass(frozen=True)
class Figure:
    """Lines over an axis, by label."""

    name: str
    title: str
    x: str
    y: str
    lines: dict[str, Line]


@dataclass(frozen=True)
class Result:
    """Rows under columns, and the figures that show them."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    figures: list[Figure] = field(default_factory=list)
