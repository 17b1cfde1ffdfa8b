"""Differences of versions, for curators before proposing and voters before voting."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from compute.training_set.examples import TrainingSet


@dataclass(frozen=True)
class Diff:
    """The patch from a set to wanted examples: `add` columns, `remove` ids, both ready for
    `build_delta`. `kept` wanted examples are in the set already; `duplicates` counts wanted
    examples given more than once, taken once."""

    add: dict[str, np.ndarray]
    remove: list[bytes]
    kept: int
    duplicates: int

    def __len__(self) -> int:
        """How many examples come or go."""
        return len(next(iter(self.add.values()))) + len(self.remove)


def additions(parent: TrainingSet, wanted: Mapping[str, np.ndarray]) -> Diff:
    """Return what to add to `parent` so that it holds the examples of `wanted` too.

    Examples are compared by content; those to add keep their order. Raises SchemaError if the
    columns do not match.
    """
    return _additions(parent, wanted, parent.schema.check(wanted), parent.schema.ids(wanted))


def diff(parent: TrainingSet, target: Mapping[str, np.ndarray]) -> Diff:
    """Return what to add to and remove from `parent` so that it holds exactly the examples of
    `target`."""
    count = parent.schema.check(target)
    ids = parent.schema.ids(target)
    gone = parent.ids[~np.isin(_keys(parent.ids), _keys(ids))]
    return replace(_additions(parent, target, count, ids), remove=[row.tobytes() for row in gone])


def class_counts(columns: Mapping[str, np.ndarray], target: str) -> dict[int, int]:
    """Count the examples with each value of the `target` column, by value; of text, nothing."""
    if columns[target].ndim > 1:
        return {}
    values, counts = np.unique(columns[target], return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


def _additions(
    parent: TrainingSet, wanted: Mapping[str, np.ndarray], count: int, ids: np.ndarray
) -> Diff:
    first = np.sort(np.unique(_keys(ids), return_index=True)[1])
    new = first[~parent.holds(ids[first])]
    return Diff(
        add={name: array[new] for name, array in wanted.items()},
        remove=[],
        kept=len(first) - len(new),
        duplicates=count - len(first),
    )


def _keys(ids: np.ndarray) -> np.ndarray:
    """Ids uint8 [n, 32] as one sortable value each."""
    return np.ascontiguousarray(ids).view("V32").reshape(-1)
