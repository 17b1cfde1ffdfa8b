"""HTTP that a hostile server can neither hold up nor fill: the bounds sit at the socket.

A read timeout restarts with every byte and a limit on the body says nothing of headers, chunk
sizes and error pages; bytes and seconds counted where they arrive bound all of these at once.
"""

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import urllib3

_FRAMING = 1 << 16  # headers and chunk sizes beside the body
_BUFFER = 1 << 16  # the default of 8 KiB costs a system call for each
_PIECE = 1 << 20  # read at once, whatever a header promises


class TooManyBytes(Exception):
    """The server sent more than the request allowed."""


class OutOfTime(TimeoutError):
    """The request did not end before its deadline."""


class _Bounds(threading.local):
    """What the request that this thread is making may still use; none outside `bounded`."""

    deadline = 0.0
    received = 0

    def seconds_left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise OutOfTime("the deadline has passed")
        return left

    def count(self, received: int) -> None:
        self.received -= received
        if self.received < 0:
            raise TooManyBytes("more bytes than the request allows")


_bounds = _Bounds()


@contextmanager
def bounded(deadline: float, body: int) -> Iterator[None]:
    """Until `deadline` (time.monotonic, seconds), requests of this thread to a BoundedPool may
    receive a body of `body` bytes; past either bound they raise OutOfTime or TooManyBytes, or what
    the HTTP library makes of the former."""
    _bounds.deadline, _bounds.received = deadline, body + _FRAMING
    try:
        yield
    finally:
        _bounds.deadline, _bounds.received = 0.0, 0


class _Socket(socket.socket):
    def recv_into(self, *arguments: Any, **options: Any) -> int:
        self.settimeout(_bounds.seconds_left())
        received = super().recv_into(*arguments, **options)
        _bounds.count(received)
        return received

    def makefile(self, mode: Any = "r", buffering: Any = None, **options: Any) -> Any:
        return super().makefile(mode, buffering or _BUFFER, **options)

    def sendall(self, *arguments: Any, **options: Any) -> None:
        self.settimeout(_bounds.seconds_left())  # Python's sendall takes it for all of the data
        super().sendall(*arguments, **options)


class _Connection(urllib3.connection.HTTPConnection):
    def _new_conn(self) -> socket.socket:
        plain = super()._new_conn()
        timeout = plain.gettimeout()
        counted = _Socket(plain.family, plain.type, plain.proto, fileno=plain.detach())
        counted.settimeout(timeout)
        return counted


class BoundedPool(urllib3.HTTPConnectionPool):
    """Connections to one server; make every request within `bounded`. They follow no redirect and
    know no proxy."""

    ConnectionCls = _Connection

    def post(
        self, target: str, body: bytes | None, headers: Mapping[str, str], timeout: float
    ) -> tuple[int, bytes]:
        """The status and the body of the answer. Raises TooManyBytes, OSError, and what urllib3 and
        http.client raise."""
        answer = self.urlopen(
            "POST", target, body, headers,
            retries=False, redirect=False, timeout=timeout, preload_content=False,
        )  # fmt: skip
        # http.client, below, joins chunks several times faster; compressed bytes stay as they came,
        # because what they become the socket has not counted
        answer.chunked = False
        return answer.status, b"".join(answer.stream(_PIECE, decode_content=False))
