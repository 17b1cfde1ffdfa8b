"""Held-out examples: measured and never trained on, so that memorisation shows.

They come from a file of the trainer's own. A share split off from the group's training set would
not do: its loss over that share counts, so whoever left it out would compete with less data, and
the incumbent, which training starts from, has seen it.
"""

import hashlib
import logging
from pathlib import Path

import numpy as np

from compute.checkpoint import HeldOut
from compute.judging.evaluation import Progress
from compute.judging.retrieval import Parameters
from compute.judging.together import evaluate_together
from compute.models import ModelSpecification
from compute.storage import Store
from compute.training_set import TrainingSet
from compute.training_set.importers import UnreadableData, read_for

logger = logging.getLogger(__name__)


class HeldOutSet:
    """The examples in `path`, anything that `nrn delta new` reads, with the columns of the group's
    training set; `store` has its tokeniser."""

    def __init__(self, path: Path, store: Store) -> None:
        self._path = path
        self._store = store
        self._last: tuple[TrainingSet, TrainingSet] | None = None

    def measure(
        self,
        specification: ModelSpecification,
        parameters: Parameters,
        training_set: TrainingSet,
        progress: Progress | None = None,
    ) -> HeldOut | None:
        """The exact loss on those examples that are not in `training_set`; None if one saturates.
        Raises UnreadableData or SchemaError."""
        examples = self.outside(training_set)
        found = evaluate_together(specification, parameters, examples, progress)
        digest = hashlib.sha256(examples.ids.tobytes()).digest()
        return HeldOut(len(examples), found.loss, digest) if found.valid else None

    def outside(self, training_set: TrainingSet) -> TrainingSet:
        """The file's examples that are not in `training_set`, in the file's order. Raises
        UnreadableData if there is none."""
        if self._last is not None and self._last[0] is training_set:
            return self._last[1]
        columns = read_for(self._path, training_set.schema, self._store)
        ids = training_set.schema.ids(columns)
        _, first = np.unique(ids, axis=0, return_index=True)
        new = sorted(int(row) for row in first if bytes(ids[row]) not in training_set)
        if not new:
            raise UnreadableData(
                f"All examples of {self._path} are in the training set: hold out others."
            )
        if len(new) < len(ids):
            logger.warning(
                "%d of the %d held-out examples are in the training set, or twice in the file: "
                "they do not count",
                len(ids) - len(new),
                len(ids),
            )
        kept = {name: column[new] for name, column in columns.items()}
        self._last = training_set, TrainingSet(training_set.schema).patched(kept, [])
        return self._last[1]
