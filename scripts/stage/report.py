"""Report on a group, read from the chain: the table of blocks and the loss curve."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import matplotlib
import plotext
from rich.table import Table

from compute.chain import Group
from compute.units import NRN, nats
from scripts.stage.ledger import Ledger

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.ticker import LogLocator, NullFormatter


@dataclass(frozen=True)
class BlockRow:
    """One accepted block. Losses in nats, votes and reward in NRN wei."""

    group_id: int
    index: int
    start: int
    version: int
    loss: float
    baseline: float
    trainer: str
    votes: int
    reward: int


def block_rows(group: Group, rewards: Mapping[int, int]) -> list[BlockRow]:
    """Every accepted block of a group; `rewards` maps a block's start to what it minted."""
    rows = []
    for block in group.history.accepted_blocks():
        start = group.slot(block.block_index).start
        rows.append(
            BlockRow(
                group_id=group.id,
                index=block.block_index,
                start=start,
                version=block.version,
                loss=nats(block.loss),
                baseline=nats(block.baseline_loss),
                trainer=block.trainer,
                votes=group.voting.votes(block.checkpoint_hash),
                reward=rewards[start],
            )
        )
    return rows


def block_table(rows: Sequence[BlockRow], names: Mapping[str, str]) -> Table:
    """The accepted blocks for people; `names` maps addresses to names."""
    table = Table(title="accepted blocks", title_justify="left")
    for column in ("group", "block", "data", "loss to beat", "loss (nats)", "trainer"):
        table.add_column(column, justify="right")
    table.add_column("votes (NRN)", justify="right")
    table.add_column("reward (NRN)", justify="right")
    for row in rows:
        table.add_row(
            str(row.group_id),
            str(row.index),
            f"v{row.version}",
            f"{row.baseline:.6f}",
            f"{row.loss:.6f}",
            names[row.trainer],
            f"{row.votes / NRN:,.0f}",
            f"{row.reward / NRN:,.4f}",
        )
    return table


def balance_table(ledger: Ledger, names: Mapping[str, str], parts: Mapping[str, str]) -> Table:
    """What each person earned, lost and owns; `parts` maps names to what they did."""
    table = Table(title="who got what", title_justify="left")
    for column in ("", "part"):
        table.add_column(column)
    for column in ("rewards (NRN)", "sponsored", "bonds burned", "liquid balance (NRN)"):
        table.add_column(column, justify="right")
    for address, name in names.items():
        table.add_row(
            name,
            parts[name],
            f"{ledger.earned[address] / NRN:,.4f}",
            f"{ledger.drawn[address] / NRN:,.4f}",
            f"{ledger.burned[address] / NRN:,.0f}",
            f"{ledger.balances[address] / NRN:,.4f}",
        )
    return table


@dataclass(frozen=True)
class Curve:
    """The losses as the picture `path` and, beside it, as JSON. They are nats per `unit`;
    `held_out` (nats) are those that the winners reported of examples nobody trains on."""

    path: Path
    unit: str
    held_out: Sequence[float] = ()

    def draw(self, rows: Sequence[BlockRow]) -> None:
        """Accepted losses joined, those they had to beat as rings, blocks and changes marked."""
        figure, axes = plt.subplots(figsize=(8, 4.5), dpi=100)
        heights = range(1, len(rows) + 1)
        axes.semilogy(heights, [row.loss for row in rows], "o-", color="black", label="accepted")
        before = [row.baseline for row in rows]
        axes.semilogy(heights, before, "o", mfc="none", color="grey", label="to beat")
        if self.held_out:
            reported = heights[: len(self.held_out)]
            axes.semilogy(reported, self.held_out, "^--", color="tab:blue", label="held out")
        previous = (rows[0].group_id, rows[0].version)
        for height, row in zip(heights, rows, strict=True):
            if (row.group_id, row.version) != previous:
                what = "wider model" if row.group_id != previous[0] else "more data"
                axes.axvline(height - 0.5, color="grey", linestyle=":")
                place = (height - 0.55, rows[0].baseline)
                axes.annotate(what, place, color="grey", rotation=90, ha="right", va="top")
            previous = (row.group_id, row.version)
        axes.set_xticks(list(heights), [f"{row.group_id}/{row.index}" for row in rows])
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.grid(axis="x", color="lightgrey")
        axes.set_xlabel("group / block")
        axes.set_ylabel(f"exact loss (nats per {self.unit})")
        axes.legend(loc="lower left")
        figure.tight_layout()
        figure.savefig(self.path)
        plt.close(figure)
        numbers = {
            "unit": f"nats per {self.unit}",
            "held_out": list(self.held_out),
            "blocks": [asdict(row) for row in rows],
        }
        self.path.with_suffix(".json").write_text(json.dumps(numbers, indent=1) + "\n")


def print_curve(rows: Sequence[BlockRow]) -> None:
    """The same curve in the terminal."""
    figure = plotext.figure.clear().theme("colorless").plot_size(76, 16)
    heights = list(range(1, len(rows) + 1))
    figure.draw(figure.signal(heights, [row.loss for row in rows]).lines())
    figure.ruler("x").ticks(heights, [f"{row.group_id}/{row.index}" for row in rows])
    figure.title("exact training loss (nats) by accepted block (group/block)")
    figure.show()
