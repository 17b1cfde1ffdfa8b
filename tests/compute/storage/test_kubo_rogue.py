"""KuboStore before a daemon, or something between, that lies, floods, stalls and misleads."""

import gzip
import hashlib
import json
import os
import threading
import tracemalloc

import pytest

from compute.storage import (
    MAX_BLOCK_BYTES,
    BlockCorrupt,
    BlockUnavailable,
    StorageError,
    StoreUnreachable,
    cid,
    get_many,
    kubo,
    put_many,
)
from compute.storage.kubo import KuboRefused, KuboStore
from tests.support.patience import PATIENCE
from tests.support.rogue_daemon import Request, rogue_daemon

BLOCK = os.urandom(MAX_BLOCK_BYTES)
DIGEST = hashlib.sha256(BLOCK).digest()
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
FLOOD = bytes(1 << 16)


def forever(request: Request, piece: bytes) -> None:
    while True:
        request.send(piece)


def endless_chunks(request: Request) -> None:
    request.send(CHUNKED)
    forever(request, b"10000\r\n" + FLOOD + b"\r\n")


def one_endless_chunk(request: Request) -> None:
    request.send(CHUNKED + b"ffffffffffff\r\n")
    forever(request, FLOOD)


def endless_chunk_size(request: Request) -> None:
    request.send(CHUNKED)
    forever(request, b"0" * len(FLOOD))


def huge_content_length(request: Request) -> None:
    request.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
    forever(request, FLOOD)


def no_content_length(request: Request) -> None:
    request.send(b"HTTP/1.1 200 OK\r\n\r\n")
    forever(request, FLOOD)


def endless_error_page(request: Request) -> None:
    request.send(b"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n")
    forever(request, b"10000\r\n" + FLOOD + b"\r\n")


@pytest.mark.parametrize(
    "answer",
    [
        endless_chunks,
        one_endless_chunk,
        huge_content_length,
        no_content_length,
        endless_error_page,
    ],
)
def test_endless_answers_are_cut_off(answer) -> None:
    with rogue_daemon(answer) as (api, requests):
        store = KuboStore(api, timeout=PATIENCE)
        with pytest.raises(BlockCorrupt, match=cid(DIGEST)):
            store.get(DIGEST)
        with pytest.raises(StoreUnreachable, match="does not answer as Kubo does"):
            store.put(BLOCK)

    received, stored = requests
    # what was sent but never read lies in the buffers of two sockets
    assert received.sent < 32 << 20
    assert stored.sent < 32 << 20


def headers_forever(request: Request) -> None:
    request.send(b"HTTP/1.1 200 OK\r\n")
    forever(request, b"X: y\r\n" * 1000)


def one_endless_header(request: Request) -> None:
    request.send(b"HTTP/1.1 200 OK\r\nX: ")
    forever(request, b"y" * 10_000)


@pytest.mark.parametrize("answer", [headers_forever, one_endless_header, endless_chunk_size])
def test_endless_lines_are_cut_off(answer) -> None:
    with rogue_daemon(answer) as (api, requests):
        store = KuboStore(api, timeout=2)

        with pytest.raises(StorageError, match=cid(DIGEST)):
            store.get(DIGEST)

    assert all(request.sent < 32 << 20 for request in requests)


@pytest.mark.parametrize(
    "wrong",
    [
        BLOCK[:-1] + bytes([BLOCK[-1] ^ 1]),
        BLOCK[:-1],
        BLOCK + b"\0",
        b"",
        json.dumps({"Message": "all is well"}).encode(),
    ],
    ids=["one bit", "shorter", "longer", "nothing", "an error as content"],
)
def test_wrong_bytes_are_noticed(wrong: bytes) -> None:
    with rogue_daemon(lambda request: request.reply(wrong)) as (api, _):
        store = KuboStore(api)

        with pytest.raises(BlockCorrupt, match=f"{cid(DIGEST)}.*not that block") as raised:
            store.get(DIGEST)
        with pytest.raises(BlockCorrupt):
            list(get_many(store, [DIGEST] * 20))

    assert raised.value.digest == DIGEST


def test_compressed_answers_are_not_unpacked() -> None:
    bomb = gzip.compress(bytes(1 << 28))  # 260 KB
    headers = "Content-Encoding: gzip\r\n"

    with rogue_daemon(lambda request: request.reply(bomb, headers=headers)) as (api, _):
        store = KuboStore(api)
        tracemalloc.start()
        try:
            with pytest.raises(BlockCorrupt):
                store.get(DIGEST)
            assert tracemalloc.get_traced_memory()[1] < 8 << 20
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("drip", [b"", b"x"], ids=["silence", "a byte now and then"])
@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nX: ", CHUNKED + b"fffff\r\n"])
def test_the_wall_clock_ends_what_stalls(
    head: bytes, drip: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the test is over."""
    monkeypatch.setattr(kubo, "_SIGN_OF_LIFE_SECONDS", PATIENCE)
    over = threading.Event()

    def answer(request: Request) -> None:
        request.send(head)
        while not over.wait(0.05):
            request.send(drip)

    with rogue_daemon(answer) as (api, _):
        store = KuboStore(api, timeout=PATIENCE)
        store.timeout = 0.7  # once it is known
        within = rf"{cid(DIGEST)} within 0\.7 seconds"
        with pytest.raises(BlockUnavailable, match=rf"{within}. It answers otherwise"):
            store.get(DIGEST)
        with pytest.raises(StoreUnreachable, match=f"storing {within}"):
            put_many(store, [BLOCK])
        over.set()


@pytest.mark.parametrize(
    "broken",
    [
        lambda request: request.reply(b"<html>Bad Gateway</html>", status="502 Bad Gateway"),
        lambda request: request.reply(b"[" * 60_000, status="500 Internal Server Error"),
        lambda request: request.send(b"SSH-2.0-OpenSSH\r\n"),
        lambda request: request.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nshort"),
    ],
    ids=["error page", "deep error", "another protocol", "cut off"],
)
def test_a_broken_answer_is_asked_for_again(broken) -> None:
    failures = iter([True, True, False])

    def answer(request: Request) -> None:
        if next(failures):
            broken(request)
            raise OSError  # closes the connection
        request.reply(BLOCK)

    with rogue_daemon(answer) as (api, requests):
        assert KuboStore(api).get(DIGEST) == BLOCK

    assert len(requests) == 3


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'{"Name":"x"}',
        b'{"Key":"bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"}',
        b'{"Key":{"/":[]}}',
        b"[" * 60_000,
        b"[\n" * 30_000,
        b"\xff\xfe{",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_nonsense_after_an_upload_is_no_success(body: bytes) -> None:
    with rogue_daemon(lambda request: request.reply(body)) as (api, requests):
        store = KuboStore(api)

        with pytest.raises(StoreUnreachable):
            store.put(BLOCK)

    assert len(requests) == 1


def test_redirects_are_not_followed() -> None:
    with rogue_daemon(lambda request: request.reply(BLOCK)) as (elsewhere, visits):
        port = elsewhere.rsplit("/", 1)[1]
        location = f"Location: http://127.0.0.1:{port}/steal\r\n"

        def answer(request: Request) -> None:
            request.reply(b"", status="307 Temporary Redirect", headers=location)

        with rogue_daemon(answer) as (api, _), pytest.raises(StoreUnreachable):
            KuboStore(api, timeout=1).get(DIGEST)

    assert visits == []


def test_the_environment_does_not_redirect_either(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    with rogue_daemon(lambda request: request.reply(BLOCK)) as (api, _):
        assert KuboStore(api).get(DIGEST) == BLOCK


def test_a_refusal_cannot_speak_to_the_terminal_or_at_length() -> None:
    message = {"Message": "\x1b[2J\r\nall your block\u202e" + "x" * 10_000}

    def answer(request: Request) -> None:
        request.reply(json.dumps(message).encode(), status="500 Internal Server Error")

    with rogue_daemon(answer) as (api, requests), pytest.raises(KuboRefused) as raised:
        KuboStore(api).get(DIGEST)

    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 600
    assert len(requests) == 1  # a daemon that has decided is not asked again


@pytest.mark.parametrize("message", ["write x: no space left on device", "disk quota exceeded"])
def test_a_full_disk_is_named(message: str) -> None:
    def answer(request: Request) -> None:
        error = json.dumps({"Message": message, "Code": 0, "Type": "error"}).encode()
        request.reply(error, status="500 Internal Server Error")

    with rogue_daemon(answer) as (api, _):
        store = KuboStore(api)
        with pytest.raises(KuboRefused, match="Its disk is full: free some space"):
            store.put(BLOCK)
        with pytest.raises(KuboRefused, match="Its disk is full: free some space") as raised:
            store.get(DIGEST)  # the block is not missing: the daemon has no room for it

    assert not isinstance(raised.value, BlockUnavailable)


@pytest.mark.parametrize(
    "message",
    [
        "context deadline exceeded",
        "block was not found locally (offline): ipld: could not find bafkrei",
    ],
)
def test_a_search_in_vain_is_about_the_block(message: str) -> None:
    def answer(request: Request) -> None:
        error = json.dumps({"Message": message, "Code": 0, "Type": "error"}).encode()
        request.reply(error, status="500 Internal Server Error")

    with rogue_daemon(answer) as (api, _), pytest.raises(BlockUnavailable, match=cid(DIGEST)):
        KuboStore(api).get(DIGEST)


@pytest.mark.parametrize("peers", [b'{"Peers":[1]}', b'{"Peers":7}', b'{"Peers":[{"Addr":"x"}]}'])
def test_malformed_peers_are_refused(peers: bytes) -> None:
    refusal = pytest.raises(StoreUnreachable, match="does not answer as Kubo does")
    with rogue_daemon(lambda request: request.reply(peers)) as (api, _), refusal:
        KuboStore(api).peers()
