"""Preview a delta for voters."""

from dataclasses import dataclass

import numpy as np

from compute.storage import Store
from compute.training_set import manifest as manifests
from compute.training_set.delta import read_patch
from compute.training_set.examples import TrainingSet
from compute.training_set.manifest import Malformed
from compute.training_set.replay import DeltaRecord, EmptyPatch, apply_strictly
from compute.training_set.schema import Schema


@dataclass(frozen=True)
class Preview:
    """A delta as a voter should see it: `added` and `removed` are columns of examples.

    `empty_because` says why the delta would change nothing; what could be read of it is still
    shown.
    """

    added: dict[str, np.ndarray]
    removed: dict[str, np.ndarray]
    empty_because: str | None
    schema: Schema | None = None

    def labels(self, name: str) -> tuple[str, ...]:
        """The names of the values 0, 1, … of a column; none where it has none."""
        return () if self.schema is None else self.schema.labels(name)


def preview(store: Store, current: TrainingSet, record: DeltaRecord) -> Preview:
    """Preview what `record` would do to `current`. Raises BlockUnavailable."""
    try:
        apply_strictly(store, current, record)
        reason = None
    except EmptyPatch as error:
        reason = str(error)
    nothing = current.schema.empty()
    try:
        manifest = manifests.get(store, record.delta_hash)
        added, gone = read_patch(store, manifest)
    except Malformed:
        return Preview(nothing, nothing, reason, current.schema)
    return Preview(added, current.examples(gone), reason, current.schema)
