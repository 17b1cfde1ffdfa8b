"""List every block behind a hash on chain."""

import contextlib
from collections.abc import Iterator

from compute import checkpoint, training_set
from compute.chain import Group
from compute.models import ModelError, ModelSpecification, Module
from compute.storage import BlockUnavailable, Store
from compute.training_set import tokeniser
from compute.training_set.replay import InvalidGenesis, genesis_manifest


def _model_blocks(store: Store, root: bytes) -> list[bytes]:
    return ModelSpecification.read_names(root, store.get)


_KINDS = (checkpoint.blocks_of, training_set.blocks_of, tokeniser.blocks_of, _model_blocks)
_OTHER_KIND = (checkpoint.InvalidCheckpoint, training_set.Malformed, ModelError)


def of_root(store: Store, root: bytes) -> list[bytes]:
    """Digests of the blocks of a checkpoint, a delta, a tokeniser, a model, or a block that names
    no others, the root last. Raises BlockUnavailable."""
    for blocks_of in _KINDS:
        with contextlib.suppress(*_OTHER_KIND):
            return blocks_of(store, root)
    return [root]  # code, or a delta that is the empty patch for everyone


def models(store: Store, model_hash: bytes) -> Iterator[bytes]:
    """A model, its code if it is made of code, and the models that it descends from, as far as
    `store` holds them."""
    yield model_hash
    try:
        specification = ModelSpecification.read_design(model_hash, store.get)
    except (BlockUnavailable, ModelError):
        return
    if isinstance(specification.architecture, Module):
        yield specification.architecture.source
    if specification.parent is not None:
        yield from models(store, specification.parent.model_hash)


def deltas(group: Group) -> list[bytes]:
    """The genesis delta and every one appended since, through a fork's parents."""
    genesis, records = group.deltas.lineage(group.voting.current().version)
    return [genesis, *(record.delta_hash for record in records)]


def tokenisers(store: Store, genesis: bytes) -> list[bytes]:
    """The tokeniser that the columns of this genesis delta name; none if `store` cannot get it,
    which takes nothing from the set."""
    try:
        columns = genesis_manifest(store, genesis).schema.columns
        named = tokeniser.named_by(column.name for column in columns)
        if named is not None:
            tokeniser.blocks_of(store, named)
    except (BlockUnavailable, InvalidGenesis, training_set.Malformed):
        return []
    return [] if named is None else [named]


def of_group(group: Group, store: Store) -> list[bytes]:
    """The roots of all that `nrn verify` reads: models, deltas, accepted checkpoints; and the
    tokeniser, for people to read."""
    accepted = [claim.checkpoint_hash for claim in group.history.winners()]
    first = group.config.genesis_checkpoint
    changes = deltas(group)
    words = tokenisers(store, changes[0])
    roots = [*models(store, group.model_hash), *words, *changes, first, *accepted]
    return list(dict.fromkeys(roots))
