"""Parameters in the formats of other programs, with where they came from, and back."""

from compute.exchange.export import FORMATS, Unexportable, export
from compute.exchange.start import import_parameters

__all__ = ["FORMATS", "Unexportable", "export", "import_parameters"]
