"""A change of the data on a terminal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from compute.facts.samples import Sample, samples
from compute.training_set import class_counts

if TYPE_CHECKING:
    from compute.training_set import Preview
    from compute.training_set.tokeniser import Tokeniser

MAX_SIDE = 64  # pixels of a picture that a terminal can show
MAX_CLASSES = 40  # lines of the table


def facts(change: "Preview", target: str) -> dict[str, Any]:
    """List how many examples of which class come and go."""
    return {
        "adds": len(change.added[target]),
        "removes": len(change.removed[target]),
        "adds_by_class": {str(k): n for k, n in class_counts(change.added, target).items()},
        "removes_by_class": {str(k): n for k, n in class_counts(change.removed, target).items()},
        "labels": list(change.labels(target)),
        "empty_because": change.empty_because,
    }


def page(
    title: str,
    facts: Mapping[str, Any],
    change: "Preview",
    target: str,
    count: int,
    tokeniser: "Tokeniser | None" = None,
) -> RenderableType:
    """The facts as a table, over `count` examples of what is added and of what is removed."""
    heading = f"{title}: {facts['adds']} added, {facts['removes']} removed"
    parts: list[RenderableType] = [Text(heading, style="bold"), *_claimed(facts)]
    if facts["adds_by_class"] or facts["removes_by_class"]:
        parts.append(_balance(facts))
    if facts["empty_because"] is not None:
        parts.append(Text(f"It would change nothing: {facts['empty_because']}", style="red"))
    for what, columns in (("added", change.added), ("removed", change.removed)):
        shown = [
            _shown(sample) for sample in samples(columns, target, count, tokeniser, facts["labels"])
        ]
        if shown:
            parts += [Text(f"Some of what is {what}:"), Columns(shown, padding=(1, 2))]
    return Group(*parts)


def _claimed(facts: Mapping[str, Any]) -> list[Text]:
    """What the proposer says of it, one text a line, marked as such."""
    said = [(key, facts.get(key)) for key in ("name", "message", "licence")]
    return [Text(f"{key}, its proposer says: {text}") for key, text in said if text]


def class_name(facts: Mapping[str, Any], number: str) -> str:
    """As voters see it: the number, and the name if it has one."""
    labels = facts["labels"]
    return f"{number} {labels[int(number)]}" if 0 <= int(number) < len(labels) else number


def _balance(facts: Mapping[str, Any]) -> Table:
    table = Table()
    for heading in ("class", "added", "removed"):
        table.add_column(heading, justify="right")
    names = sorted({*facts["adds_by_class"], *facts["removes_by_class"]}, key=int)
    for name in names[:MAX_CLASSES]:
        counts = (facts[key].get(name, 0) for key in ("adds_by_class", "removes_by_class"))
        table.add_row(class_name(facts, name), *(str(count) for count in counts))
    if len(names) > MAX_CLASSES:
        table.add_row(f"{len(names) - MAX_CLASSES} more", "…", "…")
    return table


def _shown(sample: Sample) -> RenderableType:
    if sample.pixels is None:
        return Panel(Text(sample.text or ""), title=sample.caption or None, title_align="left")
    step = -(-max(sample.pixels.shape[:2]) // MAX_SIDE)
    return _picture(sample.pixels[::step, ::step]) + Text(sample.caption)


def _picture(pixels: np.ndarray) -> Text:
    """Two pixels a character, one over the other."""
    height, width = pixels.shape[:2]
    coloured = np.zeros((height + height % 2, width, 3), np.uint8)
    coloured[:height] = pixels if pixels.ndim == 3 else pixels[:, :, None]
    text = Text()
    for upper, lower in zip(coloured[::2].tolist(), coloured[1::2].tolist(), strict=True):
        for above, below in zip(upper, lower, strict=True):
            text.append("▀", style=f"{_rgb(above)} on {_rgb(below)}")
        text.append("\n")
    return text


def _rgb(colour: list[int]) -> str:
    red, green, blue = colour
    return f"rgb({red},{green},{blue})"
