"""What a delta would do, and what deltas did: for those who vote, and those who ask later."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from compute.storage import Store
from compute.training_set.delta import read_patch
from compute.training_set.examples import TrainingSet
from compute.training_set.manifest import Malformed, decode
from compute.training_set.replay import DeltaRecord, EmptyPatch, apply_strictly, versions


@dataclass(frozen=True)
class Preview:
    """A delta as a voter should see it: `added` and `removed` are columns of examples.

    `empty_because` says why the delta would change nothing; what could be read of it is still
    shown.
    """

    added: dict[str, np.ndarray]
    removed: dict[str, np.ndarray]
    empty_because: str | None


def preview(store: Store, current: TrainingSet, record: DeltaRecord) -> Preview:
    """What `record` would do to `current`. Raises BlockUnavailable."""
    try:
        apply_strictly(store, current, record)
        reason = None
    except EmptyPatch as error:
        reason = str(error)
    nothing = current.schema.empty()
    try:
        manifest = decode(store.get(record.delta_hash))
        added, gone = read_patch(store, manifest)
    except Malformed:
        return Preview(nothing, nothing, reason)
    return Preview(added, current.examples(gone), reason)


@dataclass(frozen=True)
class Change:
    """At `version`, the example was "added" or "removed". Version 0 is the genesis delta."""

    version: int
    change: str


def blame(
    store: Store, genesis: bytes, deltas: Iterable[DeltaRecord], example_id: bytes
) -> list[Change]:
    """When the example came and went, oldest first; empty if it was never there.

    Raises what `replay` raises.
    """
    changes: list[Change] = []
    present = False
    for version, examples in enumerate(versions(store, genesis, deltas)):
        if (example_id in examples) != present:
            present = not present
            changes.append(Change(version, "added" if present else "removed"))
    return changes
