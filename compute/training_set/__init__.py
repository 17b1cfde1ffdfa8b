"""The training set: a list of deltas, and the examples they add up to."""

from compute.training_set.delta import blocks_of, build_delta
from compute.training_set.diff import Diff, additions, class_counts, diff
from compute.training_set.examples import Inapplicable, TrainingSet
from compute.training_set.manifest import Malformed
from compute.training_set.materialised import Change, Materialised, materialise
from compute.training_set.preview import Preview, preview
from compute.training_set.reader import Reader, in_order
from compute.training_set.replay import (
    DeltaRecord,
    EmptyPatch,
    InvalidGenesis,
    apply_delta,
    apply_strictly,
    next_tip,
    open_genesis,
    replay,
    versions,
)
from compute.training_set.schema import Column, Schema, SchemaError

__all__ = [
    "Change",
    "Column",
    "DeltaRecord",
    "Diff",
    "EmptyPatch",
    "Inapplicable",
    "InvalidGenesis",
    "Malformed",
    "Materialised",
    "Preview",
    "Reader",
    "Schema",
    "SchemaError",
    "TrainingSet",
    "additions",
    "apply_delta",
    "apply_strictly",
    "blocks_of",
    "build_delta",
    "class_counts",
    "diff",
    "in_order",
    "materialise",
    "next_tip",
    "open_genesis",
    "preview",
    "replay",
    "versions",
]
