"""The reference of the site, as Markdown: the command line, the contracts, the Python library."""

from pathlib import Path

from scripts.site import command_line, library, natspec

PAGES = {
    "cli.md": command_line.page,
    "contracts.md": natspec.page,
    "python.md": library.page,
}


def write(folder: Path) -> None:
    """Write every page; one that has not changed keeps its time, so Sphinx does not read it."""
    folder.mkdir(exist_ok=True)
    for name, make in PAGES.items():
        text, file = make(), folder / name
        if not file.exists() or file.read_text() != text:
            file.write_text(text)
