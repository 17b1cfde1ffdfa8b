"""What a group did, read from the chain: the table of blocks and the loss curve."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import plotext
from rich.table import Table

from compute.chain import Group
from scripts.stage.ledger import Ledger

matplotlib.use("Agg")
import matplotlib.pyplot as plt

NATS = 2**32  # one nat in Q32.32
WEI = 10**18


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
    for block in group.accepted_blocks():
        start = group.slot(block.block_index).start
        rows.append(
            BlockRow(
                group_id=group.id,
                index=block.block_index,
                start=start,
                version=block.version,
                loss=block.loss / NATS,
                baseline=block.baseline_loss / NATS,
                trainer=block.trainer,
                votes=group.votes(block.checkpoint_hash),
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
            f"{row.votes / WEI:,.0f}",
            f"{row.reward / WEI:,.4f}",
        )
    return table


def balance_table(ledger: Ledger, names: Mapping[str, str], parts: Mapping[str, str]) -> Table:
    """What each person earned, lost and owns; `parts` maps names to what they did."""
    table = Table(title="who got what", title_justify="left")
    for column in ("", "part"):
        table.add_column(column)
    for column in ("rewards (NRN)", "bonds burned", "liquid balance (NRN)"):
        table.add_column(column, justify="right")
    for address, name in names.items():
        table.add_row(
            name,
            parts[name],
            f"{ledger.earned[address] / WEI:,.4f}",
            f"{ledger.burned[address] / WEI:,.0f}",
            f"{ledger.balances[address] / WEI:,.4f}",
        )
    return table


def draw_curve(rows: Sequence[BlockRow], path: Path) -> None:
    """Write the losses as a PNG: accepted ones joined, those they had to beat as rings."""
    figure, axes = plt.subplots(figsize=(8, 4.5), dpi=120)
    heights = range(1, len(rows) + 1)
    axes.semilogy(heights, [row.loss for row in rows], "o-", color="black", label="accepted")
    axes.semilogy(
        heights, [row.baseline for row in rows], "o", mfc="none", color="grey", label="to beat"
    )
    previous = (rows[0].group_id, rows[0].version)
    for height, row in zip(heights, rows, strict=True):
        if (row.group_id, row.version) != previous:
            what = "wider model" if row.group_id != previous[0] else "more data"
            axes.axvline(height - 0.5, color="grey", linestyle=":")
            place = (height - 0.55, rows[0].baseline)
            axes.annotate(what, place, color="grey", rotation=90, ha="right", va="top")
        previous = (row.group_id, row.version)
    axes.set_xticks(list(heights), [f"{row.group_id}/{row.index}" for row in rows])
    axes.set_xlabel("group / block")
    axes.set_ylabel("exact training loss (nats)")
    axes.legend(loc="lower left")
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def print_curve(rows: Sequence[BlockRow]) -> None:
    """The same curve in the terminal."""
    figure = plotext.figure.clear().theme("colorless").plot_size(76, 16)
    heights = list(range(1, len(rows) + 1))
    figure.draw(figure.signal(heights, [row.loss for row in rows]).lines())
    figure.ruler("x").ticks(heights, [f"{row.group_id}/{row.index}" for row in rows])
    figure.title("exact training loss (nats) by accepted block (group/block)")
    figure.show()
