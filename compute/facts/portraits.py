"""What accepted checkpoints make, to look at: some text of a language model, a confusion matrix.

Whoever likes makes a portrait and keeps it in the store; it is cheap to make again, so nobody has
to believe one of another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compute import canonical
from compute.storage import MAX_BLOCK_BYTES, StorageError, Store, pins_of
from compute.storage.pins import Pins

FORMAT = "decentralizedai/portrait/1"
OWNER = "portraits"
MAX_CLASSES = 64
MAX_COMPLETIONS = 4
MAX_TEXT = 2_000  # characters of a prompt or of what follows it
_KEYS = {"checkpoint", "completions", "confusion", "format", "labels", "version"}


@dataclass(frozen=True)
class Portrait:
    """`completions` are (prompt, what follows); `confusion[true][predicted]` counts examples of
    `version` of the training set, empty for models without classes; `labels` name the classes."""

    checkpoint: bytes
    version: int
    completions: tuple[tuple[str, str], ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def examples(self) -> int:
        """How many were classified."""
        return sum(map(sum, self.confusion))

    @property
    def right(self) -> int:
        """How many of them as the data says."""
        return sum(row[true] for true, row in enumerate(self.confusion))

    def keep(self, store: Store) -> None:
        """Put it into the store, instead of an older one of this checkpoint. Raises
        StorageError."""
        digest = store.put(self._encode())
        pins = Pins(pins_of(store), OWNER, store)
        why = self.checkpoint.hex()
        old = {record.root for record in pins.records() if record.why == why} - {digest}
        pins.pin(digest, [], why=why)
        pins.release(old)

    def _encode(self) -> bytes:
        return canonical.encode(
            {
                "format": FORMAT,
                "checkpoint": self.checkpoint.hex(),
                "version": self.version,
                "completions": [list(pair) for pair in self.completions],
                "confusion": [list(row) for row in self.confusion],
                "labels": list(self.labels),
            }
        )


def portraits(store: Store | None) -> dict[bytes, Portrait]:
    """Those in this store by checkpoint; what is damaged or is none is left out."""
    try:
        records = [] if store is None else Pins(pins_of(store), OWNER, store).records()
    except (StorageError, OSError):
        return {}
    found = [_read(store, record.root) for record in records] if store else []
    return {portrait.checkpoint: portrait for portrait in found if portrait is not None}


def _read(store: Store, digest: bytes) -> Portrait | None:
    try:
        if not store.has(digest):
            return None
        return _decode(canonical.decode(store.get(digest), max_bytes=MAX_BLOCK_BYTES))
    except (StorageError, ValueError, TypeError, KeyError):
        return None


def _decode(document: Mapping[str, Any]) -> Portrait:
    """Raises ValueError, TypeError or KeyError for what is none."""
    if document.keys() != _KEYS or document["format"] != FORMAT:
        raise ValueError("no portrait")
    rows = [tuple(map(_count, row)) for row in document["confusion"]]
    if len(rows) > MAX_CLASSES or any(len(row) != len(rows) for row in rows):
        raise ValueError("no confusion matrix")
    pairs = [(_text(prompt), _text(text)) for prompt, text in document["completions"]]
    return Portrait(
        bytes.fromhex(document["checkpoint"]),
        _count(document["version"]),
        tuple(pairs[:MAX_COMPLETIONS]),
        tuple(rows),
        tuple(map(_text, document["labels"][:MAX_CLASSES])),
    )


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise ValueError("no count")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value[:MAX_TEXT]
