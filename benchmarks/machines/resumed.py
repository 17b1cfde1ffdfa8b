"""Work in a process that may hang or crash, item by item, which goes on where it was cut off."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
Row = dict[str, Any]


class Kept:
    """Rows by item in a file of JSON lines; what is there is not done again."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.file = file
        lines = file.read_text().splitlines() if file.exists() else []
        self.rows: dict[str, Row] = {row["item"]: row for row in map(json.loads, lines)}

    def keep(self, row: Row) -> None:
        self.rows[row["item"]] = row
        with self.file.open("a") as file:
            file.write(json.dumps(row) + "\n")

    def missing(self, items: Sequence[str]) -> list[str]:
        return [item for item in items if item not in self.rows]


def work(
    kept: Kept, items: Sequence[str], command: Sequence[str], end: float, say: Any = None
) -> None:
    """Run `command ITEM...`, again after each item that ends it, until all are kept or `end`.

    The command prints a line {"started": item} and later {"item": item, ...} for each.  An item
    during which it ends is kept with an `error`; one that `end` (time.monotonic) cuts is not kept.
    Raises SystemExit if the command ends before its first item.
    """
    while (waiting := kept.missing(items)) and time.monotonic() < end:
        started, cut = _once(kept, [*command, *waiting], end, say)
        if cut:
            return
        if started is not None:
            kept.keep({"item": started, "error": "no end within the limit, or a crash"})
            if say is not None:
                say(kept.rows[started])
        elif kept.missing(items) == waiting:
            raise SystemExit(f"{command[1]} does not start; run it by hand to see why")


def _once(kept: Kept, command: list[str], end: float, say: Any) -> tuple[str | None, bool]:
    """(the item during which the process ended, was it cut)."""
    remaining = max(1.0, end - time.monotonic())
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        ["timeout", "-k", "5", f"{remaining:.0f}", *command],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment,
    )  # fmt: skip
    started: str | None = None
    for line in process.stdout or ():
        row = json.loads(line) if line.startswith("{") else {}
        if "started" in row:
            started = row["started"]
        elif "item" in row:
            started = None
            kept.keep(row)
            if say is not None:
                say(row)
    return started, process.wait() in (124, 137)
