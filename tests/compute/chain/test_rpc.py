"""The transport against servers that are down, slow, or lie."""

import json
import time

import pytest

from compute.chain import MalformedAnswer, Reverted, RpcRefused, RpcUnavailable
from compute.chain.rpc import MAX_ANSWER_BYTES, Rpc, data_bytes, quantity, revert_reason
from tests.compute.chain.rogue import results, rogue
from tests.integration.devnet import free_port


def quick(url: str) -> Rpc:
    return Rpc(url, timeout=0.4, attempts=2, pause=0.01)


def test_nobody_listens() -> None:
    with pytest.raises(RpcUnavailable, match=r"nothing listens there.*--rpc or NRN_RPC"):
        quick(f"http://127.0.0.1:{free_port()}").request("eth_chainId")


def test_an_address_that_is_none() -> None:
    with pytest.raises(RpcUnavailable, match="is not an RPC address"):
        Rpc("localhost:8545")


def test_a_server_that_hangs() -> None:
    def hang(_, handler):
        time.sleep(1.5)

    with rogue(hang) as url:
        began = time.monotonic()
        with pytest.raises(RpcUnavailable, match="took too long"):
            quick(url).request("eth_chainId")
        assert time.monotonic() - began < 1.4


def test_a_server_that_drips() -> None:
    def drip(_, handler):
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(60):
                handler.wfile.write(b" ")
                time.sleep(0.05)
        except OSError:
            pass

    with rogue(drip) as url:
        began = time.monotonic()
        with pytest.raises(RpcUnavailable, match="took too long"):
            quick(url).request("eth_chainId")
        assert time.monotonic() - began < 2


def test_a_server_that_never_stops_sending() -> None:
    sent = 0

    def flood(_, handler):
        nonlocal sent
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(4 * MAX_ANSWER_BYTES >> 20):
                handler.wfile.write(b" " * (1 << 20))
                sent += 1
        except OSError:
            pass

    with rogue(flood) as url, pytest.raises(MalformedAnswer, match="more than 16 MiB"):
        Rpc(url, timeout=10).request("eth_chainId")
    assert sent < 2 * MAX_ANSWER_BYTES >> 20


def test_a_busy_server_is_asked_again() -> None:
    asked = 0

    def busy_once(request, handler):
        nonlocal asked
        asked += 1
        if asked == 1:
            handler.send_response(503)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return None
        return json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": "0x1"}).encode()

    with rogue(busy_once) as url:
        assert quick(url).request("eth_chainId") == "0x1"
    assert asked == 2


@pytest.mark.parametrize(
    "body",
    [
        b"<html>hello</html>",
        b'"text"',
        b"[" * 100_000,
        b'{"jsonrpc": "2.0", "id": 77, "result": "0x1"}',
        b'{"jsonrpc": "2.0", "id": 1}',
        b'{"jsonrpc": "2.0", "id": 1, "error": "no"}',
        b"[]",
    ],
)
def test_answers_that_are_none(body: bytes) -> None:
    with rogue(lambda *_: body) as url, pytest.raises(MalformedAnswer):
        quick(url).request("eth_chainId")


@pytest.mark.parametrize(
    "body", [b"[]", b'[{"id": 1, "result": 1}, {"id": 1, "result": 1}]', b"[1, 2]"]
)
def test_a_batch_must_be_answered_in_full(body: bytes) -> None:
    with rogue(lambda *_: body) as url, pytest.raises(MalformedAnswer):
        quick(url).batch([("a", ()), ("b", ())])


def test_batches_are_put_in_order() -> None:
    def backwards(request, _):
        return json.dumps([{"id": c["id"], "result": c["method"]} for c in request[::-1]]).encode()

    with rogue(backwards) as url:
        assert quick(url).batch([("a", ()), ("b", ()), ("c", ())]) == ["a", "b", "c"]


def test_a_node_that_knows_no_batches_says_so() -> None:
    refusal = b'{"jsonrpc": "2.0", "id": null, "error": {"code": -32600, "message": "no batches"}}'
    with rogue(lambda *_: refusal) as url, pytest.raises(RpcRefused, match="no batches"):
        quick(url).batch([("a", ())])


def error_string(text: str) -> bytes:
    data = text.encode()
    return (
        bytes.fromhex("08c379a0")
        + (32).to_bytes(32, "big")
        + len(data).to_bytes(32, "big")
        + data.ljust(-(-len(data) // 32) * 32, b"\0")
    )


def test_revert_reasons() -> None:
    assert revert_reason(error_string("cv: bond")) == "cv: bond"
    assert revert_reason(bytes.fromhex("4e487b71") + (0x11).to_bytes(32, "big")) == "panic 0x11"
    assert revert_reason(b"", "execution reverted: cv: bond") == "cv: bond"
    assert revert_reason(b"", "execution reverted") == "no reason given"
    lying_length = error_string("x")[:36] + (2**255).to_bytes(32, "big")
    assert revert_reason(lying_length) == "no reason given"


def test_a_revert_is_told_from_a_refusal() -> None:
    def answer(error):
        return lambda request, _: json.dumps({"id": request["id"], "error": error}).encode()

    revert = {"code": 3, "message": "execution reverted", "data": "0x" + error_string("no").hex()}
    with rogue(answer(revert)) as url, pytest.raises(Reverted) as reverted:
        quick(url).request("eth_call")
    assert reverted.value.reason == "no"
    verbose = {"code": -32000, "message": "x" * 10_000}
    with rogue(answer(verbose)) as url, pytest.raises(RpcRefused) as refused:
        quick(url).request("eth_call")
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("value", [None, 5, "5", "0x", "0xzz", "0x" + "f" * 65, "0x-1", True, []])
def test_numbers_that_are_none(value: object) -> None:
    with pytest.raises(MalformedAnswer):
        quantity(value)


@pytest.mark.parametrize("value", [None, 5, "ab", "0xabc", "0xzz", b"\x01"])
def test_bytes_that_are_none(value: object) -> None:
    with pytest.raises(MalformedAnswer):
        data_bytes(value)


def test_results_helper_answers_batches() -> None:
    with rogue(results({"a": "0x1"})) as url:
        assert quick(url).batch([("a", ()), ("b", ())]) == ["0x1", None]
