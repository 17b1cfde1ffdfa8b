"""The pages as files: they work from a folder, any web server and an IPFS gateway."""

from collections.abc import Callable
from pathlib import Path

from compute.explorer import render
from compute.explorer.site import Site

STYLE = "style.css"


def export(
    site: Site, folder: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> int:
    """Write every page of `site` below `folder`; returns how many. Raises OSError."""
    paths = list(site.paths())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / STYLE).write_bytes(render.static(STYLE))
    for number, path in enumerate(paths):
        progress(number, len(paths))
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(site.page(path))
    return len(paths)
