"""What a Kubo daemon answers over HTTP, on blocks in a folder, with faults as the weather says."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from compute.storage import BlockUnavailable, FolderStore, cid, parse_cid
from tests.chaos.proxy import Server
from tests.chaos.weather import Weather

HANG_SECONDS = 4.0
ACTOR = "store"


@contextmanager
def daemon(blocks: FolderStore, weather: Weather) -> Iterator[str]:
    """Yields the address of a daemon that holds these blocks."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                self._serve(body)
            except OSError:
                self.close_connection = True

        def _serve(self, body: bytes) -> None:
            if weather.strikes(ACTOR, "hang"):
                time.sleep(HANG_SECONDS)
            if weather.strikes(ACTOR, "store_drop"):
                self.close_connection = True
            elif weather.strikes(ACTOR, "store_5xx"):
                self._send(502, b"bad gateway")
            else:
                self._command(urlsplit(self.path), body)

        def _command(self, url: Any, body: bytes) -> None:
            name = parse_qs(url.query).get("arg", [""])[0]
            match url.path.removeprefix("/api/v0"):
                case "/version":
                    self._reply({"Version": "0.0.0-chaos"})
                case "/id":
                    self._reply({"ID": "12D3KooWChaos", "Addresses": ["/ip4/127.0.0.1/tcp/1"]})
                case "/block/put":
                    self._reply({"Key": cid(blocks.put(_file(self.headers, body)))})
                case "/block/get":
                    self._block(name)
                case "/block/stat" if not blocks.has(parse_cid(name)):
                    self._send(500, json.dumps({"Message": "block was not found"}).encode())
                case "/block/stat":
                    self._reply({"Size": 1})
                case _:
                    self._reply({"Pins": [name]})

        def _block(self, name: str) -> None:
            try:
                if weather.strikes(ACTOR, "not_there"):
                    raise BlockUnavailable(parse_cid(name), "it is hidden")
                block = blocks.get(parse_cid(name))
            except BlockUnavailable:
                self._send(500, json.dumps({"Message": "context deadline exceeded"}).encode())
                return
            if weather.strikes(ACTOR, "other_bytes"):
                block = block[::-1]
            self._send(200, block)

        def _reply(self, document: dict[str, Any]) -> None:
            self._send(200, json.dumps(document).encode())

        def _send(self, status: int, data: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"/ip4/127.0.0.1/tcp/{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _file(headers: Any, body: bytes) -> bytes:
    """The only part of a multipart body."""
    boundary = headers["Content-Type"].partition("boundary=")[2].strip('"').encode()
    _, _, rest = body.partition(b"\r\n\r\n")
    return rest[: rest.rindex(b"\r\n--" + boundary)]
