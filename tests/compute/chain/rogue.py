"""An HTTP server that answers JSON-RPC as a test tells it to."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[Any, BaseHTTPRequestHandler], bytes | None]


@contextmanager
def rogue(answer: Answer) -> Iterator[str]:
    """Serve `answer(request, handler)` as the body of every reply; None means it replied itself.

    Yields the URL.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = answer(request, self)
            if body is None:
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def turn_away(handler: BaseHTTPRequestHandler, status: int, **headers: str) -> None:
    """Reply with nothing but a status and headers, and say that the connection ends with it."""
    handler.send_response(status)
    for name, value in {**headers, "Content-Length": "0", "Connection": "close"}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def results(values: dict[str, Any]) -> Answer:
    """Answer each method with a fixed result, batches too."""

    def one(call: Any) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": call["id"], "result": values.get(call["method"])}

    def answer(request: Any, _: BaseHTTPRequestHandler) -> bytes:
        many = isinstance(request, list)
        return json.dumps([one(call) for call in request] if many else one(request)).encode()

    return answer
