"""Files as people have them: what file managers leave between them, and other encodings."""

from pathlib import Path

from compute.training_set.importers.errors import UnreadableData

_LEFT_BEHIND = {"thumbs.db", "desktop.ini", "__macosx"}


def entries(folder: Path) -> list[Path]:
    """What is in a folder by name, without what file managers leave there."""
    return sorted(
        entry
        for entry in folder.iterdir()
        if not entry.name.startswith(".") and entry.name.lower() not in _LEFT_BEHIND
    )


def not_utf8(path: Path) -> UnreadableData:
    """The refusal of a file in another encoding, and how to convert it."""
    with path.open("rb") as file:
        begin = file.read(4)
    encoding = "utf-16" if begin[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin1"
    if encoding == "latin1" and b"\0" in begin:
        encoding = "utf-16be" if begin[0] == 0 else "utf-16le"
    return UnreadableData(
        f"{path} is not text in UTF-8: convert it, as with iconv -f {encoding} -t utf-8"
    )
