"""Read what a delta adds and removes, within bounds, for people to look at."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compute.facts.samples import Sample, samples
from compute.storage import BlockUnavailable, StorageError, Store, StoreUnreachable, cid
from compute.training_set import Malformed, class_counts, manifest
from compute.training_set.delta import read_first
from compute.training_set.tokeniser import Tokeniser

MAX_READ_BYTES = 1 << 26
SAMPLES = 24


@dataclass(frozen=True)
class ChangeFacts:
    """A delta's counts, the balance of the classes it adds, and some of what it adds.

    `counted` of the `adds` were read; `missing` says why nothing more could be.
    """

    adds: int = 0
    removes: int = 0
    size: int = 0  # examples of the set that it makes
    counted: int = 0
    classes: Mapping[int, int] | None = None
    samples: tuple[Sample, ...] = ()
    missing: str | None = None


def change_facts(
    store: Store, delta: bytes, target: str | None, tokeniser: Tokeniser | None
) -> ChangeFacts:
    """Read what the delta named `delta` would add and remove; never raises for its content.

    `target` is the column that the group's model predicts, None where it is not known.
    """
    try:
        found = manifest.get(store, delta)
    except (BlockUnavailable, Malformed) as error:
        return ChangeFacts(missing=why_missing(error))
    counts = ChangeFacts(found.add_count, found.remove_count, found.count)
    rows = min(found.add_count, MAX_READ_BYTES // max(1, found.schema.example_bytes))
    try:
        added = read_first(store, found, rows)
    except (BlockUnavailable, Malformed) as error:
        return ChangeFacts(counts.adds, counts.removes, counts.size, missing=why_missing(error))
    known = target if target in added else None
    shown = samples(
        added, known or _last(added), SAMPLES, tokeniser, found.schema.labels(known or "")
    )
    classes = class_counts(added, known) if known else None
    return ChangeFacts(counts.adds, counts.removes, counts.size, rows, classes, tuple(shown))


def why_missing(error: Exception) -> str:
    """Why content cannot be shown, in words that do not tell where this machine keeps it."""
    if isinstance(error, BlockUnavailable):
        return f"block {cid(error.digest)} is not in this store"
    if isinstance(error, StoreUnreachable):
        return "the store does not answer"
    return "the store cannot be read" if isinstance(error, StorageError) else str(error)


def _last(columns: Mapping[str, np.ndarray]) -> str:
    return max(columns)
