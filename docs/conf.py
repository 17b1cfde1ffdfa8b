"""How Sphinx makes the site: `make docs`. What it says lies in the Markdown files beside this one,
and in the program itself, from which the reference is written anew each time."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from sphinx.application import Sphinx  # noqa: E402

from scripts.site import reference  # noqa: E402

project = "DecentralizedAI"
copyright = "the contributors, Apache-2.0"
extensions = ["myst_parser"]
root_doc = "index"
exclude_patterns = ["README.md"]  # the same for who reads the files where they lie
myst_enable_extensions = ["colon_fence"]
suppress_warnings = ["myst.header"]  # what programs write begins where it fits
myst_heading_anchors = 4
html_theme = "furo"
html_title = project
html_copy_source = False

# [words](../a/file): the site has only docs/, so what lies outside of it is named
OUTSIDE = re.compile(r"\[([^\]]*)\]\(\.\./([^)#]*)[^)]*\)")


def setup(app: Sphinx) -> None:
    """Write the reference first; name files instead of linking to what the site does not have."""
    app.connect("builder-inited", lambda app: reference.write(Path(app.srcdir) / "reference"))
    app.connect("source-read", _name_outside)


def _name_outside(app: Sphinx, document: str, source: list[str]) -> None:
    if "/" in document:
        return  # pages of a folder link to what lies beside it
    source[0] = OUTSIDE.sub(lambda found: f"{found[1]} (`{found[2]}`)", source[0])
