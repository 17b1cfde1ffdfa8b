"""Something that answers where a Kubo daemon should, and answers as it likes."""

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Answer = Callable[["Request"], None]
VERSION = b'{"Version":"0.0.0-rogue"}'


class Request:
    """One request, read to its end; an answer sends raw bytes."""

    def __init__(self, connection: socket.socket, path: str) -> None:
        self._connection = connection
        self.path = path
        self.sent = 0

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)
        self.sent += len(data)

    def reply(self, body: bytes, status: str = "200 OK", headers: str = "") -> None:
        length = f"Content-Length: {len(body)}\r\n"
        self.send(f"HTTP/1.1 {status}\r\n{length}{headers}\r\n".encode() + body)


@contextmanager
def rogue_daemon(answer: Answer) -> Iterator[tuple[str, list[Request]]]:
    """A server that tells its version honestly and gives every other request to `answer`.

    Yields its multiaddr and the requests that `answer` got.
    """
    requests: list[Request] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                while line := self.rfile.readline():
                    length = 0
                    while (header := self.rfile.readline().strip()) != b"":
                        if header.lower().startswith(b"content-length:"):
                            length = int(header.split(b":")[1])
                    self.rfile.read(length)
                    request = Request(self.connection, line.split()[1].decode())
                    if request.path.startswith("/api/v0/version"):
                        request.reply(VERSION)
                    else:
                        requests.append(request)
                        answer(request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"/ip4/127.0.0.1/tcp/{server.server_address[1]}", requests
        finally:
            server.shutdown()
            thread.join()
