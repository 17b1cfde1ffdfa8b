"""Text as windows of tokens: what came before, and the token that comes next."""

from pathlib import Path

import numpy as np

from compute.training_set.importers.errors import UnreadableData, check_size
from compute.training_set.importers.files import entries, not_utf8
from compute.training_set.tokeniser import Tokeniser

SUFFIXES = (".txt", ".text", ".md")
WINDOW = 128
BYTES = "tokens"  # the column of inputs, if they are bytes


def is_text(path: Path) -> bool:
    """A text file, or a folder that holds nothing else. Raises UnreadableData where one holds
    other files too."""
    if not path.is_dir():
        return path.suffix.lower() in SUFFIXES
    found = entries(path)
    others = [entry for entry in found if entry.suffix.lower() not in SUFFIXES]
    if any(entry.is_dir() for entry in found):
        return False
    if others and len(others) < len(found):
        raise UnreadableData(f"{others[0]} is no text, and the files beside it are: move it")
    return bool(found) and not others


def read_text(path: Path, window: int, tokeniser: Tokeniser | None) -> dict[str, np.ndarray]:
    """Tokens, and as `targets` the token after each: [n, window] both, of the tokeniser's dtype and
    in its column. Without one they are bytes, in the column `tokens`.

    A folder's files are read in order of their names, each from its own beginning. Windows follow
    one another; what is left of a file at its end is dropped, and so is a window seen before.
    """
    if window < 1:
        raise UnreadableData(f"a window has at least one token, not {window}")
    files = entries(path) if path.is_dir() else [path]
    try:
        check_size(path, 2 * sum(file.stat().st_size for file in files))
        rows = np.concatenate([_windows(_tokens(file, tokeniser), window) for file in files])
    except OSError as error:
        raise UnreadableData(f"{path} cannot be read: {error}") from None
    if not len(rows):
        raise UnreadableData(
            f"{path} has no {window + 1} tokens in a file: choose a smaller window"
        )
    rows = rows[np.sort(np.unique(rows, axis=0, return_index=True)[1])]
    name = BYTES if tokeniser is None else tokeniser.column
    return {name: rows[:, :-1], "targets": rows[:, 1:]}


def _tokens(file: Path, tokeniser: Tokeniser | None) -> np.ndarray:
    data = file.read_bytes()
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise not_utf8(file) from None
    if "\0" in text:
        raise not_utf8(file)
    return np.frombuffer(data, np.uint8) if tokeniser is None else tokeniser.encode(text)


def _windows(flat: np.ndarray, window: int) -> np.ndarray:
    """[n, window + 1]; each window's last token is the next one's first."""
    if len(flat) <= window:
        return np.empty((0, window + 1), flat.dtype)
    return np.lib.stride_tricks.sliding_window_view(flat, window + 1)[::window]
