"""Content of models, deltas and checkpoints, cached by hash because it never changes.

What is missing is said and asked for again the next time.
"""

import json
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from compute.about import UNSAID, About
from compute.checkpoint import HeldOut, InvalidCheckpoint, blocks_of, held_out_of
from compute.facts.changes import ChangeFacts, change_facts, why_missing
from compute.facts.portraits import Portrait, portraits
from compute.facts.sayings import about_of
from compute.models import ModelError, ModelSpecification
from compute.program import text
from compute.program.operation import Cost
from compute.storage import StorageError, Store, cid
from compute.training_set.tokeniser import Tokeniser, TokeniserError, load

MAX_KEPT = 20_000  # answers, of a few kilobytes each
BYTES_PER_PARAMETER = 4
LINES, LINE = 300, 200  # lines of a program that a page shows, and characters of each


@dataclass(frozen=True)
class ModelFacts:
    """A model as its document says, what one example costs, and the first lines of its program;
    `missing` says why there is none to show."""

    document: dict[str, Any] | None = None
    parameters: tuple[tuple[str, tuple[int, ...], int], ...] = ()
    outputs: tuple[int, ...] = ()
    inputs: tuple[str, ...] = ()
    target: str | None = None
    cost: Cost | None = None
    program: tuple[str, ...] = ()
    missing: str | None = None

    @property
    def count(self) -> int:
        """Parameters in all."""
        return sum(size for *_, size in self.parameters)

    @property
    def bytes(self) -> int:
        """Of a checkpoint."""
        return BYTES_PER_PARAMETER * self.count

    @property
    def name(self) -> str:
        return str(self.document["architecture"]["name"]) if self.document else "unknown"


@dataclass(frozen=True)
class CheckpointFacts:
    """Blocks of a checkpoint: (digest, CID, whether the store has it); `missing` as above."""

    blocks: tuple[tuple[bytes, str, bool], ...] = ()
    missing: str | None = None


class Content:
    """Reads of one store, each answered once; None is a store that cannot be reached."""

    def __init__(self, store: Store | None) -> None:
        self._store = store
        self._kept: dict[tuple[str, bytes], Any] = {}
        self._lock = threading.Lock()

    def model(self, model_hash: bytes) -> ModelFacts:
        """The model of this hash; code in it is not run."""
        return self._once("model", model_hash, ModelFacts, _model)

    def change(self, delta: bytes, model_hash: bytes) -> ChangeFacts:
        """Return what a delta of a group with this model brings."""
        model = self.model(model_hash)

        def read(store: Store, digest: bytes) -> ChangeFacts:
            return change_facts(store, digest, model.target, _tokeniser(store, model.inputs))

        return self._once("delta" if model.target else "delta?", delta, ChangeFacts, read)

    def checkpoint(self, digest: bytes) -> CheckpointFacts:
        """Return where a checkpoint's blocks lie. Asked anew each time, because blocks come and
        go."""
        try:
            return CheckpointFacts() if self._store is None else _checkpoint(self._store, digest)
        except (StorageError, InvalidCheckpoint) as error:
            return CheckpointFacts(missing=why_missing(error))

    def about(self, digest: bytes) -> About:
        """What a delta's proposer says of it; nothing where the store lacks it."""
        found: tuple[About] | _Missing
        found = self._once("about", digest, _Missing, _about)
        return UNSAID if isinstance(found, _Missing) else found[0]

    def portraits(self) -> dict[bytes, Portrait]:
        """Those that somebody here has made, by checkpoint. Asked anew each time."""
        return portraits(self._store)

    def held_out(self, digest: bytes) -> HeldOut | None:
        """Return the trainer's statement on held-out examples; None also if it is not here."""
        found: tuple[HeldOut | None] | _Missing
        found = self._once("held out", digest, _Missing, lambda s, d: (held_out_of(s, d),))
        return None if isinstance(found, _Missing) else found[0]

    def _once(
        self, kind: str, digest: bytes, absent: Callable[..., Any], read: Callable[..., Any]
    ) -> Any:
        key = kind, digest
        if key in self._kept:
            return self._kept[key]
        if self._store is None:
            return absent(missing="The store cannot be reached.")
        try:
            found = read(self._store, digest)
        except (StorageError, ModelError, InvalidCheckpoint) as error:
            return absent(missing=why_missing(error))
        if getattr(found, "missing", None) is None:
            with self._lock:
                if len(self._kept) >= MAX_KEPT:
                    self._kept.clear()
                self._kept[key] = found
        return found


@dataclass(frozen=True)
class _Missing:
    missing: str


def _about(store: Store, digest: bytes) -> tuple[About] | _Missing:
    found = about_of(store, digest)
    return _Missing("nothing is said") if found is None else (found,)


def _model(store: Store, digest: bytes) -> ModelFacts:
    specification = ModelSpecification.read(digest, store.get)
    shapes = specification.parameter_shapes()
    return ModelFacts(
        json.loads(specification.design()),
        tuple((name, shape, math.prod(shape)) for name, shape in shapes.items()),
        specification.output_shape,
        specification.inputs,
        specification.target,
        specification.cost,
        tuple(line[:LINE] for line in islice(text.lines(specification.program), LINES)),
    )


def _tokeniser(store: Store, columns: tuple[str, ...]) -> Tokeniser | None:
    try:
        return load(store, columns)
    except (TokeniserError, StorageError):
        return None  # tokens are shown as numbers then


def _checkpoint(store: Store, digest: bytes) -> CheckpointFacts:
    found = blocks_of(store, digest)[::-1]
    return CheckpointFacts(tuple((block, cid(block), store.has(block)) for block in found))
