"""Text as windows of bytes: what came before, and the byte that comes next."""

from pathlib import Path

import numpy as np

from compute.training_set.importers.errors import UnreadableData, check_size

SUFFIXES = (".txt", ".text", ".md")
WINDOW = 128


def is_text(path: Path) -> bool:
    """A text file, or a folder that holds nothing else."""
    if path.is_dir():
        entries = [entry for entry in path.iterdir() if not entry.name.startswith(".")]
        return bool(entries) and all(entry.suffix in SUFFIXES for entry in entries)
    return path.suffix in SUFFIXES


def read_text(path: Path, window: int) -> dict[str, np.ndarray]:
    """`tokens` and `targets`, uint8 [n, window]: bytes, and the byte after each.

    A folder's files are read in order of their names, each from its own beginning. Windows follow
    one another; what is left of a file at its end is dropped, and so is a window seen before.
    """
    if window < 1:
        raise UnreadableData(f"a window has at least one token, not {window}")
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    try:
        check_size(path, 2 * sum(file.stat().st_size for file in files))
        rows = np.concatenate([_windows(file.read_bytes(), window) for file in files])
    except OSError as error:
        raise UnreadableData(f"{path} cannot be read: {error}") from None
    if not len(rows):
        raise UnreadableData(f"{path} has no {window + 1} bytes in a file: choose a smaller window")
    rows = rows[np.sort(np.unique(rows, axis=0, return_index=True)[1])]
    return {"tokens": rows[:, :-1], "targets": rows[:, 1:]}


def _windows(data: bytes, window: int) -> np.ndarray:
    """uint8 [n, window + 1]; each window's last byte is the next one's first."""
    flat = np.frombuffer(data, np.uint8)
    if len(flat) <= window:
        return np.empty((0, window + 1), np.uint8)
    return np.lib.stride_tricks.sliding_window_view(flat, window + 1)[::window]
