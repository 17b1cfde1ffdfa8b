"""Ports for servers that cannot choose one themselves."""

import random
import socket

# Below those that a system gives to whoever asks for any: nobody else takes one by chance.
PORTS = range(15_000, 32_000)


def free_port() -> int:
    """A port nobody listens on."""
    while True:
        port = random.SystemRandom().choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
