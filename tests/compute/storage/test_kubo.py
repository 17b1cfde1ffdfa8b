"""KuboStore between two real daemons."""

import hashlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from compute import checkpoint
from compute.storage import (
    MAX_BLOCK_BYTES,
    BlockUnavailable,
    FolderStore,
    StorageError,
    StoreUnreachable,
    cid,
    copy,
    get_many,
    open_store,
    put_many,
)
from compute.storage.kubo import KuboRefused, KuboStore
from tests.support.kubo_daemon import Daemon, require_kubo
from tests.support.patience import PATIENCE

ABSENT = hashlib.sha256(b"nobody has this").digest()


@pytest.fixture(scope="module")
def daemons(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Daemon, Daemon]]:
    """Two daemons that know each other and nobody else."""
    require_kubo()
    folder = tmp_path_factory.mktemp("kubo")
    pair = Daemon(folder / "a"), Daemon(folder / "b")
    try:
        for daemon in pair:
            daemon.start()
        KuboStore(pair[0].api).connect(pair[1].address())
        yield pair
    finally:
        for daemon in pair:
            daemon.kill()


@pytest.fixture
def here(daemons: tuple[Daemon, Daemon]) -> KuboStore:
    return KuboStore(daemons[0].api, timeout=PATIENCE)


@pytest.fixture
def there(daemons: tuple[Daemon, Daemon]) -> KuboStore:
    return KuboStore(daemons[1].api, timeout=PATIENCE)


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon that a test may kill and start again."""
    require_kubo()
    daemon = Daemon(tmp_path / "mortal")
    daemon.start()
    try:
        yield daemon
    finally:
        daemon.kill()


def restart_after(daemon: Daemon, seconds: float) -> threading.Thread:
    """Kill `daemon` now and start it again `seconds` later; join the thread to be sure."""
    daemon.kill()

    def later() -> None:
        time.sleep(seconds)
        daemon.start()

    thread = threading.Thread(target=later)
    thread.start()
    return thread


@pytest.mark.parametrize("size", [0, 1, 12_345, MAX_BLOCK_BYTES])
def test_a_block_put_on_one_daemon_is_got_from_the_other(
    here: KuboStore, there: KuboStore, size: int
) -> None:
    block = os.urandom(size)

    digest = here.put(block)

    assert digest == hashlib.sha256(block).digest()
    assert there.get(digest) == block


def test_a_block_has_the_name_that_kubo_gives_it(
    daemons: tuple[Daemon, Daemon], here: KuboStore
) -> None:
    block = os.urandom(1000)

    name = daemons[0].ipfs("block", "put", stdin=block).decode().strip()

    assert name == cid(here.put(block))


def test_has_speaks_of_the_daemon_alone(here: KuboStore, there: KuboStore) -> None:
    digest = here.put(os.urandom(100))

    assert here.has(digest)
    assert not there.has(digest)
    there.get(digest)
    assert there.has(digest)


def test_a_missing_block_is_named_in_time(daemons: tuple[Daemon, Daemon]) -> None:
    store = KuboStore(daemons[0].api, timeout=10)

    with pytest.raises(BlockUnavailable, match=cid(ABSENT)) as raised:
        store.get(ABSENT)

    assert raised.value.digest == ABSENT


def test_a_block_is_never_larger_than_the_limit(here: KuboStore) -> None:
    with pytest.raises(ValueError, match="at most 1048576 bytes"):
        here.put(bytes(MAX_BLOCK_BYTES + 1))


def test_a_larger_block_in_the_network_is_refused(
    daemons: tuple[Daemon, Daemon], here: KuboStore
) -> None:
    block = os.urandom(MAX_BLOCK_BYTES + 1)
    daemons[0].ipfs("block", "put", stdin=block)

    with pytest.raises(BlockUnavailable, match="bytes that are not that block"):
        here.get(hashlib.sha256(block).digest())


def test_collection_spares_what_was_put_until_it_is_unpinned(
    daemons: tuple[Daemon, Daemon], here: KuboStore
) -> None:
    kept, dropped = here.put(os.urandom(100)), here.put(os.urandom(100))

    here.unpin(dropped)
    here.unpin(dropped)  # no error the second time
    daemons[0].rpc("repo/gc")

    assert here.has(kept)
    assert not here.has(dropped)


def test_collection_spares_what_was_fetched_once_it_is_pinned(
    daemons: tuple[Daemon, Daemon], here: KuboStore, there: KuboStore
) -> None:
    kept, dropped = here.put(os.urandom(100)), here.put(os.urandom(100))
    for digest in (kept, dropped):
        there.get(digest)

    there.pin(kept)
    daemons[1].rpc("repo/gc")

    assert there.has(kept)
    assert not there.has(dropped)


def test_private_daemons_know_nobody_but_each_other(daemons: tuple[Daemon, Daemon]) -> None:
    for daemon in daemons:
        listening = json.loads(daemon.rpc("swarm/addrs/listen"))["Strings"]
        settings = json.loads(daemon.rpc("config/show"))
        assert all(address.startswith("/ip4/127.0.0.1/tcp/") for address in listening)
        assert settings["Bootstrap"] == []
        assert settings["Routing"]["Type"] == "none"
        assert not settings["AutoConf"]["Enabled"]
        assert not settings["AutoTLS"]["Enabled"]
        assert not settings["Discovery"]["MDNS"]["Enabled"]


def test_only_what_the_daemon_holds_can_be_pinned(here: KuboStore) -> None:
    with pytest.raises(KuboRefused, match=f"pinning {cid(ABSENT)}"):
        here.pin(ABSENT)


def test_peers_are_those_connected(daemons: tuple[Daemon, Daemon], there: KuboStore) -> None:
    [peer] = there.peers()

    assert peer.rsplit("/", 1)[1] == daemons[0].address().rsplit("/", 1)[1]


def test_connecting_to_nobody_says_why(here: KuboStore, daemons: tuple[Daemon, Daemon]) -> None:
    with pytest.raises(KuboRefused, match=r"connecting to /ip4/127.0.0.1/tcp/9599"):
        here.connect("/ip4/127.0.0.1/tcp/9599/p2p/" + daemons[1].address().rsplit("/", 1)[1][::-1])


def test_many_blocks_come_back_in_order(here: KuboStore, there: KuboStore) -> None:
    blocks = [os.urandom(50_000 + number) for number in range(40)]

    digests = put_many(here, blocks)

    assert list(get_many(there, digests)) == blocks


def test_a_published_checkpoint_loads_from_the_other_daemon(
    here: KuboStore, there: KuboStore, tmp_path: Path
) -> None:
    generator = np.random.default_rng(5)
    shapes = {"Dense_0/bias": (8,), "Dense_0/kernel": (700, 800)}
    params = {
        name: generator.uniform(-1, 1, shape).astype(np.float32) for name, shape in shapes.items()
    }
    model_hash = bytes(range(32))
    private = FolderStore(tmp_path / "private")
    digest = checkpoint.publish(params, model_hash=model_hash, store=private)
    copy(checkpoint.blocks_of(private, digest), private, here)

    loaded = checkpoint.load(there, digest, model_hash=model_hash, shapes=shapes, magnitude_log2=10)

    assert all(np.array_equal(loaded.params[name], params[name]) for name in shapes)


def test_open_store_takes_both_forms_of_an_address(daemons: tuple[Daemon, Daemon]) -> None:
    host, port = daemons[0].api.split("/")[2:5:2]

    for location in (daemons[0].api, f"http://{host}:{port}", f"http://{host}:{port}/"):
        store = open_store(location)
        assert isinstance(store, KuboStore)
        assert store.get(store.put(b"here")) == b"here"


@pytest.mark.parametrize(
    "location",
    [
        "https://127.0.0.1:5001",
        "http://127.0.0.1",
        "http://127.0.0.1:5001/elsewhere",
        "http://user:secret@127.0.0.1:5001",
        "http://127.0.0.1:99999",
        "/ip4/1.2.3.456/tcp/5001",
        "/ip4/127.0.0.1/udp/5001",
        "/ip4/127.0.0.1/tcp/5001/https",
        "/ip4/127.0.0.1/tcp/99999",
        "/unix/run/ipfs.sock",
    ],
)
def test_open_store_explains_what_an_address_is(location: str) -> None:
    with pytest.raises(StorageError, match=r"like /ip4/127.0.0.1/tcp/5001 or http://127"):
        open_store(location)


def test_an_upload_survives_the_daemon_being_killed_and_restarted(mortal: Daemon) -> None:
    store = KuboStore(mortal.api, timeout=PATIENCE)
    blocks = [os.urandom(MAX_BLOCK_BYTES) for _ in range(48)]
    restart: list[threading.Thread] = []

    def cut(number: int, block: bytes) -> bytes:
        if number == 12:
            restart.append(restart_after(mortal, 0.5))
        return block

    digests = put_many(store, (cut(number, block) for number, block in enumerate(blocks)))

    restart[0].join()
    assert list(get_many(store, digests)) == blocks


def test_a_download_survives_the_daemon_being_killed_and_restarted(mortal: Daemon) -> None:
    store = KuboStore(mortal.api, timeout=PATIENCE)
    digests = put_many(store, (os.urandom(MAX_BLOCK_BYTES) for _ in range(48)))
    received = []
    restart: threading.Thread | None = None

    for number, block in enumerate(get_many(store, digests)):
        received.append(hashlib.sha256(block).digest())
        if number == 12:
            restart = restart_after(mortal, 0.5)

    assert restart is not None
    restart.join()
    assert received == digests


def test_a_daemon_that_stays_away_is_said_to_be_away_and_nothing_is_lost(mortal: Daemon) -> None:
    store, impatient = KuboStore(mortal.api), KuboStore(mortal.api, timeout=2)
    stored = store.put(b"before")
    mortal.kill()

    with pytest.raises(StoreUnreachable, match=r"does not answer .*ipfs daemon"):
        put_many(impatient, [b"one", b"two"])
    with pytest.raises(StoreUnreachable, match=cid(stored)) as raised:
        impatient.get(stored)

    assert not isinstance(raised.value, BlockUnavailable)  # that would be said of the block
    mortal.start()
    assert store.get(stored) == b"before"
    assert put_many(store, [b"one", b"two"])


def test_a_daemon_that_hangs_is_left_in_time(mortal: Daemon) -> None:
    store, impatient = KuboStore(mortal.api), KuboStore(mortal.api, timeout=1.5)
    stored = store.put(b"before")
    os.kill(mortal.pid, signal.SIGSTOP)
    try:
        with pytest.raises(StoreUnreachable, match=f"fetching {cid(stored)} within 1.5 seconds"):
            impatient.get(stored)
    finally:
        os.kill(mortal.pid, signal.SIGCONT)

    assert store.get(stored) == b"before"


def test_a_full_disk_is_named_and_harms_no_block(mortal: Daemon) -> None:
    mount = 'mount -t tmpfs -o size=6m tmpfs "$0/blocks" && exec "$@"'
    wrapper = ["unshare", "--mount", "--map-root-user", "sh", "-c", mount, str(mortal.folder)]
    if subprocess.run([*wrapper, "true"], capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here; a pretended one is tested in any case")
    mortal.kill()
    mortal.start(*wrapper)
    store = KuboStore(mortal.api, timeout=PATIENCE)
    stored: list[bytes] = []

    with pytest.raises(KuboRefused, match="Its disk is full: free some space"):
        for _ in range(10):
            stored.append(store.put(os.urandom(MAX_BLOCK_BYTES)))

    assert 2 <= len(stored) < 6
    for digest in stored:
        assert hashlib.sha256(store.get(digest)).digest() == digest
