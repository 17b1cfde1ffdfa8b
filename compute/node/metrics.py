"""Metrics and health of a running role, for Prometheus and load balancers.

Nothing is counted twice: events come from the log, requests from the RPC client, the rest is read
from the seat when somebody asks.
"""

import logging
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from compute.node.events import EVENTS
from compute.node.seat import Seat
from compute.units import ETHER

ANSWERS = ("usable", "unusable")
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class EventCounts(logging.Handler):
    """Counts the events that the log tells of."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        if name := getattr(record, "event", None):
            self.counts[name] += 1


class SeatMetrics(Collector):
    """Metrics of one seat; reading them asks neither the chain nor the store."""

    def __init__(self, seat: Seat, events: EventCounts) -> None:
        self._seat = seat
        self._events = events

    def collect(self) -> Iterator[Metric]:
        seat, clock = self._seat, self._seat.clock.seen()
        about = {
            "role": seat.role, "group": str(seat.group.id), "account": seat.address,
            "chain": str(seat.group.chain.chain_id), "doing": clock.doing,
        }  # fmt: skip
        yield InfoMetricFamily("nrn_role", "Who acts, where, and what it does", about)
        yield _gauge("nrn_chain_time_seconds", "Timestamp of the last block seen", clock.now)
        yield _gauge("nrn_head_age_seconds", "Since the last block was seen first", clock.head_age)
        yield _gauge("nrn_waiting_until_seconds", "Chain time of the next step", clock.until)
        yield _gauge("nrn_up", "1 unless chain or store are silent", float(not clock.silent))
        yield _gauge("nrn_ether", "ETH of the account when it last sent", seat.ether / ETHER)
        free = shutil.disk_usage(seat.state).free
        yield _gauge("nrn_disk_free_bytes", "Left where the state folder is", free)
        events = CounterMetricFamily("nrn_events", "Events of the log", labels=["event"])
        for name in EVENTS:
            events.add_metric([name], self._events.counts[name])
        yield events
        yield from _requests(seat.group.chain.rpc.tally)


def _requests(tally: dict[tuple[str, str], int]) -> Iterator[Metric]:
    family = CounterMetricFamily(
        "nrn_rpc_requests", "Questions to the chain by answer", labels=["endpoint", "answer"]
    )
    told = dict(tally)
    for endpoint in sorted({endpoint for endpoint, _ in told}):
        for answer in ANSWERS:  # both: what is compared with a series that is not there is nothing
            family.add_metric((endpoint, answer), told.get((endpoint, answer), 0))
    yield family


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value)


def registry(seat: Seat, events: EventCounts) -> CollectorRegistry:
    """All metrics of this process."""
    found = CollectorRegistry()
    found.register(SeatMetrics(seat, events))
    ProcessCollector(registry=found)
    return found


def serve(address: str, seat: Seat, events: EventCounts) -> ThreadingHTTPServer:
    """Serve /metrics and /health at HOST:PORT until its `shutdown`. Raises OSError, ValueError."""
    host, _, port = address.rpartition(":")
    found = registry(seat, events)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._send(200, CONTENT_TYPE, generate_latest(found))
            elif self.path == "/health":
                clock = seat.clock.seen()
                self._send(503 if clock.silent else 200, "text/plain", clock.doing.encode())
            else:
                self._send(404, "text/plain", b"/metrics or /health")

        def _send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer((host or "127.0.0.1", int(port)), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
