"""Batches of a training set, read ahead by several threads: shuffled to train, in order to judge.

Threads, not processes, and no framework: an example is a row of fixed width, so a batch is one
NumPy gather per column, which runs outside the interpreter's lock and waits for the disk there.
"""

import functools
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count, islice

import numpy as np

from compute.training_set.examples import TrainingSet
from compute.training_set.shuffle import Permutation

Batch = dict[str, np.ndarray]

_STRETCH = 64  # batches whose order is computed together
_AHEAD = 2  # batches that wait for the caller, per worker


class Reader:
    """An endless walk through a set: each epoch, every example once in a new order.

    Which examples are in the batch of a step follows from (`seed`, `key`, step) alone, so a run
    that was killed goes on with `start_step`. An epoch's last examples that fill no batch are left
    out. Inside a batch examples keep the set's order, which disks like.
    """

    def __init__(
        self,
        training_set: TrainingSet,
        *,
        batch_size: int,
        seed: int,
        key: bytes,
        start_step: int = 0,
        workers: int = 0,
    ) -> None:
        """`key` names the set, as its tip does. `workers` threads gather batches ahead of the
        caller; with 0, the caller gathers. Raises ValueError for an empty set or batch."""
        if not len(training_set):
            raise ValueError("the training set has no examples")
        if batch_size < 1:
            raise ValueError(f"a batch has at least one example, not {batch_size}")
        self.batch_size = min(batch_size, len(training_set))
        self.step = start_step  # of the batch that comes next
        self._set = training_set
        self._material = key + seed.to_bytes(8)
        self._stretch = functools.lru_cache(maxsize=4)(self._permuted)
        self._batches = _ahead(self._gather, count(start_step), workers)

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        """Columns [batch_size, *shape] by name, the caller's own."""
        batch = next(self._batches)
        self.step += 1
        return batch

    def positions(self, step: int) -> np.ndarray:
        """Which examples are in the batch of `step`: int64 [batch_size], ascending."""
        epoch, number = divmod(step, len(self._set) // self.batch_size)
        stretch, place = divmod(number, _STRETCH)
        return np.sort(self._stretch(epoch, stretch)[place * self.batch_size :][: self.batch_size])

    def _permuted(self, epoch: int, stretch: int) -> np.ndarray:
        """The order of up to _STRETCH batches, which costs little more than that of one."""
        order = Permutation(len(self._set), self._material + epoch.to_bytes(8))
        size = _STRETCH * self.batch_size
        return order(np.arange(stretch * size, min((stretch + 1) * size, len(self._set))))

    def close(self) -> None:
        """Let the workers go; so does the end of the program."""
        self._batches.close()

    def _gather(self, step: int) -> Batch:
        return self._set.at(self.positions(step))


def in_order(
    training_set: TrainingSet, batch_size: int, *, start_step: int = 0, workers: int = 0
) -> Iterator[Batch]:
    """The set's batches once, in its own order, from step `start_step` on; the last may be shorter.

    The same examples as `TrainingSet.batches`, but read ahead by `workers` threads.
    """
    if batch_size < 1:
        raise ValueError(f"a batch has at least one example, not {batch_size}")

    def gather(step: int) -> Batch:
        end = min((step + 1) * batch_size, len(training_set))
        return training_set.at(np.arange(step * batch_size, end))

    return _ahead(gather, iter(range(start_step, -(-len(training_set) // batch_size))), workers)


def _ahead(
    work: Callable[[int], Batch], steps: Iterator[int], workers: int
) -> Generator[Batch, None, None]:
    if workers == 0:
        yield from map(work, steps)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="reader")
    running: deque[Future[Batch]] = deque()
    try:
        running.extend(pool.submit(work, step) for step in islice(steps, _AHEAD * workers))
        while running:
            batch = running.popleft().result()
            running.extend(pool.submit(work, step) for step in islice(steps, 1))
            yield batch
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
