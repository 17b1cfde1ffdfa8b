"""The one error of this package, and the bounds of what a file may become."""

from pathlib import Path

from compute.training_set.manifest import MAX_DELTA_BYTES

MAX_EXPANSION = 1_000  # times its own size; more than data of any worth
HARMLESS_BYTES = 1 << 28


class UnreadableData(ValueError):
    """The file cannot become columns of a training set; the message says what to change."""


def check_size(path: Path, size: int) -> None:
    """Raise UnreadableData if `size` bytes are more than a delta can hold."""
    if size > MAX_DELTA_BYTES:
        raise UnreadableData(f"{path} holds more than {MAX_DELTA_BYTES} bytes: split it")


def check_plain(path: Path) -> None:
    """Raise UnreadableData for a pipe or a device, which may never end, and for a folder that holds
    one, or a link: what is imported is published, and a stranger's link may name a secret."""
    for entry in path.rglob("*") if path.is_dir() else [path]:
        if entry != path and entry.is_symlink():
            raise UnreadableData(f"{entry} is a link: put what you mean to publish in its place")
        if entry.exists() and not entry.is_file() and not entry.is_dir():
            raise UnreadableData(f"{entry} is no file")


def check_expansion(path: Path, size: int) -> None:
    """As `check_size`, and raise UnreadableData for a small file that becomes many bytes."""
    check_size(path, size)
    own = path.stat().st_size
    if size > max(HARMLESS_BYTES, MAX_EXPANSION * own):
        raise UnreadableData(f"{path} has {own} bytes and expands to {size}: it is no data")
