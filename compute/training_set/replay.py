"""Replay the chain's list of delta hashes into the training set that it defines."""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from eth_hash.auto import keccak

from compute.storage import Store
from compute.training_set import manifest as manifests
from compute.training_set.delta import read_patch
from compute.training_set.examples import Inapplicable, TrainingSet
from compute.training_set.manifest import Malformed, Manifest
from compute.training_set.root import DataRoot
from compute.training_set.schema import Schema, SchemaError

NO_TIP = bytes(32)
NOBODY = "0x" + "00" * 20


@dataclass(frozen=True)
class DeltaRecord:
    """One appended delta as the chain tells it."""

    delta_hash: bytes
    parent_tip: bytes
    proposer: str


class InvalidGenesis(ValueError):
    """The genesis delta defines no training set; nothing can be built on it."""


class EmptyPatch(ValueError):
    """Why a delta changes nothing: malformed, inapplicable, or bound to others."""


def next_tip(tip: bytes, delta_hash: bytes) -> bytes:
    """keccak256(abi_encode(tip, delta_hash)): the tip after appending, as on chain."""
    return keccak(tip + delta_hash)


def replay(store: Store, genesis: bytes, deltas: Iterable[DeltaRecord]) -> TrainingSet:
    """The set after the genesis delta and every appended delta, in order.

    Raises InvalidGenesis if the genesis is no set, and BlockUnavailable if a block of any delta
    cannot be had: a set is known whole or not at all.
    """
    return deque(versions(store, genesis, deltas), maxlen=1)[0]


def versions(store: Store, genesis: bytes, deltas: Iterable[DeltaRecord]) -> Iterator[TrainingSet]:
    """The set of version 0, then the set after each delta; they share their examples.

    Raises what `replay` raises, at the version that cannot be had.
    """
    current = open_genesis(store, genesis)
    yield current
    for record in deltas:
        current = apply_delta(store, current, record)
        yield current


def open_genesis(store: Store, genesis: bytes) -> TrainingSet:
    """The set of version 0. Raises InvalidGenesis or BlockUnavailable."""
    manifest = genesis_manifest(store, genesis)
    with invalid_genesis(genesis):
        return _patched(store, TrainingSet(manifest.schema), manifest)


def apply_delta(store: Store, current: TrainingSet, record: DeltaRecord) -> TrainingSet:
    """The set after one more delta.

    Total: a delta that is malformed, inapplicable, or bound to another parent or proposer is the
    empty patch and returns `current` itself. Raises BlockUnavailable.
    """
    try:
        return apply_strictly(store, current, record)
    except EmptyPatch:
        return current


def apply_strictly(store: Store, current: TrainingSet, record: DeltaRecord) -> TrainingSet:
    """The same, but raises EmptyPatch where `apply_delta` returns `current`."""
    with empty_patch():
        manifest = bound_manifest(store, record, current.schema)
        return _patched(store, current, manifest)


def genesis_manifest(store: Store, genesis: bytes) -> Manifest:
    """Read the genesis manifest, which fixes the columns. Raises InvalidGenesis or
    BlockUnavailable."""
    with invalid_genesis(genesis):
        return _bound(store, genesis_record(genesis))


def genesis_record(genesis: bytes) -> DeltaRecord:
    """The genesis delta as if it had been proposed."""
    return DeltaRecord(genesis, NO_TIP, NOBODY)


def bound_manifest(store: Store, record: DeltaRecord, schema: Schema) -> Manifest:
    """The manifest of a delta that is made for its place. Raises Malformed or SchemaError, before
    any of the delta's data is fetched."""
    manifest = _bound(store, record)
    if manifest.schema != schema:
        raise SchemaError("the delta has other columns than the set")
    return manifest


@contextmanager
def invalid_genesis(genesis: bytes) -> Iterator[None]:
    """Turn what makes a delta empty into InvalidGenesis."""
    try:
        yield
    except (Malformed, Inapplicable) as error:
        raise InvalidGenesis(
            f"The genesis delta {genesis.hex()} is not a training set: {error}. "
            "This group can never be used; choose another."
        ) from None


@contextmanager
def empty_patch() -> Iterator[None]:
    """Everything that can be wrong with a delta means the same: it changes nothing."""
    try:
        yield
    except (Malformed, Inapplicable, SchemaError) as error:
        raise EmptyPatch(f"The delta changes nothing: {error}.") from None


def check_result(manifest: Manifest, count: int, root: DataRoot) -> None:
    """Raise Malformed unless the delta states the set that it makes."""
    if (manifest.count, manifest.data_root) != (count, root.digest()):
        raise Malformed("the delta states another set than it makes")


def _patched(store: Store, current: TrainingSet, manifest: Manifest) -> TrainingSet:
    result = current.patched(*read_patch(store, manifest))
    check_result(manifest, len(result), result.root)
    return result


def _bound(store: Store, record: DeltaRecord) -> Manifest:
    manifest = manifests.get(store, record.delta_hash)
    if manifest.parent_tip != record.parent_tip:
        raise Malformed("the delta was made for another parent")
    if manifest.proposer != record.proposer.lower():
        raise Malformed("the delta was made by another proposer")
    return manifest
