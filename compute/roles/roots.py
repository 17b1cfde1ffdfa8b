"""From a hash on chain to every block behind it."""

from collections.abc import Iterator

from compute import checkpoint, training_set
from compute.chain import Group
from compute.models import ModelError, ModelSpecification, Module
from compute.storage import BlockUnavailable, Store


def of_delta(store: Store, root: bytes) -> list[bytes]:
    """Digests of a delta's blocks, the manifest last. Raises BlockUnavailable."""
    try:
        return training_set.blocks_of(store, root)
    except training_set.Malformed:  # an empty patch, for everyone who can read it
        return [root]


def of_root(store: Store, root: bytes) -> list[bytes]:
    """Digests of the blocks of a checkpoint, a delta, or a block that names no others, the root
    last. Raises BlockUnavailable."""
    try:
        return checkpoint.blocks_of(store, root)
    except checkpoint.InvalidCheckpoint:
        return of_delta(store, root)


def models(store: Store, model_hash: bytes) -> Iterator[bytes]:
    """A model, its code if it is made of code, and the models that it descends from, as far as
    `store` holds them."""
    yield model_hash
    try:
        specification = ModelSpecification.parse(store.get(model_hash))
    except (BlockUnavailable, ModelError):
        return
    if isinstance(specification.architecture, Module):
        yield specification.architecture.source
    if specification.parent is not None:
        yield from models(store, specification.parent.model_hash)


def deltas(group: Group) -> list[bytes]:
    """The genesis delta and every one appended since, through a fork's parents."""
    genesis, records = group.lineage(group.current().version)
    return [genesis, *(record.delta_hash for record in records)]


def of_group(group: Group, store: Store) -> list[bytes]:
    """The roots of all that `nrn verify` reads: models, deltas, accepted checkpoints."""
    accepted = [block.checkpoint_hash for block in group.accepted_blocks()]
    first = group.config.genesis_checkpoint
    roots = [*models(store, group.model_hash), *deltas(group), first, *accepted]
    return list(dict.fromkeys(roots))
