"""A JSON-RPC endpoint between actors and Anvil that fails and lies as the weather says."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import urllib3
from eth_utils import keccak

from tests.chaos.weather import Weather

Call = dict[str, Any]
DELAY_SECONDS = 0.5
LAG_BLOCKS = 4
SKEW_SECONDS = 40
LOG_LIMIT = 40  # blocks
ANCIENT = 10_000 * 10**9  # wei; a tip that nobody pays


class Server(ThreadingHTTPServer):
    """One whose clients may be killed at any moment."""

    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        pass


class Proxy:
    """Serves each actor at a path of its own."""

    def __init__(self, target: str, weather: Weather) -> None:
        self._target = target
        self._weather = weather
        self._pool = urllib3.PoolManager(maxsize=32)
        self.asked: dict[str, int] = {}

    @contextmanager
    def serving(self) -> Iterator[Callable[[str], str]]:
        """Yields the URL for each actor."""
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    proxy._serve(self, self.path.strip("/"), json.loads(body))
                except OSError:
                    self.close_connection = True

            def log_message(self, *_: Any) -> None:
                pass

        server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield lambda actor: f"http://127.0.0.1:{server.server_address[1]}/{actor}"
        finally:
            server.shutdown()
            server.server_close()

    def _serve(self, handler: BaseHTTPRequestHandler, actor: str, message: Any) -> None:
        calls = message if isinstance(message, list) else [message]
        self.asked[actor] = self.asked.get(actor, 0) + len(calls)
        strikes = self._weather.strikes
        if strikes(actor, "delay"):
            time.sleep(DELAY_SECONDS)
        if strikes(actor, "drop_before"):
            handler.close_connection = True
            return
        if strikes(actor, "status_5xx"):
            _send(handler, b"<html>upstream error</html>", 502)
        elif strikes(actor, "status_429"):
            _send(handler, b"{}", 429, {"Retry-After": "1"})
        elif len(calls) > 1 and strikes(actor, "no_batch"):
            _send(handler, _error({"id": None}, -32600, "batch requests are not supported"))
        else:
            self._answer(handler, actor, message, calls)

    def _answer(
        self, handler: BaseHTTPRequestHandler, actor: str, message: Any, calls: list[Call]
    ) -> None:
        stale = LAG_BLOCKS if self._weather.strikes(actor, "stale") else 0
        answers = [self._one(actor, call, stale) for call in calls]
        data = json.dumps(answers if isinstance(message, list) else answers[0]).encode()
        if self._weather.strikes(actor, "drop_after"):
            handler.close_connection = True
            return
        if self._weather.strikes(actor, "truncate"):
            data = data[: len(data) // 2]
        _send(handler, data)

    def _one(self, actor: str, call: Call, stale: int) -> Call:
        strikes = self._weather.strikes
        method = call["method"]
        if strikes(actor, "error_429"):
            return json.loads(_error(call, 429, "exceeded its compute units per second"))
        if strikes(actor, "no_result"):
            return {"jsonrpc": "2.0", "id": call["id"]}
        if strikes(actor, "wrong_id"):
            return {"jsonrpc": "2.0", "id": [call["id"]], "result": "0x"}
        if method in _ELSEWHERE and strikes(actor, "other_chain"):
            return _result(call, _ELSEWHERE[method])
        if method == "eth_getLogs":
            return self._logs(actor, call, stale)
        if method == "eth_sendRawTransaction":
            return self._sending(actor, call)
        if method == "eth_getTransactionReceipt" and strikes(actor, "no_receipt"):
            return _result(call, None)
        of_the_past = method == "eth_call" and call["params"][1] != "latest"
        if of_the_past and strikes(actor, "no_final_state"):
            return json.loads(_error(call, -32000, "missing trie node 1f2e"))
        return self._read(actor, call, stale)

    def _logs(self, actor: str, call: Call, stale: int) -> Call:
        terms = call["params"][0]
        width = int(terms["toBlock"], 16) - int(terms["fromBlock"], 16) + 1
        if width > LOG_LIMIT and self._weather.strikes(actor, "log_limit"):
            return json.loads(_error(call, -32602, f"block range too large: maximum {LOG_LIMIT}"))
        if self._weather.strikes(actor, "no_logs"):
            return _result(call, [])
        if stale:
            newest = self._head() - stale
            within = [log for log in self._ask(call)["result"] if _block(log) <= newest]
            return _result(call, within)
        return self._ask(call)

    def _sending(self, actor: str, call: Call) -> Call:
        strikes = self._weather.strikes
        if strikes(actor, "nonce_low"):
            return json.loads(_error(call, -32000, "nonce too low"))
        if strikes(actor, "swallow"):
            return _result(call, "0x" + keccak(hexstr=call["params"][0]).hex())
        answer = self._ask(call)
        if strikes(actor, "sent_and_refused"):
            return json.loads(_error(call, -32000, "replacement transaction underpriced"))
        return answer

    def _read(self, actor: str, call: Call, stale: int) -> Call:
        if stale and "latest" in call["params"]:
            then = hex(max(1, self._head() - stale))
            call = {**call, "params": [then if p == "latest" else p for p in call["params"]]}
        answer = self._ask(call)
        result = answer.get("result")
        if call["method"] == "eth_feeHistory" and self._weather.strikes(actor, "dear"):
            result["reward"] = [[hex(ANCIENT)]] * len(result.get("reward") or [0])
        is_head = call["method"] == "eth_getBlockByNumber" and call["params"][0] == "latest"
        if is_head and self._weather.strikes(actor, "skew"):
            result["timestamp"] = hex(int(result["timestamp"], 16) - SKEW_SECONDS)
        if (
            call["method"] == "eth_estimateGas"
            and result
            and self._weather.strikes(actor, "half_the_gas")
        ):
            return _result(call, hex(int(result, 16) // 2))
        if (
            call["method"] == "eth_getTransactionReceipt"
            and result
            and self._weather.strikes(actor, "failed_receipt")
        ):
            result["status"] = "0x0"
        return answer

    def _head(self) -> int:
        return int(self._ask({"id": 1, "method": "eth_blockNumber", "params": []})["result"], 16)

    def _ask(self, call: Call) -> Call:
        body = json.dumps({"jsonrpc": "2.0", **call}).encode()
        headers = {"Content-Type": "application/json"}
        return json.loads(self._pool.request("POST", self._target, body=body, headers=headers).data)


_ELSEWHERE: dict[str, Any] = {
    "eth_chainId": "0x1", "eth_call": "0x", "eth_getLogs": [], "eth_getCode": "0x",
}  # fmt: skip


def _block(log: dict[str, Any]) -> int:
    return int(log["blockNumber"], 16)


def _result(call: Call, result: Any) -> Call:
    return {"jsonrpc": "2.0", "id": call["id"], "result": result}


def _error(call: Call, code: int, message: str) -> bytes:
    error = {"code": code, "message": message}
    return json.dumps({"jsonrpc": "2.0", "id": call["id"], "error": error}).encode()


def _send(
    handler: BaseHTTPRequestHandler,
    data: bytes,
    status: int = 200,
    more: dict[str, str] | None = None,
) -> None:
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(data)), **(more or {})}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(data)
