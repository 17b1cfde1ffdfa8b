"""Evaluations that survive a kill: the losses found so far, appended to a file as they come.

A file holds records, each written at once, all integers big-endian:

    start as uint64 || count as uint32 || losses as int64 [count] || sha256(file's name || all this)

A record that a kill cut short fails its hash; it and what follows is dropped.
"""

import contextlib
import fcntl
import hashlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from compute import canonical
from compute.exact import SHARD
from compute.judging import device
from compute.models import ModelSpecification
from compute.training_set import TrainingSet

_HEAD = struct.Struct(">QI")
_DIGEST_BYTES = 32
KEPT = 8


class Transcript:
    """The int64 losses of an evaluation under way, shard by shard of SHARD consecutive examples.

    Within a shard they are found in order; shards come in any order.
    """

    def __init__(self, total: int, file: BinaryIO | None = None, name: str = "") -> None:
        """Of `total` examples; with a `file`, whose records are read first, also on disk."""
        self.losses = np.zeros(total, np.int64)
        self._known = [0] * len(range(0, total, SHARD))
        self._file = file
        self._name = name.encode()
        if file is not None:
            self._read(file)

    @property
    def done(self) -> int:
        """How many examples are known."""
        return sum(self._known)

    @property
    def shards(self) -> int:
        return len(self._known)

    def span(self, shard: int) -> tuple[int, int]:
        """(first example, end) of a shard."""
        return shard * SHARD, min((shard + 1) * SHARD, len(self.losses))

    def next(self, shard: int) -> int:
        """The first example of a shard that is not known; its end if all are."""
        return shard * SHARD + self._known[shard]

    def complete(self, shard: int) -> bool:
        return self.next(shard) == self.span(shard)[1]

    def add(self, start: int, losses: np.ndarray) -> None:
        """The losses of the examples from `start`, the next ones of their shard."""
        self._take(start, losses)
        if self._file is not None:
            self._file.write(self._record(start, losses))
            self._file.flush()

    def _take(self, start: int, losses: np.ndarray) -> None:
        shard = start // SHARD
        if not (shard < self.shards and start == self.next(shard)):
            raise ValueError(f"example {start} is not next in its shard")
        if start + len(losses) > self.span(shard)[1]:
            raise ValueError(f"the losses from example {start} on leave their shard")
        self.losses[start : start + len(losses)] = losses
        self._known[shard] += len(losses)

    def _record(self, start: int, losses: np.ndarray) -> bytes:
        data = _HEAD.pack(start, len(losses)) + losses.astype(">i8").tobytes()
        return data + hashlib.sha256(self._name + data).digest()

    def _read(self, file: BinaryIO) -> None:
        """Take the records that are whole, and cut the file after them."""
        whole = 0
        with contextlib.suppress(ValueError, struct.error):
            while True:
                start, count = _HEAD.unpack(file.read(_HEAD.size))
                if count > SHARD:
                    break
                losses = np.frombuffer(file.read(8 * count), ">i8").astype(np.int64)
                if self._record(start, losses)[-_DIGEST_BYTES:] != file.read(_DIGEST_BYTES):
                    break
                self._take(start, losses)
                whole = file.tell()
        file.seek(whole)
        file.truncate()


class Transcripts:
    """A folder of transcripts, each of one checkpoint of one model on one training set.

    Only the `kept` ones used last stay, finished or not: an actor that starts again need not
    evaluate again.
    """

    def __init__(self, folder: Path, kept: int = KEPT) -> None:
        self._folder = folder
        self._kept = kept

    @contextlib.contextmanager
    def open(
        self, model_hash: bytes, checkpoint: bytes, tip: bytes, total: int
    ) -> Iterator[Transcript]:
        """Go on with the transcript of this evaluation, or begin it.

        Only what this program found on this device is gone on with. While another process writes
        it, what is found is kept in memory alone.
        """
        subject = {
            "device": device.fingerprint(),
            "model": model_hash.hex(),
            "checkpoint": checkpoint.hex(),
            "tip": tip.hex(),
            "examples": total,
        }
        name = canonical.digest(canonical.encode(subject)).hex()
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._folder / f"{name}.losses", os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield Transcript(total)
                return
            os.utime(file.fileno())
            self.forget(self._kept)
            yield Transcript(total, file, name)

    def forget(self, kept: int = 0) -> None:
        """Delete all but the transcripts used last."""
        files = sorted(self._folder.glob("*.losses"), key=lambda path: path.stat().st_mtime_ns)
        for path in files[: max(0, len(files) - kept)]:
            path.unlink(missing_ok=True)


def transcript_in(
    transcripts: Transcripts | None,
    specification: ModelSpecification,
    checkpoint: bytes,
    tip: bytes,
    training_set: TrainingSet,
) -> contextlib.AbstractContextManager[Transcript]:
    """The transcript of this evaluation in that folder, or one that will be lost."""
    total = len(training_set)
    if transcripts is None:
        return contextlib.nullcontext(Transcript(total))
    return transcripts.open(specification.hash, checkpoint, tip, total)
