"""The reasons why a checkpoint is invalid, the same on every machine."""

from enum import StrEnum


class Reason(StrEnum):
    """Checked in this order; the first that holds is the reason."""

    MANIFEST = "the manifest is not a canonical checkpoint manifest"
    MODEL = "the manifest belongs to another model"
    NAMES = "the parameters' names are not those of the model"
    SHAPES = "a parameter's shape is not that of the model"
    BLOCKS = "a parameter has the wrong number of blocks for its shape"
    LENGTH = "a block is not as long as its place demands"
    NOT_FINITE = "a parameter holds a NaN or an infinity"
    MAGNITUDE = "a parameter reaches the model's magnitude bound"
    SUBNORMAL = "a parameter holds a subnormal number"
    ROOT = "the parameters do not have the root that its header states"


class InvalidCheckpoint(ValueError):
    """The checkpoint cannot be evaluated, by anyone, ever; `reason` says why."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"Invalid checkpoint: {reason} ({detail}).")
        self.reason = reason
