"""Derive a player's belief about a claim from the published bytes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache

import numpy as np

from compute.chain import Group
from compute.checkpoint import Checkpoint
from compute.checkpoint.root import LEAF_BYTES
from compute.dispute import sources
from compute.dispute.belief import Computed, Headers
from compute.dispute.state import Evaluation, NoMove
from compute.exact import merkle_top
from compute.models import ModelSpecification
from compute.storage import Store
from compute.trace.arrays import Arrays
from compute.trace.rows import Column, Parameter, Rows
from compute.trace.run import Example
from compute.training_set import TrainingSet


class Published:
    """A checkpoint on a training set of a group, with the losses that were found.

    `version` is that of the training set; `losses` int64 [examples]. Of an example `without` a loss
    and of those after it, which a dispute does not come to, they say nothing.
    """

    def __init__(
        self,
        group: Group,
        store: Store,
        checkpoint_hash: bytes,
        checkpoint: Checkpoint,
        specification: ModelSpecification,
        training_set: TrainingSet,
        version: int,
        losses: np.ndarray,
        without: int | None = None,
    ) -> None:
        self._group, self._store = group, store
        self._name, self._checkpoint = checkpoint_hash, checkpoint
        self._specification, self._set, self._version = specification, training_set, version
        self.losses, self.without = losses, without
        self.traced = lru_cache(maxsize=2)(self._traced)

    @property
    def not_refereed(self) -> str | None:
        """Why no example of the model can be disputed."""
        return self._specification.not_refereed

    @property
    def rows(self) -> Rows:
        rows = self._specification.rows
        if rows is None:
            raise NoMove(f"the model is not refereed: {self._specification.not_refereed}")
        return rows

    @cached_property
    def evaluation(self) -> Evaluation:
        top = merkle_top(self.losses.tolist())
        return Evaluation(
            top.total // len(self.losses),
            len(self.losses),
            top.total,
            top.hash,
            self._checkpoint.params_root,
            self._set.root.digest(),
            self._specification.rows_root,
        )

    def _traced(self, example: int) -> Computed:
        columns = {name: x[0] for name, x in self._example(example).items()}
        return Computed(self.rows, Arrays(), Example(self._checkpoint.params, columns))

    def _example(self, example: int) -> Mapping[str, np.ndarray]:
        return self._set.at(np.array([example]))

    def source(self, example: int, row: int, element: int) -> bytes:
        """The opening of a parameter or of the example, whichever the row is."""
        made = self.rows.rows[row].made
        if isinstance(made, Parameter):
            return sources.parameter(self._param_leaves, made.first + element // (LEAF_BYTES // 4))
        if not isinstance(made, Column):
            raise NoMove(f"row {row} is made of other rows")
        shown = self._set.schema.example_of(self._example(example))
        return sources.column(self._data_leaves, example, shown)

    @cached_property
    def _param_leaves(self) -> list[bytes]:
        arrays = (x for _, x in sorted(self._checkpoint.params.items()))
        data = (np.ascontiguousarray(x, "<f4").tobytes() for x in arrays)
        return [part[i : i + LEAF_BYTES] for part in data for i in range(0, len(part), LEAF_BYTES)]

    @cached_property
    def _data_leaves(self) -> list[bytes]:
        ids, step = self._set.ids, sources.IDS
        groups = (ids[i : i + step].tobytes() for i in range(0, len(ids), step))
        return [self._set.schema.leaf, *groups]

    def header(self) -> Headers:
        """What binds the roots to the names on chain."""
        return Headers(self._words(self._name), self._words(self._group.model_hash), self._delta())

    def _words(self, name: bytes) -> tuple[bytes, bytes]:
        header = self._store.get(name)
        return header[:32], header[32:64]

    def _delta(self) -> tuple[int, int, bytes, bytes]:
        """The newest delta up to the version that made this set: those after it were empty."""
        genesis, records = self._group.deltas.lineage(self._version)
        named = [(0, bytes(32), genesis)]
        named += [(n, r.parent_tip, r.delta_hash) for n, r in enumerate(records, 1)]
        stated = self._set.root.digest() + len(self._set).to_bytes(32, "big")
        for version, before, name in reversed(named):
            header = self._store.get(name)
            if header[:64] == stated:
                return self._up(version), version, before, header[64:96]
        raise NoMove("no delta states this training set")

    def _up(self, version: int) -> int:
        """How many groups up this version was adopted."""
        group, up = self._group, 0
        while group.parent is not None and version < group.base_version:
            group, up = group.parent, up + 1
        return up
