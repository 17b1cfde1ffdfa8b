"""ipfshttpclient 0.7.0, of 2021, before the Kubo of today. Nothing else of ours imports it.

Where it is worked around, and why:

 1. `connect()` refuses daemons from 0.8 on, and the methods of `Client` bring 3 to 5: its base for
    transports is used, the layer below both.
 2. Its own transport follows redirects, reads proxies and passwords from the environment, restarts
    its timeout with every byte, sets no limit to an answer, allocates what a header promises, and
    takes twice the processor time: ours is a BoundedPool.
 3. Its JSON parser takes quadratic time on many lines: answers and error pages are parsed here.
 4. `block.put` asks for a CIDv0 and sends 8 KiB at a time: codec and hash are named by KuboStore,
    and the body is one piece.
 5. `swarm.connect` sends an address character by character: KuboStore makes the request.
 6. Missing content hangs until the read timeout: the daemon gets a timeout of its own, a little
    shorter, so that it also stops searching, and so that a daemon that found nothing can be told
    from a daemon that hangs.
 7. It joins the pieces of an answer twice: it is asked for a stream.
"""

import http.client
import ipaddress
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3
from ipfshttpclient import exceptions, http_common, multipart

from compute.storage.bounded_http import BoundedPool
from compute.storage.store import MAX_BLOCK_BYTES, StorageError

_CONNECTIONS = 16
_DAEMON_SHARE = 0.9  # of the time left, for the daemon's own timeout
_MULTIADDR = re.compile(r"/(ip4|ip6|dns|dns4|dns6)/[^/]+/tcp/[0-9]{1,5}(/http)?", re.ASCII)
_ADDRESS = (
    "{} is not the address of a Kubo daemon. Give one like /ip4/127.0.0.1/tcp/5001 or "
    "http://127.0.0.1:5001. Reach a daemon elsewhere through an SSH tunnel: its API lets everyone "
    "who reaches it do everything."
)

Declined = exceptions.ErrorResponse  # the daemon's answer is an error with a message of its own
# what a daemon that is away, broken, or none may lead to
FAILURES = (
    exceptions.Error,
    http.client.HTTPException,
    urllib3.exceptions.HTTPError,
    OSError,
)


class KuboClient(http_common.ClientSyncBase):
    """Requests to the RPC API of the daemon at `api`, a multiaddr or an http:// URL.

    Make them within `bounded_http.bounded`, whose TooManyBytes they raise beside Declined and
    FAILURES. Raises StorageError if `api` is no address.
    """

    __slots__ = ("_params", "_url")

    def __init__(self, api: str) -> None:
        try:
            super().__init__(_multiaddr(api), "api/v0")
        except exceptions.AddressError:
            raise StorageError(_ADDRESS.format(api)) from None
        self.open_session()

    def ask(
        self,
        path: str,
        arguments: Sequence[str],
        seconds: float,
        opts: Mapping[str, str] = MappingProxyType({}),
        **more: Any,
    ) -> bytes:
        """The daemon's answer to a command with `arguments` and `opts`, for which it has `seconds`;
        `more` is what `ClientSyncBase.request` takes."""
        limits = {"timeout": f"{_DAEMON_SHARE * seconds:.3f}s", **opts}
        parts = self.request(path, arguments, opts=limits, timeout=seconds, stream=True, **more)
        return b"".join(parts)

    def _init(self, addr: str, base: str, *, params: Any, **unused: Any) -> None:
        url, *_ = http_common.multiaddr_to_url_data(addr, base)
        self._url = urllib3.util.parse_url(url)
        self._params = params

    def _make_session(self) -> BoundedPool:
        return BoundedPool(str(self._url.host), self._url.port, maxsize=_CONNECTIONS)

    def _request(
        self, method: str, path: str, params: Any, *,
        data: bytes | None, headers: Any, timeout: float, **unused: Any,
    ) -> tuple[list[Any], Iterator[bytes]]:  # fmt: skip
        _, pool = self._access_session()
        query = urlencode([*self._params, *params])
        target = f"{self._url.path}{path.removeprefix('/')}?{query}"
        status, answer = pool.post(target, data, headers or {}, timeout)
        if status == http.client.OK:
            return [], _generated(answer)
        try:
            message = json.loads(answer)["Message"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise exceptions.StatusError(OSError(f"status {status}")) from None
        raise Declined(str(message), None)


def upload(block: bytes) -> dict[str, Any]:
    """Return the body and headers that send a block."""
    body, headers = multipart.stream_bytes(block, chunk_size=MAX_BLOCK_BYTES)
    return {"data": b"".join(body), "headers": headers}


def _generated(answer: bytes) -> Iterator[bytes]:
    """As ipfshttpclient expects it: something to iterate over, and to close."""
    yield answer


def _multiaddr(api: str) -> str:
    """`api` as a multiaddr of ip or dns, tcp, http. Raises StorageError."""
    address = api
    if api.startswith("http://"):
        try:
            parts = urlsplit(api)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if host and port and parts.path in ("", "/", "/api/v0") and "@" not in parts.netloc:
            address = f"/{_host_protocol(host)}/{host}/tcp/{port}"
    if not _MULTIADDR.fullmatch(address):
        raise StorageError(_ADDRESS.format(api))
    return address


def _host_protocol(host: str) -> str:
    try:
        return f"ip{ipaddress.ip_address(host).version}"
    except ValueError:
        return "dns"
