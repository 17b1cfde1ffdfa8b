"""Checkpoints fetched side by side, so that nobody's slow server holds up another's claim."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager

from compute.chain import RevealedClaim
from compute.checkpoint import InvalidCheckpoint
from compute.checkpoint.load import announced, blocks_of
from compute.judging.evaluation import FalseClaim, check_sums
from compute.judging.goal import Goal
from compute.judging.verdict import contradiction
from compute.storage import BlockUnavailable, Store, StoreUnreachable, get_many

AT_ONCE = 32  # claims; of more, each has its turn
TURN_SECONDS = 20.0
LATELY_SECONDS = 600.0  # in which a search in vain says that bytes are not there
POLL_SECONDS = 0.2

# told which claim is whole, or why it will not be: a false one's fault, or a missing block
Arrival = tuple[RevealedClaim, str | BlockUnavailable | None]


class Arrivals:
    """The checkpoints of claims made for `goal`, fetched into `store`, cheapest evidence first.

    Sizes and sums are compared with the claim before a parameter is fetched. Left early, what has
    not begun is given up; a fetch that waits for its store ends when that answers.
    """

    def __init__(
        self, store: Store, goal: Goal, claims: Sequence[RevealedClaim], check: Callable[[], None]
    ) -> None:
        """`check` is called while nothing arrives, and may raise to leave."""
        self._store = store
        self._goal = goal
        self._check = check
        self._left = threading.Event()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="arrivals")
        self._running: dict[Future[str | None], RevealedClaim] = {}
        self.some = False  # whether something has arrived
        for claim in claims:
            self._begin(claim)

    def __enter__(self) -> "Arrivals":
        return self

    def __exit__(self, *unused: object) -> None:
        self._left.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    @property
    def pending(self) -> list[RevealedClaim]:
        """Those still on their way."""
        return list(self._running.values())

    def poll(self, *, patient: bool) -> Iterator[Arrival]:
        """Those that have arrived since; if `patient`, wait until there is one, or none is left."""
        while self._running:
            done, _ = wait(self._running, POLL_SECONDS if patient else 0, FIRST_COMPLETED)
            arrived = [found for future in done if (found := self._end(future)) is not None]
            self.some |= bool(arrived)
            if arrived or not patient:
                yield from arrived
                return
            self._check()

    def _begin(self, claim: RevealedClaim) -> None:
        self._running[self._pool.submit(self._fetch, claim)] = claim

    def _end(self, future: Future[str | None]) -> Arrival | None:
        claim = self._running.pop(future)
        try:
            return claim, future.result()
        except _NotYet:
            self._begin(claim)
            return None
        except BlockUnavailable as error:
            return claim, error

    def _fetch(self, claim: RevealedClaim) -> str | None:
        """Fetch a claim's blocks; why it is false, as far as that shows already."""
        if fault := contradiction(claim, self._goal):
            return fault
        end = time.monotonic() + TURN_SECONDS
        specification, digest = self._goal.specification, claim.checkpoint_hash
        try:
            found = announced(
                self._store, digest, specification.hash, specification.parameter_shapes()
            )
            check_sums(claim.loss, found.shard_sums, len(self._goal.training_set))
        except (InvalidCheckpoint, FalseClaim) as error:
            return str(error)
        with closing(get_many(self._store, blocks_of(self._store, digest))) as blocks:
            for _ in blocks:
                if self._left.is_set() or time.monotonic() > end:
                    raise _NotYet
        return None


class InVain:
    """Claims whose bytes were sought and not found: by a store that answers, and lately."""

    def __init__(self) -> None:
        self._sought: dict[RevealedClaim, float] = {}  # when, by our own clock
        self._store_answers = True

    def note(self, *claims: RevealedClaim) -> None:
        """Of these a block was not to be had."""
        self._sought |= dict.fromkeys(claims, time.monotonic())

    def lately(self, claim: RevealedClaim) -> bool:
        """Return whether its bytes may be said to be missing. If chain or store have been silent
        since they were sought, nothing is known of them."""
        return time.monotonic() - self._sought.get(claim, float("-inf")) < LATELY_SECONDS

    def clear(self) -> None:
        self._sought.clear()

    @contextmanager
    def looking_for(self, arrivals: Arrivals) -> Iterator[None]:
        """What has not arrived when a search is left is missing, unless the store is silent."""
        try:
            yield
        except StoreUnreachable:
            self._store_answers = False
            raise
        except BaseException:
            if self._store_answers or arrivals.some:
                self.note(*arrivals.pending)
            raise
        self._store_answers = True


class _NotYet(Exception):
    """The turn is over; what was fetched is kept."""
