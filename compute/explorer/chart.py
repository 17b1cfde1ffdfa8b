"""Losses over blocks as one SVG picture, drawn here: the page needs no script for it."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from markupsafe import Markup

from compute.facts import BlockFacts
from compute.units import nats

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 260, 84, 12, 12, 30
MAX_POINTS = 400  # of a line; of more, each stretch shows its least
TICKS = 4

Item = TypeVar("Item")
Point = tuple[int, float]  # block index, loss


@dataclass(frozen=True)
class Chart:
    """Lines by name, and blocks with a mark: (index, what happened there)."""

    lines: dict[str, list[Point]]
    marks: list[tuple[int, str]]
    unit: str

    @property
    def empty(self) -> bool:
        return not any(self.lines.values())

    @property
    def label(self) -> str:
        """The picture in a sentence, for those who do not see it."""
        points = self.lines["accepted"]
        if not points:
            return "No block was accepted yet."
        count = f"{len(points)} block{'s' if len(points) > 1 else ''}"
        first, last, best = points[0][1], points[-1][1], min(loss for _, loss in points)
        return (
            f"Accepted loss over {count}: {first:.4f} {self.unit} first, "
            f"{last:.4f} last, {best:.4f} at best. The table of blocks has every value."
        )

    def svg(self) -> Markup:
        """The picture; its colours come from the page's style."""
        points = [point for line in self.lines.values() for point in line]
        if not points:
            return Markup("")
        across = _scale([x for x, _ in points], LEFT, WIDTH - RIGHT)
        up = _scale([y for _, y in points], HEIGHT - BOTTOM, TOP)
        parts = [
            Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
                WIDTH, HEIGHT, self.label
            ),
            *_grid([y for _, y in points], up),
            *_feet([x for x, _ in points], across),
            *(_mark(across(index), what) for index, what in self.marks),
            *(
                _line(name, line, self.unit, across, up)
                for name, line in self.lines.items()
                if line
            ),
            Markup("</svg>"),
        ]
        return Markup("").join(parts)


def losses(
    blocks: Sequence[BlockFacts], held_out: Callable[[bytes], int | None], unit: str
) -> Chart:
    """Accepted and held-out losses, what each claim had to beat, and each new version of the data.

    `held_out` gives the held-out loss of a checkpoint, Q32.32, if its trainer told it; `unit` is
    what they are counted in.
    """
    won = [(block, block.winner) for block in blocks if block.winner is not None]
    told = [(block.index, held_out(winner.checkpoint_hash)) for block, winner in _thinned(won)]
    pairs = itertools.pairwise(won)
    changes = [(b.index, f"data version {b.version}") for (a, _), (b, _) in pairs
               if a.version != b.version]  # fmt: skip
    return Chart(
        {
            "to beat": [(b.index, nats(w.baseline_loss)) for b, w in won],
            "held out": [(index, nats(loss)) for index, loss in told if loss is not None],
            "accepted": [(b.index, nats(w.loss)) for b, w in won],
        },
        changes[-60:],
        unit,
    )


def _thinned(items: Sequence[Item]) -> Sequence[Item]:
    return items[:: -(-len(items) // MAX_POINTS) or 1]


def _scale(values: Sequence[float], start: float, end: float) -> Callable[[float], float]:
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return lambda value: start + (end - start) * (value - low) / span


def _least(line: Sequence[Point]) -> list[Point]:
    step = -(-len(line) // MAX_POINTS)
    return [min(line[at : at + step], key=lambda p: p[1]) for at in range(0, len(line), step)]


def _line(
    name: str, line: Sequence[Point], unit: str,
    across: Callable[[float], float], up: Callable[[float], float],
) -> Markup:  # fmt: skip
    shown = _least(line)
    places = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in shown)
    kind = name.replace(" ", "-")
    dots = Markup("").join(
        Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3"><title>block {}: {:.6f} {} {}</title>'
               "</circle>").format(across(x), up(y), x, y, unit, name)
        for x, y in (shown if len(shown) <= 120 else shown[-1:])
    )  # fmt: skip
    return Markup('<g class="line {}"><polyline points="{}"/>{}</g>').format(kind, places, dots)


def _mark(x: float, what: str) -> Markup:
    return Markup('<line class="mark" x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}"><title>{3}'
                  "</title></line>").format(x, TOP, HEIGHT - BOTTOM, what)  # fmt: skip


def _grid(values: Sequence[float], up: Callable[[float], float]) -> list[Markup]:
    low, high = min(values), max(values)
    steps = [low + (high - low) * n / TICKS for n in range(TICKS + 1)] if high > low else [low]
    digits = max(1, min(6, 3 - math.floor(math.log10((high - low) or 1))))
    return [
        Markup('<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
               '<text x="{}" y="{:.1f}" text-anchor="end">{}</text>').format(
            LEFT, WIDTH - RIGHT, up(y), up(y), LEFT - 6, up(y) + 4, f"{y:.{digits}f}")
        for y in steps
    ]  # fmt: skip


def _feet(indices: Sequence[int], across: Callable[[float], float]) -> list[Markup]:
    low, high = min(indices), max(indices)
    shown = sorted({low + (high - low) * n // TICKS for n in range(TICKS + 1)})
    return [
        Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
            across(x), HEIGHT - 10, x
        )
        for x in shown
    ]
