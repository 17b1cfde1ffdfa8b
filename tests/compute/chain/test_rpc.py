"""The transport against servers that are down, slow, or lie."""

import json
import threading

import pytest

from compute.chain import MalformedAnswer, Reverted, RpcRefused, RpcUnavailable, WrongChain
from compute.chain.answers import data_bytes, quantity, revert_reason
from compute.chain.endpoint import MAX_ANSWER_BYTES, masked
from compute.chain.rpc import Rpc
from scripts.ports import free_port
from tests.compute.chain.rogue import results, rogue, turn_away
from tests.support.patience import PATIENCE, Time


def quick(url: str, *, timeout: float = PATIENCE, agree: int = 1) -> Rpc:
    """Attempts follow each other soon; an answer may take its time."""
    return Rpc(url, timeout=timeout, attempts=2, pause=0.01, agree=agree)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The time of endpoints and their pauses."""
    clock = Time()
    for module in ("rpc", "endpoint"):
        monkeypatch.setattr(f"compute.chain.{module}.time", clock)
    return clock


def test_nobody_listens() -> None:
    with pytest.raises(RpcUnavailable, match=r"nothing listens there.*--rpc or NRN_RPC"):
        quick(f"http://127.0.0.1:{free_port()}").request("eth_chainId")


def test_an_address_that_is_none() -> None:
    with pytest.raises(RpcUnavailable, match="is not an RPC address"):
        Rpc("localhost:8545")


def test_a_server_that_hangs() -> None:
    """It is left before it answers, which it does when the test is over."""
    over = threading.Event()
    with rogue(lambda *_: over.wait(PATIENCE) and None) as url:
        with pytest.raises(RpcUnavailable, match="took too long"):
            quick(url, timeout=0.4).request("eth_chainId")
        over.set()


def test_a_server_that_drips() -> None:
    over = threading.Event()

    def drip(_, handler):
        handler.send_response(200)
        handler.end_headers()
        try:
            while not over.wait(0.05):
                handler.wfile.write(b" ")
        except OSError:
            pass

    with rogue(drip) as url:
        with pytest.raises(RpcUnavailable, match="took too long"):
            quick(url, timeout=0.4).request("eth_chainId")
        over.set()


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
        quick(url).request("eth_chainId")
    assert sent < 2 * MAX_ANSWER_BYTES >> 20


def test_a_busy_server_is_asked_again() -> None:
    asked = 0

    def busy_once(request, handler):
        nonlocal asked
        asked += 1
        if asked == 1:
            return turn_away(handler, 503)
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


def test_a_node_that_knows_no_batches_is_asked_one_by_one() -> None:
    batches = 0

    def single(request, _):
        nonlocal batches
        if isinstance(request, list):
            batches += 1
            return b'{"id": null, "error": {"code": -32600, "message": "no batches"}}'
        return json.dumps({"id": request["id"], "result": request["method"]}).encode()

    with rogue(single) as url:
        rpc = quick(url)
        assert rpc.batch([("a", ()), ("b", ())]) == ["a", "b"]
        assert rpc.batch([("c", ())]) == ["c"]
    assert batches == 1


def test_an_answer_whose_id_cannot_be_an_id() -> None:
    odd = b'[{"id": [1], "result": 1}, {"id": {}, "result": 1}]'
    with rogue(lambda *_: odd) as url, pytest.raises(MalformedAnswer):
        quick(url).batch([("a", ()), ("b", ())])


def test_a_key_in_an_address_is_never_shown() -> None:
    assert masked("https://me:pass@x.example:8545/v3/KEY?k=KEY") == "https://x.example:8545/…"
    assert masked("http://127.0.0.1:8545") == "http://127.0.0.1:8545"
    assert masked("http://[::1]:8545/") == "http://[::1]:8545"
    with pytest.raises(RpcUnavailable) as silent:
        quick(f"http://127.0.0.1:{free_port()}/v3/SECRET").request("eth_chainId")
    with pytest.raises(RpcUnavailable) as wrong:
        Rpc("wss://x.example/v3/SECRET")
    assert "SECRET" not in str(silent.value) + str(wrong.value)


GOOD = {"eth_chainId": "0x1", "eth_call": "0x01"}


def test_another_endpoint_stands_in_for_a_dead_one(caplog) -> None:
    with rogue(results(GOOD)) as good:
        rpc = quick(f"http://127.0.0.1:{free_port()}/KEY, {good}")
        assert [rpc.request("eth_call") for _ in range(5)] == ["0x01"] * 5
    assert "nothing listens" in caplog.text and "KEY" not in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b'{"id": 77, "result": "0x02"}',
        b'{"id": null, "error": {"code": -32005, "message": "daily request count exceeded"}}',
        b'{"id": null, "error": {"code": 429, "message": "slow down"}}',
    ],
)
def test_another_endpoint_answers_what_one_cannot(body: bytes) -> None:
    with rogue(lambda *_: body) as bad, rogue(results(GOOD)) as good:
        rpc = quick(f"{bad},{good}")
        assert rpc.request("eth_call") == "0x01"
        assert rpc.batch([("eth_call", ())]) == ["0x01"]


def test_a_refusal_and_a_revert_are_answers() -> None:
    """They would be the same from another endpoint: nobody else is asked."""
    refused = b'{"id": 1, "error": {"code": -32000, "message": "query returned more than 10000"}}'
    with (
        rogue(lambda *_: refused) as first,
        rogue(results(GOOD)) as second,
        pytest.raises(RpcRefused),
    ):
        quick(f"{first},{second}").request("eth_call")


def test_an_endpoint_is_left_alone_as_long_as_it_asks(clock: Time) -> None:
    asked = 0

    def full(_, handler):
        nonlocal asked
        asked += 1
        turn_away(handler, 429, Retry_After="120")

    with rogue(full) as url:
        rpc = quick(url)
        for _ in range(3):
            with pytest.raises(RpcUnavailable, match="wants no request for 120 s"):
                rpc.request("eth_call")
    assert asked == 1


def test_a_short_retry_after_is_waited_for(clock: Time) -> None:
    times = []

    def once(request, handler):
        times.append(clock.time())
        if len(times) == 1:
            return turn_away(handler, 429, Retry_After="1")
        return json.dumps({"id": request["id"], "result": "0x1"}).encode()

    with rogue(once) as url:
        assert quick(url).request("eth_chainId") == "0x1"
    assert times[1] - times[0] >= 1


def test_a_busy_endpoint_is_asked_more_often_than_a_dead_one() -> None:
    asked: list[int] = []

    def busy(request, handler):
        asked.append(1)
        if len(asked) < 3:
            handler.send_error(503)
            return None
        return json.dumps({"id": request["id"], "result": "0x1"}).encode()

    with rogue(busy) as url:
        assert quick(url).request("eth_chainId") == "0x1"


def test_an_endpoint_of_another_chain_is_never_believed() -> None:
    with rogue(results(GOOD | {"eth_chainId": "0x2", "eth_call": "0xff"})) as wrong:
        with rogue(results(GOOD)) as good:
            rpc = quick(f"{wrong},{good}")
            rpc.expect(1)
            assert [rpc.request("eth_call") for _ in range(3)] == ["0x01"] * 3
        with pytest.raises(WrongChain, match="serves chain 2, not chain 1"):
            quick(wrong).expect(1)


def test_an_endpoint_that_comes_to_serve_another_chain_is_noticed_and_taken_back() -> None:
    served = dict(GOOD)
    with rogue(lambda request, handler: results(served)(request, handler)) as url:
        rpc = quick(url)
        rpc.expect(1)
        served.update({"eth_chainId": "0x2"})
        rpc._endpoints[0].failed()  # as when a node is started again
        with pytest.raises(RpcUnavailable, match="serves chain 2, not chain 1"):
            rpc.request("eth_call")
        served.update(GOOD)
        assert rpc.request("eth_call") == "0x01"


def head(number: int) -> dict:
    return {"eth_getBlockByNumber": {"number": hex(number)}}


def test_an_endpoint_that_lags_is_passed_over(clock: Time) -> None:
    first, second = head(100), head(100)
    with (
        rogue(lambda r, h: results(first)(r, h)) as a,
        rogue(lambda r, h: results(second)(r, h)) as b,
    ):
        rpc = quick(f"{a},{b}")
        rpc._endpoints[0].failed()  # so that the second one is asked
        second.update(head(110))
        assert rpc.request("eth_getBlockByNumber", "latest", False)["number"] == hex(110)
        clock.sleep(0.05)
        assert rpc.request("eth_getBlockByNumber", "latest", False)["number"] == hex(110)
        first.update(head(111))
        clock.sleep(0.05)
        assert rpc.request("eth_getBlockByNumber", "latest", False)["number"] == hex(111)


def test_a_head_that_is_new_is_not_left_for_one_of_the_far_future(clock: Time) -> None:
    new = {"number": "0x64", "timestamp": hex(int(clock.time()) - 12)}
    honest, liar = results({"eth_getBlockByNumber": new}), results(head(2**60))
    with rogue(honest) as a, rogue(liar) as b:
        rpc = quick(f"{a},{b}")
        rpc._endpoints[0].failed()  # so that the liar is asked, once
        assert rpc.request("eth_getBlockByNumber", "latest", False)["number"] == hex(2**60)
        clock.sleep(0.05)
        assert rpc.request("eth_getBlockByNumber", "latest", False)["number"] == "0x64"


def test_a_head_that_stands_still_makes_others_be_asked(clock: Time) -> None:
    with rogue(results(head(100))) as a, rogue(results(head(102))) as b:
        rpc = quick(f"{a},{b}")
        seen = []
        for _ in range(4):
            seen.append(rpc.request("eth_getBlockByNumber", "latest", False)["number"])
            clock.sleep(40)
    assert seen[0] == hex(100) and hex(102) in seen


def test_two_endpoints_must_agree_about_a_block_where_the_user_says_so() -> None:
    """Of a call at a block, or logs; what changes with the head may differ."""
    at_seven = ("eth_call", ({}, "0x7"))
    with (
        rogue(results(GOOD | {"eth_call": "0xAB"})) as a,
        rogue(results(GOOD | {"eth_call": "0xab"})) as b,
        rogue(results(GOOD | {"eth_call": "0xcd"})) as liar,
    ):
        agreeing = quick(f"{a},{b}", agree=2)
        assert agreeing.batch([at_seven]) == ["0xAB"]
        torn = quick(f"{a},{liar}", agree=2)
        with pytest.raises(MalformedAnswer, match="do not agree about eth_call"):
            torn.batch([at_seven])
        assert torn.at(7).request("eth_chainId") == "0x1"
        with pytest.raises(MalformedAnswer, match="do not agree"):
            torn.at(7).request("eth_call", {}, "latest")
        assert torn.request("eth_call", {}, "latest") in ("0xAB", "0xcd")
        alone = Rpc(f"{a},http://127.0.0.1:{free_port()}", attempts=1, pause=0.01, agree=2)
        with pytest.raises(RpcUnavailable, match="nothing listens"):
            alone.batch([at_seven])
    with pytest.raises(RpcUnavailable, match="2 RPC addresses are to agree"):
        Rpc("http://a", agree=2)


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
