"""A delta on a terminal: counts, class balance, and the pictures themselves."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from compute.training_set import class_counts

if TYPE_CHECKING:
    from compute.training_set import Preview

MAX_SIDE = 64  # pixels of a picture that a terminal can show


def facts(change: "Preview", target: str) -> dict[str, Any]:
    """How many examples of which class come and go."""
    return {
        "adds": len(change.added[target]),
        "removes": len(change.removed[target]),
        "adds_by_class": {str(k): n for k, n in class_counts(change.added, target).items()},
        "removes_by_class": {str(k): n for k, n in class_counts(change.removed, target).items()},
        "empty_because": change.empty_because,
    }


def page(facts: Mapping[str, Any], change: "Preview", target: str, samples: int) -> RenderableType:
    """The facts as a table, over `samples` examples of what is added and of what is removed."""
    title = f"Proposal {facts['proposal']}: {facts['adds']} added, {facts['removes']} removed"
    table = Table(title=title, title_justify="left", title_style="bold")
    for heading in ("class", "added", "removed"):
        table.add_column(heading, justify="right")
    for name in sorted({*facts["adds_by_class"], *facts["removes_by_class"]}, key=int):
        counts = (facts[key].get(name, 0) for key in ("adds_by_class", "removes_by_class"))
        table.add_row(name, *(str(count) for count in counts))
    parts: list[RenderableType] = [table]
    if facts["empty_because"] is not None:
        parts.append(Text(f"It would change nothing: {facts['empty_because']}", style="red"))
    for what, columns in (("added", change.added), ("removed", change.removed)):
        pictures = [
            _picture(columns, target, row) for row in _spread(len(columns[target]), samples)
        ]
        shown = [picture for picture in pictures if picture is not None]
        if shown:
            parts += [Text(f"Some that would be {what}:"), Columns(shown, padding=(1, 2))]
    return Group(*parts)


def _spread(count: int, samples: int) -> list[int]:
    """Rows from all over a table of `count`."""
    return sorted({count * i // samples for i in range(samples)}) if count else []


def _picture(columns: Mapping[str, np.ndarray], target: str, row: int) -> Text | None:
    """The first column that is a grey picture, two pixels a character; None if there is none."""
    for name in sorted(columns):
        array = columns[name]
        if array.ndim == 3 and array.dtype == np.uint8 and max(array.shape[1:]) <= MAX_SIDE:
            return _grey(array[row]) + Text(f"{target} {columns[target][row]}")
    return None


def _grey(pixels: np.ndarray) -> Text:
    height, width = pixels.shape
    padded = np.vstack([pixels, np.zeros((height % 2, width), np.uint8)])
    text = Text()
    for upper, lower in zip(padded[::2], padded[1::2], strict=True):
        for a, b in zip(upper.tolist(), lower.tolist(), strict=True):
            text.append("▀", style=f"rgb({a},{a},{a}) on rgb({b},{b},{b})")
        text.append("\n")
    return text
