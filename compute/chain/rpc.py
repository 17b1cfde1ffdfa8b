"""JSON-RPC over HTTP for endpoints that are not trusted, nor always up.

Answers are bounded in bytes and in time before they are parsed, and each is matched to its
request. Where one address fails (transport, a full queue, an answer that cannot be, an old head,
another chain) the next one is asked, and all again with growing pauses; repeating is safe even for
`eth_sendRawTransaction`, because the same signed bytes are the same transaction.
"""

import copy
import itertools
import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from compute.chain.agreement import Call, essence, is_settled
from compute.chain.answers import quantity, result_of
from compute.chain.endpoint import Busy, Elsewhere, Endpoint, Unusable
from compute.chain.errors import (
    AnswerTooLarge,
    ChainError,
    MalformedAnswer,
    RpcUnavailable,
    WrongChain,
)

logger = logging.getLogger(__name__)

MAX_BATCH = 100  # what public endpoints accept
MAX_ENDPOINTS = 16

LAG = 3  # blocks that an address may be behind another
STILL_SECONDS = 60.0  # that an address may show the same head, where others can be asked
MORE_IF_BUSY = 2  # times the attempts: to begin a whole step anew would ask for more
LONGEST_PAUSE = 2.0  # seconds between attempts
PATIENCE = 30.0  # seconds of an endpoint's `Retry-After` that one question waits for

TOO_MANY_CODE = 429
# How providers say "not so fast" inside of an answer; every one words it differently.
TOO_MANY = re.compile(
    r"rate.?limit|too many requests|request count|compute units|throughput|capacity", re.IGNORECASE
)


class Rpc:
    """The endpoints of one chain, the preferred one first.

    Args:
        urls: one address or several, separated by commas; http or https.
        timeout: seconds for one attempt, from connecting to the last byte.
        attempts: how often all are asked before `RpcUnavailable`; of those that are busy, more.
        pause: seconds before the second attempt; doubles from there.
        agree: how many endpoints must tell the same of a block that is asked for by number.
    """

    def __init__(
        self,
        urls: str,
        *,
        timeout: float = 20.0,
        attempts: int = 3,
        pause: float = 0.25,
        agree: int = 1,
    ) -> None:
        given = [url.strip() for url in urls.split(",") if url.strip()] or [urls]
        if len(given) > MAX_ENDPOINTS:
            raise RpcUnavailable(f"Give at most {MAX_ENDPOINTS} RPC addresses.")
        if agree > len(given):
            raise RpcUnavailable(f"{agree} RPC addresses are to agree, and {len(given)} is given.")
        self._endpoints = [Endpoint(url, timeout=timeout, pause=pause) for url in given]
        self._attempts = attempts
        self._pause = pause
        self._agree = agree
        self._latest = "latest"
        self._ids = itertools.count(1)
        self._chain_id: int | None = None
        self.tally: Counter[tuple[str, str]] = Counter()  # questions by (endpoint, answer)
        self.reach: dict[str, int] = {}  # what was learnt of how much the endpoints answer at once
        # Called while waiting; may raise to end the wait.
        self.check: Callable[[], None] = lambda: None

    @property
    def name(self) -> str:
        """The addresses, without what may be a key."""
        return ", ".join(endpoint.name for endpoint in self._endpoints)

    @property
    def batches(self) -> bool:
        """Whether every endpoint took all batches so far."""
        return all(endpoint.batches for endpoint in self._endpoints)

    def expect(self, chain_id: int) -> None:
        """Believe only endpoints that serve this chain. Raises WrongChain, RpcUnavailable."""
        self._chain_id = chain_id
        try:
            self.request("eth_chainId")
        except RpcUnavailable as error:
            if isinstance(error.__cause__, Elsewhere):
                raise WrongChain(f"{self.name}: {error.__cause__}. Use another RPC.") from None
            raise

    def at(self, number: int) -> "Rpc":
        """The same endpoints, for which this block is the latest."""
        pinned = copy.copy(self)
        pinned._latest = hex(number)
        return pinned

    def pause(self, seconds: float) -> None:
        """Sleep, unless `check` raises meanwhile."""
        end = time.monotonic() + seconds
        self.check()
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(0.5, left))
            self.check()

    def request(self, method: str, *params: Any) -> Any:
        """The result of one call. Raises Reverted, RpcRefused, RpcUnavailable, MalformedAnswer."""
        call = self._pinned((method, params))

        def ask(endpoint: Endpoint) -> list[Any]:
            result = self._single(endpoint, *call)
            if method == "eth_getBlockByNumber" and call[1][0] == "latest":
                self._note_head(endpoint, result)
            return [result]

        return self._ask([call], ask)[0]

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """Results of many calls, MAX_BATCH to a round trip, in order; the first failure raises."""
        pinned = [self._pinned(call) for call in calls]
        return [
            result
            for start in range(0, len(pinned), MAX_BATCH)
            for result in self._batch(pinned[start : start + MAX_BATCH])
        ]

    def _pinned(self, call: Call) -> Call:
        method, params = call
        return method, [self._latest if part == "latest" else part for part in params]

    def _batch(self, calls: Sequence[Call]) -> list[Any]:
        def ask(endpoint: Endpoint) -> list[Any]:
            if endpoint.batches:
                answers = self._many(endpoint, calls)
                if answers is not None:
                    return [result_of(answer) for answer in answers]
                endpoint.batches = False
            return [self._single(endpoint, method, params) for method, params in calls]

        return self._ask(calls, ask)

    def _ask(self, calls: Sequence[Call], ask: Callable[[Endpoint], list[Any]]) -> list[Any]:
        """What `ask` gets of one endpoint, or of as many as must agree."""
        needed = self._agree if self._agree > 1 and is_settled(calls) else 1
        given: dict[Endpoint, list[Any]] = {}
        failure: Exception = Unusable("no attempt was made")
        for attempt in range(MORE_IF_BUSY * self._attempts):
            if attempt >= self._attempts and not isinstance(failure, Busy):
                break
            if attempt:
                self.pause(min(LONGEST_PAUSE, self._pause * 2 ** (attempt - 1)))
            for endpoint in self._usable():
                if endpoint in given:
                    continue
                try:
                    self._check_chain(endpoint)
                    given[endpoint] = ask(endpoint)
                except AnswerTooLarge:
                    raise
                except (Unusable, MalformedAnswer) as error:
                    failure = error
                    self.tally[endpoint.name, "unusable"] += len(calls)
                    if isinstance(error, MalformedAnswer):
                        endpoint.failed()
                    self._tell(endpoint, error)
                else:
                    self.tally[endpoint.name, "usable"] += len(calls)
                    endpoint.worked()
                    if len(given) == needed:
                        return _agreed(calls, given)
        if isinstance(failure, MalformedAnswer):
            raise failure
        raise RpcUnavailable(
            f"No answer from the RPC at {self.name} ({failure}). "
            "Start the node, or name another with --rpc or NRN_RPC."
        ) from failure

    def _usable(self) -> list[Endpoint]:
        """Whom to ask, in order: those not resting, or if all are, all that may be asked."""
        endpoints = self._endpoints
        closed = min(endpoint.closed for endpoint in endpoints)
        if closed > PATIENCE:
            raise RpcUnavailable(
                f"The RPC at {self.name} wants no request for {closed:.0f} s: too many were made. "
                "Name another beside it with --rpc or NRN_RPC."
            )
        if closed > 0:
            self.pause(closed)
        return [e for e in endpoints if e.rest <= 0] or [e for e in endpoints if e.closed <= 0]

    def _check_chain(self, endpoint: Endpoint) -> None:
        """Ask an endpoint which chain it serves, again after each failure: what answers at an
        address may be another node then."""
        if self._chain_id is None or endpoint.chain_id == self._chain_id:
            return
        served = quantity(self._single(endpoint, "eth_chainId", ()))
        if served != self._chain_id:
            endpoint.failed()
            raise Elsewhere(f"it serves chain {served}, not chain {self._chain_id}")
        endpoint.chain_id = served

    def _note_head(self, endpoint: Endpoint, answer: Any) -> None:
        """Raise Unusable for a head that others are ahead of."""
        if not isinstance(answer, dict) or len(self._endpoints) == 1:
            return
        number = quantity(answer.get("number"))
        endpoint.showed(number)
        others = [other for other in self._endpoints if other is not endpoint]
        if abs(time.time() - quantity(answer.get("timestamp", "0x0"))) < STILL_SECONDS:
            return  # it is new by our clock: whoever shows a higher number may as well lie
        if number < max(other.head(STILL_SECONDS) for other in others) - LAG:
            endpoint.failed()
            raise Unusable("its head is behind that of others")
        if endpoint.still > STILL_SECONDS and any(self._is_ahead(o, number) for o in others):
            endpoint.failed()
            raise Unusable("its head stands still")

    def _is_ahead(self, endpoint: Endpoint, number: int) -> bool:
        try:
            self._check_chain(endpoint)
            answer = self._single(endpoint, "eth_getBlockByNumber", ("latest", False))
            endpoint.showed(quantity(answer.get("number") if isinstance(answer, dict) else None))
        except (Unusable, ChainError):
            return False
        return endpoint.head(STILL_SECONDS) > number

    def _tell(self, endpoint: Endpoint, error: Exception) -> None:
        if len(self._endpoints) > 1:
            logger.warning("%s is left for a while: %s", endpoint.name, error)

    def _single(self, endpoint: Endpoint, method: str, params: Sequence[Any]) -> Any:
        call = self._envelope(method, params)
        answer = endpoint.post(call)
        if not isinstance(answer, dict) or answer.get("id") != call["id"]:
            _refuse_haste(endpoint, answer)
            raise MalformedAnswer(f"{endpoint.name} did not answer the question asked ({method}).")
        _refuse_haste(endpoint, answer)
        return result_of(answer)

    def _many(self, endpoint: Endpoint, calls: Sequence[Call]) -> list[dict[str, Any]] | None:
        """The answers to a batch, in order; None from an endpoint that takes no batches."""
        envelopes = [self._envelope(method, params) for method, params in calls]
        answers = endpoint.post(envelopes)
        if isinstance(answers, dict):
            _refuse_haste(endpoint, answers)
            return None
        if len(answers) != len(envelopes):
            raise MalformedAnswer(
                f"{endpoint.name} answered another number of questions than asked."
            )
        by_id = {
            answer["id"]: answer
            for answer in answers
            if isinstance(answer, dict) and type(answer.get("id")) is int
        }
        for answer in by_id.values():
            _refuse_haste(endpoint, answer)
        try:
            return [by_id[envelope["id"]] for envelope in envelopes]
        except KeyError:
            raise MalformedAnswer(
                f"{endpoint.name} left a question of a batch unanswered."
            ) from None

    def _envelope(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": list(params)}


def _agreed(calls: Sequence[Call], given: dict[Endpoint, list[Any]]) -> list[Any]:
    """The answers that all gave. Raises MalformedAnswer if they differ."""
    first, *others = given
    for other in others:
        for call, *answers in zip(calls, given[first], given[other], strict=True):
            if essence(call, answers[0]) != essence(call, answers[1]):
                raise MalformedAnswer(
                    f"{first.name} and {other.name} do not agree about {call[0]}. Nothing is "
                    "decided until they do."
                )
    return given[first]


def _refuse_haste(endpoint: Endpoint, answer: Any) -> None:
    """Raise Unusable for an error that means "too many requests"."""
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        return
    if error.get("code") == TOO_MANY_CODE or TOO_MANY.search(str(error.get("message"))[:1000]):
        endpoint.failed()
        raise Busy("it says that too many requests were made")
