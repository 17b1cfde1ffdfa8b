"""Previews of changes to the data for voters: counts, classes, examples."""

from compute.cli.preview.page import facts, page
from compute.cli.preview.sheet import write_sheet

__all__ = ["facts", "page", "write_sheet"]
