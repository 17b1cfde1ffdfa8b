"""The one error of this package, and the one bound."""

from pathlib import Path

from compute.training_set.manifest import MAX_DELTA_BYTES


class UnreadableData(ValueError):
    """The file cannot become columns of a training set; the message says what to change."""


def check_size(path: Path, size: int) -> None:
    """Raise UnreadableData if `size` bytes are more than a delta can hold."""
    if size > MAX_DELTA_BYTES:
        raise UnreadableData(f"{path} holds more than {MAX_DELTA_BYTES} bytes: split it")
