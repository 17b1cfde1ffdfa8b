"""The demo's screen: acts, what happens right now, and the report at the end."""

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from compute.cli.output import Output
from scripts.stage.findings import Evidence, Finding
from scripts.stage.play import PARTS
from scripts.stage.report import BlockRow, Curve, balance_table, block_table, print_curve


class Screen:
    """Prints to the standard output of its creation, whatever is redirected later."""

    def __init__(self) -> None:
        self._console = Console(file=sys.stdout)
        self._status = self._console.status("starting")
        self._begun = time.monotonic()

    def __enter__(self) -> "Screen":
        self._status.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._status.stop()

    def tell(self, act: str) -> None:
        """A new act, on a line of its own."""
        self._console.print(f"[dim]{self._elapsed()}[/dim]  {act}")
        self._status.update(act)

    def show(self, moment: str) -> None:
        """What happens right now, in the line that moves (where there is a terminal)."""
        self._status.update(moment)

    def report(self, evidence: Evidence, findings: Sequence[Finding], picture: Path) -> None:
        """Table of blocks, loss curve, balances, and each claim with whether it holds."""
        self.blocks(evidence.rows, evidence.names, Curve(picture, "example"))
        self._console.print(balance_table(evidence.ledger, evidence.names, PARTS))
        self.claims(findings, picture)

    def blocks(self, rows: Sequence[BlockRow], names: Mapping[str, str], curve: Curve) -> None:
        """Table of blocks and loss curve, here, as a picture and as numbers."""
        self._console.print(block_table(rows, names))
        curve.draw(rows)
        print_curve(rows)

    def text(self, title: str, text: str) -> None:
        """What a model wrote."""
        self._console.print(Panel(Output.plain(text), title=title, title_align="left", width=80))

    def claims(self, findings: Sequence[Finding], picture: Path) -> None:
        """Each claim with whether it holds."""
        table = Table(title="claims, checked against the chain", title_justify="left")
        for column in ("", "claim", "figures"):
            table.add_column(column)
        for finding in findings:
            mark = "[green]yes[/green]" if finding.holds else "[red]NO[/red]"
            table.add_row(mark, finding.claim, finding.detail)
        self._console.print(table)
        self._console.print(f"{self._elapsed()} · the curve is {picture}")

    def _elapsed(self) -> str:
        minutes, seconds = divmod(int(time.monotonic() - self._begun), 60)
        return f"{minutes}:{seconds:02}"
