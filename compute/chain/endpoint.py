"""One RPC address: bounded answers, how long to leave it alone, and which head it last showed."""

import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import urllib3

from compute.canonical import check_nesting
from compute.chain.errors import AnswerTooLarge, MalformedAnswer, RpcUnavailable

MAX_ANSWER_BYTES = 16 << 20
BUSY = frozenset({429, 500, 502, 503, 504})
LONGEST_REST = 60.0  # seconds an address that fails is passed over, if there is another
LONGEST_RETRY_AFTER = 3_600.0  # more is not believed
MAX_SECRET_FREE = 80  # characters of an address that messages show


class Unusable(Exception):
    """This address cannot serve the question now; the message says why, in half a sentence."""


class Busy(Unusable):
    """It is there, and may answer the next time."""


class Elsewhere(Unusable):
    """It serves another chain."""


def masked(url: str) -> str:
    """The address without what may be a key: scheme, host and port."""
    try:
        parts = urlsplit(url)
        port = "" if parts.port is None else f":{parts.port}"
        host = parts.hostname or "?"
    except ValueError:
        return "that address"
    hidden = "/…" if parts.path.strip("/") or parts.query else ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{port}{hidden}"[:MAX_SECRET_FREE]


class Endpoint:
    """One RPC address and its state.

    Args:
        url: http or https; may hold a key, so that only `name` is shown.
        timeout: seconds for one attempt, from connecting to the last byte.
        pause: seconds it is left alone after its first failure; doubles with each further one.
    """

    def __init__(self, url: str, *, timeout: float, pause: float) -> None:
        if not url.startswith(("http://", "https://")):
            shown = masked(url) if "://" in url else url[:40]
            raise RpcUnavailable(
                f"'{shown}' is not an RPC address. Give one such as http://127.0.0.1:8545."
            )
        self.name = masked(url)
        self.batches = True  # until it refuses one
        self.chain_id: int | None = None  # until it is asked, and after a failure
        self._url = url
        self._timeout = timeout
        self._pause = pause
        self._strikes = 0
        self._rests_until = 0.0
        self._closed_until = 0.0
        self._head = (0, 0.0, 0.0)
        self._pool = urllib3.PoolManager(retries=False)

    @property
    def rest(self) -> float:
        """Seconds until it should be asked again, where another can be asked meanwhile."""
        return max(self._rests_until, self._closed_until) - time.monotonic()

    @property
    def closed(self) -> float:
        """Seconds for which it wants no question: its own `Retry-After`."""
        return self._closed_until - time.monotonic()

    def worked(self) -> None:
        """It gave a usable answer."""
        self._strikes = 0
        self._rests_until = 0.0

    def failed(self, retry_after: float = 0.0) -> None:
        """It did not; leave it alone for longer each time."""
        now = time.monotonic()
        self._rests_until = now + min(LONGEST_REST, self._pause * 2.0 ** min(self._strikes, 20))
        self._closed_until = now + min(LONGEST_RETRY_AFTER, retry_after)
        self._strikes += 1
        self.chain_id = None

    def showed(self, number: int) -> None:
        """Its newest block is `number`."""
        now = time.monotonic()
        _, since, _ = self._head
        self._head = (number, since if number == self._head[0] else now, now)

    def head(self, within: float) -> int:
        """The newest block that it showed within the last seconds; 0 if it showed none."""
        number, _, seen = self._head
        return number if seen and time.monotonic() - seen < within else 0

    @property
    def still(self) -> float:
        """For how many seconds it has shown the same newest block."""
        _, since, seen = self._head
        return seen - since

    def post(self, message: Any) -> Any:
        """The JSON that it answers: an object or a list. Raises Unusable, MalformedAnswer."""
        try:
            status, headers, data = self._attempt(json.dumps(message).encode())
        except (urllib3.exceptions.HTTPError, OSError) as error:
            self.failed()
            raise Unusable(_in_words(error)) from None
        if status in BUSY:
            self.failed(_retry_after(headers))
            raise Busy(f"it answered with HTTP status {status}")
        try:
            check_nesting(data)
            answer = json.loads(data)
        except ValueError:
            answer = None
        if not isinstance(answer, dict | list):
            raise MalformedAnswer(
                f"{self.name} does not speak JSON-RPC (HTTP status {status}). Check the address."
            )
        return answer

    def _attempt(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        deadline = time.monotonic() + self._timeout
        response = self._pool.request(
            "POST",
            self._url,
            body=body,
            headers={"Content-Type": "application/json"},
            timeout=urllib3.Timeout(connect=min(5.0, self._timeout), read=self._timeout),
            preload_content=False,
            redirect=False,
        )
        finished = False
        data = bytearray()
        try:
            while chunk := response.read1(1 << 16):
                data += chunk
                if len(data) > MAX_ANSWER_BYTES:
                    raise AnswerTooLarge(
                        f"{self.name} sent more than {MAX_ANSWER_BYTES >> 20} MiB for one question."
                    )
                if time.monotonic() > deadline:
                    raise TimeoutError(f"not complete after {self._timeout:g} s")
            finished = True
        finally:
            if finished:
                response.release_conn()
            else:
                response.close()
        return response.status, response.headers, bytes(data)


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds; a date, or what is none, counts as no wish."""
    value = headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0.0


def _in_words(error: Exception) -> str:
    if isinstance(error, urllib3.exceptions.NewConnectionError):  # to urllib3, a kind of timeout
        return "nothing listens there"
    if isinstance(error, urllib3.exceptions.TimeoutError | TimeoutError):
        return "it took too long"
    return type(error).__name__
