"""The training set: a list of deltas, and the examples they add up to."""

from compute.training_set.delta import blocks_of, build_delta
from compute.training_set.diff import Diff, class_counts, diff
from compute.training_set.examples import TrainingSet
from compute.training_set.replay import (
    DeltaRecord,
    InvalidGenesis,
    apply_delta,
    next_tip,
    open_genesis,
    replay,
)
from compute.training_set.schema import Column, Schema, SchemaError

__all__ = [
    "Column",
    "DeltaRecord",
    "Diff",
    "InvalidGenesis",
    "Schema",
    "SchemaError",
    "TrainingSet",
    "apply_delta",
    "blocks_of",
    "build_delta",
    "class_counts",
    "diff",
    "next_tip",
    "open_genesis",
    "replay",
]
