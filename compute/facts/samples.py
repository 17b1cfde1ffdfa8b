"""Examples to look at: pictures where a column is one, else text, else numbers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from compute.inert import inert

if TYPE_CHECKING:
    from compute.training_set.tokeniser import Tokeniser

_SMALLEST_SQUARE = 8
_NUMBERS = 8  # of a column that is neither picture nor text
_TEXT = 400  # characters


@dataclass(frozen=True)
class Sample:
    """One example: `pixels` uint8 [height, width] or [height, width, 3], or else `text`."""

    caption: str
    pixels: np.ndarray | None
    text: str | None


def samples(
    columns: Mapping[str, np.ndarray],
    target: str,
    count: int,
    tokeniser: "Tokeniser | None",
    labels: Sequence[str] = (),
) -> list[Sample]:
    """`count` examples from all over the table, or all; `labels` name the target's 0, 1, …"""
    total = len(columns[target])
    rows = sorted({total * i // count for i in range(count)}) if total else []
    return [_sample(columns, target, row, tokeniser, labels) for row in rows]


def _sample(
    columns: Mapping[str, np.ndarray],
    target: str,
    row: int,
    tokeniser: "Tokeniser | None",
    labels: Sequence[str],
) -> Sample:
    caption = _caption(target, columns[target][row], labels) if columns[target].ndim == 1 else ""
    inputs = {name: columns[name][row] for name in sorted(columns) if name != target}
    if tokeniser is not None and tokeniser.column in inputs:
        tokens = inputs[tokeniser.column].reshape(-1)[:_TEXT].tolist()
        return Sample(caption, None, _readable(tokeniser.decode(tokens)))
    tokens = inputs.get("tokens")
    if tokens is not None and tokens.dtype == np.uint8:
        return Sample(caption, None, _readable(tokens.tobytes()))
    for value in inputs.values():
        pixels = _pixels(value)
        if pixels is not None:
            return Sample(caption, pixels, None)
    text = "; ".join(f"{name} {_numbers(value)}" for name, value in inputs.items())
    return Sample(caption, None, text)


def _caption(target: str, value: np.integer, labels: Sequence[str]) -> str:
    named = 0 <= value < len(labels)
    return f"{target} {value}, {labels[int(value)]}" if named else f"{target} {value}"


def _pixels(value: np.ndarray) -> np.ndarray | None:
    """The array as a picture: grey, coloured, or a grey square laid out in one row."""
    if value.dtype != np.uint8:
        return None
    side = math.isqrt(value.size)
    if value.ndim == 1 and side >= _SMALLEST_SQUARE and side * side == value.size:
        return value.reshape(side, side)
    if value.ndim == 3 and value.shape[2] == 1:
        return value[:, :, 0]
    return value if value.ndim == 2 or (value.ndim == 3 and value.shape[2] == 3) else None


def _readable(data: bytes) -> str:
    return inert(data[: 4 * _TEXT].decode(errors="replace")[:_TEXT])


def _numbers(value: np.ndarray) -> str:
    flat = value.reshape(-1)
    more = " …" if flat.size > _NUMBERS else ""
    return " ".join(str(number) for number in flat[:_NUMBERS].tolist()) + more
