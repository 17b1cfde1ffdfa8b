"""Check that this machine can keep a group: memory, and evaluation time in the vote window."""

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from compute.chain import Group
from compute.exact.evaluation import Evaluator, Invalid, examples_at_once
from compute.exact.memory import usable
from compute.judging.retrieval import load_specification
from compute.models import ModelError, ModelSpecification
from compute.storage import StorageError, Store
from compute.training_set import Malformed, manifest


@dataclass(frozen=True)
class Fit:
    """`examples` of the training set; `memory` in bytes and `seconds` of one evaluation here;
    `window` seconds that a keeper has for it. `why` it does not fit, None if it does."""

    examples: int | None = None
    memory: int | None = None
    seconds: float | None = None
    window: int | None = None
    why: str | None = None


def fit_of(group: Group, store: Store) -> Fit:
    """Measured on one batch of the group's own program, with its first parameters."""
    try:
        specification = load_specification(store, group.model_hash)
        examples = _examples(group, store)
    except (StorageError, ModelError) as error:
        return Fit(why=str(error))
    batch = min(examples_at_once(specification.bytes_for_one), max(1, examples))
    held = sum(kind.bytes for _, kind in specification.program.parameters)
    memory = 2 * held + batch * specification.bytes_for_one
    window = group.config.vote_window - min(900, group.config.vote_window // 6)
    if memory > usable() * jax.local_device_count():
        return Fit(examples, memory, None, window, "it needs more memory than there is")
    seconds = _seconds(specification, batch) * examples / batch
    why = "an evaluation outlasts the vote window" if seconds > window else None
    return Fit(examples, memory, seconds, window, why)


def _examples(group: Group, store: Store) -> int:
    """Of the version in force, as the header of its last delta tells. Raises BlockUnavailable."""
    genesis, records = group.deltas.lineage(group.voting.current().version)
    for digest in reversed([genesis, *(record.delta_hash for record in records)]):
        try:
            return manifest.get(store, digest).count
        except Malformed:  # changes nothing, for everyone
            continue
    return 0


def _seconds(specification: ModelSpecification, batch: int) -> float:
    """For so many examples at once, compilation not counted."""
    evaluator = Evaluator(
        specification.program, specification.initial_parameters(), loss=specification.loss
    )
    columns = {c.name: _zeros(batch, c.shape, c.dtype) for c in specification.columns}
    targets = specification.targets(_zeros(batch, specification.target_shape, "uint8"))
    inputs: dict[str, Any] = {name: columns[name] for name in specification.inputs}
    elapsed = 0.0
    for _ in range(2):  # the first one compiles
        began = time.perf_counter()
        with contextlib.suppress(Invalid):  # zeros are no data; the work is the same
            list(evaluator.losses([(inputs, targets)]))
        elapsed = time.perf_counter() - began
    return elapsed


def _zeros(batch: int, shape: Sequence[int], dtype: str) -> np.ndarray:
    return np.zeros((batch, *shape), dtype)
