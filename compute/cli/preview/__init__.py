"""Changes of the data as people should see them before they vote: counts, classes, the examples."""

from compute.cli.preview.page import facts, page
from compute.cli.preview.sheet import write_sheet

__all__ = ["facts", "page", "write_sheet"]
