"""The one error of this package."""


class ModelError(ValueError):
    """The model specification, or what was given for it, is not valid; the message says why."""
