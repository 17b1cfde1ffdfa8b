"""What a curator must know before proposing, and a voter before voting."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compute.training_set.examples import TrainingSet


@dataclass(frozen=True)
class Diff:
    """The patch from a set to wanted examples: `add` columns, `remove` ids, both ready for
    `build_delta`; `duplicates` counts wanted examples given more than once, kept once."""

    add: dict[str, np.ndarray]
    remove: list[bytes]
    kept: int
    duplicates: int


def diff(parent: TrainingSet, target: Mapping[str, np.ndarray]) -> Diff:
    """What to add to and remove from `parent` so that it holds exactly the examples of `target`.

    Examples are compared by content; those to add keep their order. Raises SchemaError if the
    columns do not match.
    """
    count = parent.schema.check(target)
    ids = [row.tobytes() for row in parent.schema.ids(target)]
    here = {row.tobytes() for row in parent.ids}
    first = {example_id: number for number, example_id in reversed(list(enumerate(ids)))}
    new = sorted(number for example_id, number in first.items() if example_id not in here)
    return Diff(
        add={name: array[new] for name, array in target.items()},
        remove=[row.tobytes() for row in parent.ids if row.tobytes() not in first],
        kept=len(first) - len(new),
        duplicates=count - len(first),
    )


def class_counts(columns: Mapping[str, np.ndarray], target: str) -> dict[int, int]:
    """How many examples have each value of the `target` column, by value."""
    values, counts = np.unique(columns[target], return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))
