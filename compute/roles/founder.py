"""The founder of a group: write what its on-chain hashes name."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compute.checkpoint import publish
from compute.models import ModelError, ModelSpecification, Module
from compute.node.roots import models, of_root, tokenisers
from compute.storage import Store, pins_of
from compute.storage.pins import Pins
from compute.training_set import build_delta
from compute.training_set.replay import NO_TIP, NOBODY
from compute.training_set.tokeniser import Tokeniser, TokeniserError, named_by


@dataclass(frozen=True)
class Founding:
    """The three hashes `create_group` takes, 32 bytes each."""

    model_hash: bytes
    genesis_checkpoint: bytes
    genesis_tip: bytes


def found(
    specification: ModelSpecification,
    columns: Mapping[str, np.ndarray],
    store: Store,
    code: bytes | None = None,
    tokeniser: Tokeniser | None = None,
) -> Founding:
    """Store specification, genesis delta and initial checkpoint of a new group.

    `columns` hold the first examples, [n, *shape] each; `code` is the source of a model that is
    code, `tokeniser` the one that they name. Raises ModelError if the model cannot read
    them, SchemaError if they are no training set, TokeniserError if their tokeniser is not there.
    What is stored is pinned for good.
    """
    check_columns(specification, columns)
    _store_tokeniser(columns, tokeniser, store)
    _store_code(specification, code, store)
    model_hash = _store_model(specification, store)
    genesis = build_delta(None, add=columns, parent_tip=NO_TIP, proposer=NOBODY, store=store)
    checkpoint = publish(specification.initial_parameters(), model_hash=model_hash, store=store)
    words = tokenisers(store, genesis)
    _keep(store, genesis, checkpoint, *models(store, model_hash), *words)
    return Founding(model_hash, checkpoint, genesis)


def found_fork(specification: ModelSpecification, store: Store, code: bytes | None = None) -> bytes:
    """Store the specification of a fork and return its hash.

    Data and first checkpoint come from the parent. Raises ModelError if the specification names
    none.
    """
    if specification.parent is None:
        raise ModelError("the specification of a fork names its parent and the map from it")
    _store_code(specification, code, store)
    model_hash = _store_model(specification, store)
    _keep(store, model_hash)
    return model_hash


def _keep(store: Store, *roots: bytes) -> None:
    """Pin what nobody else can have yet."""
    pins = Pins(pins_of(store), "founder", store)
    for root in roots:
        pins.pin(root, of_root(store, root), why="founded")


def _store_tokeniser(
    columns: Mapping[str, np.ndarray], tokeniser: Tokeniser | None, store: Store
) -> None:
    if tokeniser is not None:
        tokeniser.put(store)
    named = named_by(columns)
    if named is not None and not store.has(named):
        raise TokeniserError(
            f"The tokeniser {named.hex()} of this data is not there: give its file."
        )


def _store_model(specification: ModelSpecification, store: Store) -> bytes:
    *others, header = specification.blocks()
    for block in others:
        store.put(block)
    return store.put(header)


def _store_code(specification: ModelSpecification, code: bytes | None, store: Store) -> None:
    if not isinstance(specification.architecture, Module):
        return
    source = specification.architecture.source
    if code is not None:
        store.put(code)
    if not store.has(source):
        raise ModelError(f"the code {source.hex()} of this model is not there: give its file")


def check_columns(specification: ModelSpecification, columns: Mapping[str, np.ndarray]) -> None:
    """Raise ModelError unless the model can read these columns and has a loss for the target."""
    for column in specification.columns:
        array = columns.get(column.name)
        if array is None:
            raise ModelError(f"the model reads the column {column.name!r}, which is not there")
        if array.dtype.name != column.dtype or array.shape[1:] != column.shape:
            raise ModelError(
                f"the model reads {column.name!r} as {column.dtype} {list(column.shape)}, "
                f"the data has {array.dtype.name} {list(array.shape[1:])}"
            )
    targets = columns.get(specification.target)
    if targets is None:
        raise ModelError(f"the target {specification.target!r} is not there")
    if math.prod(targets.shape[1:]) != math.prod(specification.target_shape):
        raise ModelError(
            f"the loss takes targets of shape {list(specification.target_shape)}, the data has "
            f"{list(targets.shape[1:])}"
        )
    classes = specification.output_shape[-1]
    # of a target for each position, those outside the classes do not count
    one_each = specification.loss == "cross_entropy" and not specification.target_shape
    if one_each and targets.size and not 0 <= int(targets.min()) <= int(targets.max()) < classes:
        raise ModelError(f"a target is not one of the {classes} classes")
