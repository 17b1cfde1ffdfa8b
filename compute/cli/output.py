"""Print results: tables for people, one JSON document for programs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from compute.cli.values import for_people, for_programs
from compute.inert import inert
from compute.values import Moment

Row = Mapping[str, Any]


class Step(Protocol):
    """Tell how much is done of how much."""

    def __call__(self, done: int, total: int | None = None) -> None: ...


class Output:
    """Results on standard output, progress on standard error."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._out = Console(highlight=False, markup=False)
        self._err = Console(stderr=True, highlight=False, markup=False)

    def rows(self, title: str, rows: Sequence[Row], *, empty: str = "None.") -> None:
        """A table with one line per row; JSON: a list."""
        if self._as_json:
            self._json(list(rows))
            return
        self._out.print(table(title, rows) if rows else f"{title}: {empty}")

    def record(self, title: str, record: Row) -> None:
        """One thing and its properties; JSON: an object."""
        if self._as_json:
            self._json(record)
            return
        self._out.print(title, style="bold")
        self._out.print(_grid(record))

    def aside(self, title: str, record: Row) -> None:
        """Print a remark on standard error."""
        self._err.print(title, style="bold")
        self._err.print(_grid(record))

    def done(self, sentence: str, record: Row) -> None:
        """Print what has happened: a sentence, or the facts in it as JSON."""
        if self._as_json:
            self._json(record)
        else:
            self._out.print(inert(sentence))

    def show(self, renderable: Any, document: Any) -> None:
        """Something laid out by the caller, or the same as JSON."""
        if self._as_json:
            self._json(document)
        else:
            self._out.print(renderable)

    @staticmethod
    def plain(text: str) -> Text:
        """Text from strangers: shown as it is, without what would steer the terminal."""
        return Text(inert(text, len(text)))

    @contextmanager
    def progress(self, doing: str) -> Iterator[Step]:
        """A bar with elapsed and remaining time on standard error, if somebody watches."""
        bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(), TimeRemainingColumn(),
            console=self._err, transient=True, disable=not self._err.is_terminal,
            speed_estimate_period=600,  # a batch of a large model takes longer than Rich's 30 s
        )  # fmt: skip
        with bar:
            task = bar.add_task(doing, total=None)

            def step(done: int, total: int | None = None) -> None:
                bar.update(task, completed=done, total=total)

            yield step

    def _json(self, value: Any) -> None:
        print(json.dumps(for_programs(value), indent=2))


def _grid(record: Row) -> Table:
    grid = Table(show_header=False, box=None, pad_edge=False)
    grid.add_column(style="dim")
    grid.add_column(overflow="fold")
    for name, value in record.items():
        grid.add_row(_header(name), for_people(value))
    return grid


def table(title: str, rows: Sequence[Row]) -> Table:
    """A table whose columns are the keys of the first row. Where it is too wide, words go on in
    the next line: nothing is left out, and no number is broken."""
    result = Table(title=title, title_justify="left", title_style="bold")
    for name, value in rows[0].items():
        numeric = isinstance(value, int) and not isinstance(value, bool)
        result.add_column(
            _header(name),
            justify="right" if numeric else "left",
            overflow="fold",
            no_wrap=numeric and not isinstance(value, Moment),
        )
    for row in rows:
        result.add_row(*(for_people(value) for value in row.values()))
    return result


def _header(name: str) -> str:
    return name.replace("_", " ")
