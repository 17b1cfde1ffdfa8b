"""The one error of this package."""


class Unexportable(Exception):
    """This model cannot be written so, or read so; the message says why and what to do."""
