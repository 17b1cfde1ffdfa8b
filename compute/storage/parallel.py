"""Read and write many blocks at a time, through any store."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from compute.storage.store import Store

_WORKERS = 4
_IN_FLIGHT = 2 * _WORKERS  # blocks in memory at most

Item = TypeVar("Item")
Result = TypeVar("Result")


def put_many(store: Store, blocks: Iterable[bytes]) -> list[bytes]:
    """Put `blocks`, which may be made while others travel, and return their digests in order.

    Raises what `store.put` raises, for the first block that fails; others may have been stored.
    """
    return list(in_order(store.put, blocks))


def get_many(store: Store, digests: Iterable[bytes]) -> Generator[bytes, None, None]:
    """The named blocks in order, a few of them fetched ahead. Raises what `store.get` raises."""
    return in_order(store.get, digests)


def copy(digests: Iterable[bytes], source: Store, target: Store) -> None:
    """Put those named blocks of `source` that `target` lacks; doing it twice changes nothing."""

    def one(digest: bytes) -> None:
        if not target.has(digest):
            target.put(source.get(digest))

    deque(in_order(one, digests), maxlen=0)


def in_order(
    work: Callable[[Item], Result], items: Iterable[Item]
) -> Generator[Result, None, None]:
    """`work` on each of `items`, a few at a time, results in order; the first error ends it.

    Close it if you leave it early: what has not begun is given up.
    """
    pool = ThreadPoolExecutor(_WORKERS)
    running: deque[Future[Result]] = deque()
    try:
        for item in items:
            running.append(pool.submit(work, item))
            if len(running) == _IN_FLIGHT:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        # without waiting: if it was left open, this runs wherever garbage is collected, which may
        # be in one of the threads to wait for
        pool.shutdown(wait=False, cancel_futures=True)
