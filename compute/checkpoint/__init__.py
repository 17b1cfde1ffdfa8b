"""Checkpoints: parameters published as a manifest and blocks, and local resumable state."""

from compute.checkpoint.errors import InvalidCheckpoint, Reason
from compute.checkpoint.load import (
    Checkpoint,
    blocks_of,
    held_out_of,
    load,
    model_of,
    params_root_of,
)
from compute.checkpoint.manifest import HeldOut
from compute.checkpoint.publish import publish

__all__ = [
    "Checkpoint",
    "HeldOut",
    "InvalidCheckpoint",
    "Reason",
    "blocks_of",
    "held_out_of",
    "load",
    "model_of",
    "params_root_of",
    "publish",
]
