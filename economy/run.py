"""Runs experiments: `python -m economy`, and what `nrn simulate` asks for."""

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from economy.experiments import bribes, capital, capture, keeping, racing, single
from economy.experiments.result import Cell, Result
from economy.figures import draw
from economy.settings import Settings, SettingsError, load
from scripts.bytecode import ROOT

EXPERIMENTS: dict[str, Callable[[Settings], Result]] = {
    "mixes": racing.mixes,
    "floors": racing.floors,
    "trainers": racing.evolution,
    "keepers": keeping.pooling,
    "stake": capital.self_dealing,
    "cartels": capture.cartels,
    "bribes": bribes.bribery,
    "singles": single.singles,
}
DOCUMENTS = ROOT / "docs" / "economy"
SMALL, FULL = 26, 208  # weeks


def run(settings: Settings, names: list[str] | None = None) -> Iterator[Result]:
    """The results of some experiments, or of all. Raises KeyError for an unknown name."""
    for name in names or EXPERIMENTS:
        yield EXPERIMENTS[name](settings)


def markdown(result: Result) -> str:
    """A result as a section with its table and figures."""
    lines = [f"### {result.title}", "", _row(result.columns), "|---" * len(result.columns) + "|"]
    lines += [_row(row) for row in result.rows]
    for figure in result.figures:
        lines += ["", f"![{figure.title}]({figure.name}.svg)"]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Entry point of `python -m economy`."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("names", nargs="*", help=f"of {', '.join(EXPERIMENTS)}; all by default")
    options.add_argument("--config", type=Path, help="a TOML file with [world] and [group]")
    options.add_argument("--full", action="store_true", help="four years instead of half a year")
    options.add_argument("--out", type=Path, default=DOCUMENTS)
    chosen = options.parse_args()
    try:
        settings = load(chosen.config) if chosen.config else Settings().but(weeks=SMALL)
    except SettingsError as error:
        raise SystemExit(f"simulate: {error}") from None
    if chosen.full:
        settings = settings.but(weeks=FULL, full=True)
    write(settings, chosen.names, chosen.out)


def write(settings: Settings, names: list[str], folder: Path) -> None:
    """Run, print, and leave figures and `results.md` in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    sections = []
    began = time.monotonic()
    for result in run(settings, names):
        for figure in result.figures:
            draw(figure, folder)
        sections.append(markdown(result))
        print(f"{sections[-1]}\n({time.monotonic() - began:.0f} s)\n", flush=True)
    world = settings.world
    head = f"# Results of `make simulate`\n\nSeed {world.seed}, {world.weeks} weeks.\n\n"
    (folder / "results.md").write_text(head + "\n".join(sections))


def _row(cells: tuple[Cell, ...]) -> str:
    return "| " + " | ".join(c if isinstance(c, str) else f"{c:.4g}" for c in cells) + " |"
