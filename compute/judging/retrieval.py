"""Retrieve what the chain names from the store: specification, training set, parameters."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from compute.chain import Group
from compute.checkpoint import Checkpoint, InvalidCheckpoint, Reason, load, model_of
from compute.models import ModelSpecification
from compute.storage import Store
from compute.training_set import (
    DeltaRecord,
    Materialised,
    TrainingSet,
    materialise,
    replay,
)

Parameters = Mapping[str, np.ndarray]


def load_specification(store: Store, model_hash: bytes) -> ModelSpecification:
    """The specification a group names. Raises BlockUnavailable, BlockCorrupt or ModelError."""
    for block in ModelSpecification.read_names(model_hash, store.get):
        store.get(block)  # known or not: a mirror comes to hold it for others, what is lost is said
    if model_hash not in _known:
        found = ModelSpecification.read(model_hash, store.get)
        while len(_known) >= MODELS_KNOWN:
            del _known[next(iter(_known))]
        _known[model_hash] = found
    return _known[model_hash]


def load_design(store: Store, model_hash: bytes) -> ModelSpecification:
    """The design of a model of whatever version of the evaluator, see
    `ModelSpecification.read_design`. Raises BlockUnavailable, BlockCorrupt or ModelError."""
    return ModelSpecification.read_design(model_hash, store.get)


MODELS_KNOWN = 64
# one object for one model: what is compiled for it is found again
_known: dict[bytes, ModelSpecification] = {}


def load_training_set(
    group: Group, store: Store, version: int, folder: Path | None = None
) -> TrainingSet:
    """The group's training set at `version`, from `folder`, where its versions are kept; without
    one it is replayed in memory. Raises InvalidGenesis or BlockUnavailable."""
    if folder is None:
        return replay(store, *deltas_until(group, version))
    return load_training_sets(group, store, version, folder).version(version)


def load_training_sets(
    group: Group, store: Store, version: int, folder: Path, *, verify: bool = False
) -> Materialised:
    """Every version up to `version`, and those after it that are in `folder` already. With
    `verify`, what is there is hashed again. Raises InvalidGenesis or BlockUnavailable."""
    return materialise(folder, store, *deltas_until(group, version), verify=verify)


def deltas_until(group: Group, version: int) -> tuple[bytes, list[DeltaRecord]]:
    """The genesis delta's hash and every delta up to `version`, through a fork's parents."""
    genesis, records = group.deltas.lineage(version)
    return genesis, [DeltaRecord(r.delta_hash, r.parent_tip, r.proposer) for r in records]


def load_checkpoint(store: Store, specification: ModelSpecification, digest: bytes) -> Checkpoint:
    """A checkpoint of exactly this model. Raises InvalidCheckpoint (with its reason) or
    BlockUnavailable.
    """
    return load(
        store,
        digest,
        model_hash=specification.hash,
        shapes=specification.parameter_shapes(),
        magnitude_log2=specification.magnitude_log2,
    )


def load_incumbent(store: Store, specification: ModelSpecification, digest: bytes) -> Parameters:
    """The incumbent's parameters in this model.

    A fork starts from a checkpoint of one of its ancestors; it is carried over by the map each
    specification on the way down names. Raises InvalidCheckpoint if the checkpoint is of no
    ancestor.
    """
    model_hash = model_of(store, digest)
    if model_hash == specification.hash:
        return load_checkpoint(store, specification, digest).params
    return _carried(store, specification, model_hash, digest)


def _carried(
    store: Store, fork: ModelSpecification, model_hash: bytes, digest: bytes
) -> Parameters:
    """An ancestor's parameters in a fork. The designs say enough of those between: their programs
    may be of other versions of the evaluator."""
    if fork.parent is None:
        raise InvalidCheckpoint(Reason.MODEL, model_hash.hex())
    parent = load_design(store, fork.parent.model_hash)
    if model_hash != fork.parent.model_hash:
        return fork.adapt(_carried(store, parent, model_hash, digest))
    shapes, most = parent.parameter_shapes(), parent.magnitude_log2
    found = load(store, digest, model_hash=model_hash, shapes=shapes, magnitude_log2=most)
    return fork.adapt(found.params)
