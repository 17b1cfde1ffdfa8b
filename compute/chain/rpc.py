"""JSON-RPC over HTTP for an endpoint that is not trusted.

Answers are bounded in bytes and in time before they are parsed, and each is matched to its
request. A request is tried again, with growing pauses, only where the failure is one of transport;
repeating is safe even for `eth_sendRawTransaction`, because the same signed bytes are the same
transaction.
"""

import itertools
import json
import re
import time
from collections.abc import Sequence
from typing import Any

import urllib3

from compute.canonical import check_nesting
from compute.chain.errors import (
    AnswerTooLarge,
    ChainError,
    MalformedAnswer,
    Reverted,
    RpcRefused,
    RpcUnavailable,
)

MAX_ANSWER_BYTES = 16 << 20
MAX_BATCH = 100  # what public endpoints accept
MAX_MESSAGE_CHARACTERS = 300
QUANTITY = re.compile("0x[0-9a-fA-F]{1,64}")
BUSY = frozenset({429, 502, 503, 504})

ERROR_SELECTOR = bytes.fromhex("08c379a0")
PANIC_SELECTOR = bytes.fromhex("4e487b71")
REVERT_CODE = 3


class Rpc:
    """One endpoint.

    Args:
        url: http or https.
        timeout: seconds for one attempt, from connecting to the last byte.
        attempts: how often a request is tried before `RpcUnavailable`.
        pause: seconds before the second attempt; doubles from there.
    """

    def __init__(
        self, url: str, *, timeout: float = 20.0, attempts: int = 3, pause: float = 0.25
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise RpcUnavailable(
                f"'{url}' is not an RPC address. Give one such as http://127.0.0.1:8545."
            )
        self.url = url
        self._timeout = timeout
        self._attempts = attempts
        self._pause = pause
        self._ids = itertools.count(1)
        self._pool = urllib3.PoolManager(retries=False)

    def request(self, method: str, *params: Any) -> Any:
        """The result of one call. Raises Reverted, RpcRefused, RpcUnavailable, MalformedAnswer."""
        call = self._envelope(method, params)
        answer = self._post(call)
        if not isinstance(answer, dict) or answer.get("id") != call["id"]:
            raise MalformedAnswer(f"{self.url} did not answer the question asked ({method}).")
        return result_of(answer)

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Results of many calls, MAX_BATCH to a round trip, in order; the first failure raises."""
        return [
            result
            for start in range(0, len(calls), MAX_BATCH)
            for result in self._batch(calls[start : start + MAX_BATCH])
        ]

    def _batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        envelopes = [self._envelope(method, params) for method, params in calls]
        answers = self._post(envelopes)
        if isinstance(answers, dict):  # an endpoint that refuses batches answers with one error
            result_of(answers)
        if not isinstance(answers, list) or len(answers) != len(envelopes):
            raise MalformedAnswer(f"{self.url} answered another number of questions than asked.")
        by_id = {answer.get("id"): answer for answer in answers if isinstance(answer, dict)}
        try:
            return [result_of(by_id[envelope["id"]]) for envelope in envelopes]
        except KeyError:
            raise MalformedAnswer(f"{self.url} left a question of a batch unanswered.") from None

    def _envelope(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": list(params)}

    def _post(self, message: Any) -> Any:
        body = json.dumps(message).encode()
        failure = "no attempt was made"
        for attempt in range(self._attempts):
            if attempt:
                time.sleep(self._pause * 2 ** (attempt - 1))
            try:
                status, data = self._attempt(body)
            except (urllib3.exceptions.HTTPError, OSError) as error:
                failure = _in_words(error)
                continue
            if status in BUSY:
                failure = f"it answered with HTTP status {status}"
                continue
            return self._parse(status, data)
        raise RpcUnavailable(
            f"No answer from the RPC at {self.url} ({failure}). "
            "Start the node, or name another with --rpc or NRN_RPC."
        )

    def _attempt(self, body: bytes) -> tuple[int, bytes]:
        deadline = time.monotonic() + self._timeout
        response = self._pool.request(
            "POST",
            self.url,
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
                        f"{self.url} sent more than {MAX_ANSWER_BYTES >> 20} MiB for one question."
                    )
                if time.monotonic() > deadline:
                    raise TimeoutError(f"not complete after {self._timeout:g} s")
            finished = True
        finally:
            if finished:
                response.release_conn()
            else:
                response.close()
        return response.status, bytes(data)

    def _parse(self, status: int, data: bytes) -> Any:
        try:
            check_nesting(data)
            answer = json.loads(data)
        except ValueError:
            answer = None
        if not isinstance(answer, dict | list):
            raise MalformedAnswer(
                f"{self.url} does not speak JSON-RPC (HTTP status {status}). Check the address."
            )
        return answer


def result_of(answer: dict[str, Any]) -> Any:
    """The result in a JSON-RPC answer, or the exception its error stands for."""
    error = answer.get("error")
    if error is None:
        if "result" not in answer:
            raise MalformedAnswer("The RPC gave an answer with neither a result nor an error.")
        return answer["result"]
    raise _exception(error)


def _exception(error: Any) -> ChainError:
    if not isinstance(error, dict):
        return MalformedAnswer("The RPC gave an error without a message.")
    message = str(error.get("message"))[:MAX_MESSAGE_CHARACTERS]
    code = error.get("code") if isinstance(error.get("code"), int) else 0
    data = error.get("data")
    if isinstance(data, dict):  # some nodes wrap the bytes once more
        data = data.get("data")
    try:
        payload = bytes.fromhex(data[2:]) if isinstance(data, str) else b""
    except ValueError:
        payload = b""
    if code == REVERT_CODE or payload or "revert" in message.lower():
        return Reverted(revert_reason(payload, message))
    return RpcRefused(f"The RPC refused: {message}.", code=int(code or 0), data=payload)


def revert_reason(payload: bytes, message: str = "") -> str:
    """The string a contract reverted with, or the best that can be said without one."""
    selector, body = payload[:4], payload[4:]
    if selector == ERROR_SELECTOR and len(body) >= 64:
        length = int.from_bytes(body[32:64], "big")
        if length <= min(len(body) - 64, 1024):
            return body[64 : 64 + length].decode("utf-8", "replace")
    if selector == PANIC_SELECTOR and len(body) == 32:
        return f"panic 0x{int.from_bytes(body, 'big'):02x}"
    _, marker, rest = message.partition("reverted: ")
    return rest.strip() if marker else "no reason given"


def quantity(value: Any) -> int:
    """A JSON-RPC quantity ("0x1a") as an integer below 2**256."""
    if isinstance(value, str) and QUANTITY.fullmatch(value):
        return int(value, 16)
    raise MalformedAnswer(f"The RPC gave {str(value)[:40]!r} where a number was due.")


def data_bytes(value: Any, *, length: int | None = None) -> bytes:
    """JSON-RPC data ("0xdeadbeef") as bytes, of exactly `length` where that is given."""
    if isinstance(value, str) and value.startswith("0x"):
        try:
            data = bytes.fromhex(value[2:])
        except ValueError:
            data = None
        if data is not None and (length is None or len(data) == length):
            return data
    raise MalformedAnswer(f"The RPC gave {str(value)[:40]!r} where bytes were due.")


def _in_words(error: Exception) -> str:
    if isinstance(error, urllib3.exceptions.NewConnectionError):  # to urllib3, a kind of timeout
        return "nothing listens there"
    if isinstance(error, urllib3.exceptions.TimeoutError | TimeoutError):
        return "it took too long"
    return type(error).__name__
