"""The founder of a group: write what its on-chain hashes name."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compute import exact
from compute.checkpoint import publish
from compute.judging.evaluation import check_data
from compute.judging.retrieval import load_incumbent
from compute.models import ModelError, ModelSpecification, Module
from compute.node.roots import models, of_root, tokenisers
from compute.storage import Store, pins_of
from compute.storage.pins import Pins
from compute.training_set import build_delta
from compute.training_set.replay import NO_TIP, NOBODY
from compute.training_set.tokeniser import Tokeniser, TokeniserError, named_by


@dataclass(frozen=True)
class Origin:
    """The origin of a fork: its parent's model hash, a checkpoint and the examples."""

    model_hash: bytes
    checkpoint: bytes
    columns: Mapping[str, np.ndarray]


Labels = Mapping[str, tuple[str, ...]]
Bounds = Mapping[str, tuple[int, int]]
FURTHEST_INPUT_LOG2 = 16  # of the greatest number that a network sees
FURTHEST_TARGET = 2**11  # from an output, after scaling: see compute.exact.losses.squared_error


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
    bounds: Bounds | None = None,
    labels: Labels | None = None,
    scale_log2: Mapping[str, int] | None = None,
) -> Founding:
    """Store specification, genesis delta and initial checkpoint of a new group.

    `columns` hold the first examples, [n, *shape] each; `code` is the source of a model that is
    code, `tokeniser` the one that they name. `bounds`, the least and greatest value that a column
    may ever hold, are for the target by default those of `default_bounds`; `labels` and
    `scale_log2` say what integers mean to people (see Schema.of). Raises ModelError if
    the model cannot read them or the bounds let its loss saturate, SchemaError if they are no
    training set, TokeniserError if their tokeniser is not there. What is stored is pinned for good.
    """
    _check_evaluator(specification)
    check_columns(specification, columns)
    limits = {**default_bounds(specification, columns), **(bounds or {})}
    _check_bounds(specification, limits)
    _store_tokeniser(columns, tokeniser, store)
    _store_code(specification, code, store)
    model_hash = _store_model(specification, store)
    genesis = build_delta(
        None,
        add=columns,
        bounds=limits,
        labels=labels,
        scale_log2=scale_log2,
        parent_tip=NO_TIP,
        proposer=NOBODY,
        store=store,
    )
    checkpoint = publish(specification.initial_parameters(), model_hash=model_hash, store=store)
    words = tokenisers(store, genesis)
    _keep(store, genesis, checkpoint, *models(store, model_hash), *words)
    return Founding(model_hash, checkpoint, genesis)


def default_bounds(specification: ModelSpecification, columns: Mapping[str, np.ndarray]) -> Bounds:
    """Return the bounds of a group's target: the classes of its loss, so that no delta can
    make examples that do not count; for squared errors the range of the data.

    Targets for each position that are outside the classes already mark positions that do not
    count: then the range is that of the data too.
    """
    target = columns[specification.target]
    if not target.size:
        return {}
    own = int(target.min()), int(target.max())
    most = {"cross_entropy": specification.output_shape[-1] - 1, "binary_cross_entropy": 1}
    if specification.loss not in most or not 0 <= own[0] <= own[1] <= most[specification.loss]:
        return {specification.target: own}
    greatest = int(np.iinfo(target.dtype).max)
    return {specification.target: (0, min(most[specification.loss], greatest))}


def _check_bounds(specification: ModelSpecification, bounds: Bounds) -> None:
    """Raise ModelError if a target within the bounds saturates the loss of a model that says 0."""
    limits = bounds.get(specification.target)
    if specification.target_scale_log2 is None or limits is None:
        return
    furthest = max(map(abs, limits)) * 2.0**specification.target_scale_log2
    if furthest > FURTHEST_TARGET:
        raise ModelError(
            f"a target of {furthest:g} saturates the squared error: give smaller bounds or a "
            "smaller target_scale_log2"
        )


def found_fork(
    specification: ModelSpecification, origin: Origin, store: Store, code: bytes | None = None
) -> bytes:
    """Store the specification of a fork and return its hash.

    Data and first checkpoint come from the parent: `origin`. Raises ModelError if the specification
    names another or none, if the map does not take the checkpoint, or if the model cannot read the
    data; InvalidCheckpoint, BlockUnavailable.
    """
    if specification.parent is None:
        raise ModelError("the specification of a fork names its parent and the map from it")
    if specification.parent.model_hash != origin.model_hash:
        raise ModelError(
            f"the specification names the parent {specification.parent.model_hash.hex()}, the "
            f"group to fork trains {origin.model_hash.hex()}"
        )
    _check_evaluator(specification)
    check_columns(specification, origin.columns)
    load_incumbent(store, specification, origin.checkpoint)
    _store_code(specification, code, store)
    model_hash = _store_model(specification, store)
    _keep(store, model_hash)
    return model_hash


def _check_evaluator(specification: ModelSpecification) -> None:
    if specification.evaluator != exact.VERSION:
        raise ModelError(
            f"nobody could evaluate {specification.evaluator!r}: this program speaks "
            f"{exact.VERSION}"
        )


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
    """Raise ModelError unless the model can learn from these columns, and has a loss for them."""
    for column in specification.columns:
        if column.scale_log2 is not None:
            greatest = np.iinfo(column.dtype).max * 2.0**column.scale_log2
            if not 2.0**-FURTHEST_INPUT_LOG2 <= greatest <= 2.0**FURTHEST_INPUT_LOG2:
                raise ModelError(
                    f"the scale_log2 {column.scale_log2} of {column.name!r} makes numbers up to "
                    f"{greatest:.3g}, which no network learns from: 1 is usual"
                )
    check_data(specification, columns)
