"""Content: what the stores cost above the bare work, each against a baseline in the same run.

    python -m benchmarks.content [--size MiB | --gib GiB] [--json FILE] | --show FILE

digest, folder   hashing, and a folder's verified reads, against hashlib's sha256 alone; goal >= 0.9
kubo             KuboStore against the same requests by hand (http.client, no checks), one block at
                 a time and four at a time, on a private daemon on loopback; goal >= 0.8
checkpoint       the bytes that a second checkpoint adds after fine-tuning one layer of 24, against
                 those of the layer; goal < 1.1
delta, replay    the set on disk: one delta onto a large set and onto a small one, and against its
                 goals of time and memory; many deltas and few; batches and a gather by hand
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.parts import deltas
from compute.canonical import digest as sha256
from compute.checkpoint import publish
from compute.storage import MAX_BLOCK_BYTES, FolderStore, cid, get_many, put_many
from compute.storage.kubo import KuboStore

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "kubo.sh"
WORKERS = 4  # as many as put_many and get_many use
LOT = 8 * WORKERS  # blocks of one turn in parallel
Work = Callable[[list[bytes]], object]


@dataclass(frozen=True)
class Row:
    """In MB/s a larger ratio is better, in bytes and seconds a smaller one."""

    case: str
    metric: str
    ours: float
    baseline: float
    ratio: float
    unit: str


class ByHand:
    """Kubo's RPC API with the standard library alone; one connection per thread."""

    def __init__(self, api: str) -> None:
        self._host, self._port = api.split("/")[2:5:2]
        self._thread = threading.local()

    def put(self, block: bytes) -> str:
        body = (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="block"\r\n'
            b"Content-Type: application/octet-stream\r\n\r\n" + block + b"\r\n--x--\r\n"
        )
        answer = self._post(
            "block/put?cid-codec=raw&mhtype=sha2-256&pin=true",
            body,
            {"Content-Type": "multipart/form-data; boundary=x"},
        )
        return json.loads(answer)["Key"]

    def get(self, digest: bytes) -> bytes:
        return self._post(f"block/get?arg={cid(digest)}", b"", {})

    def _post(self, command: str, body: bytes, headers: dict[str, str]) -> bytes:
        if not hasattr(self._thread, "connection"):
            self._thread.connection = http.client.HTTPConnection(self._host, int(self._port))
        connection = self._thread.connection
        connection.request("POST", f"/api/v0/{command}", body, headers)
        answer = connection.getresponse()
        data = answer.read()
        if answer.status != http.client.OK:
            raise SystemExit(f"the daemon answers {answer.status}: {data[:200]!r}")
        return data


@contextmanager
def private_daemon(folder: Path) -> Iterator[str]:
    """The API address of a daemon that ends with the block."""
    with (folder / "kubo.log").open("wb") as log:
        process = subprocess.Popen([SCRIPT, "--private", folder / "kubo"], stdout=log, stderr=log)
    try:
        while not (folder / "kubo" / "api").exists():
            if process.poll() is not None:
                raise SystemExit((folder / "kubo.log").read_text())
            time.sleep(0.1)
        api = (folder / "kubo" / "api").read_text()
        KuboStore(api)  # waits until it answers
        yield api
    finally:
        process.terminate()
        process.wait()


class Race:
    """Two ways of doing the same, timed in short turns that swap, so that a busy machine is as busy
    for both."""

    def __init__(self, case: str, ours: Work, theirs: Work) -> None:
        self._case = case
        self._ways = [ours, theirs]
        self._seconds = [0.0, 0.0]
        self._turns = 0
        self._bytes = 0

    def turn(self, ours: list[bytes], theirs: list[bytes]) -> None:
        """Each way gets as many items, each of which stands for a full block."""
        lots = [ours, theirs]
        for side in (0, 1) if self._turns % 2 else (1, 0):
            start = time.perf_counter()
            self._ways[side](lots[side])
            self._seconds[side] += time.perf_counter() - start
        self._turns += 1
        self._bytes += len(ours) * MAX_BLOCK_BYTES

    def row(self) -> Row:
        ours, theirs = (self._bytes / 1e6 / seconds for seconds in self._seconds)
        ratio = round(ours / theirs, 3)
        return Row(self._case, "throughput", round(ours, 1), round(theirs, 1), ratio, "MB/s")


def fresh(count: int) -> list[bytes]:
    return [os.urandom(MAX_BLOCK_BYTES) for _ in range(count)]


def digests(blocks: list[bytes]) -> list[bytes]:
    return [sha256(block) for block in blocks]


def kubo_rows(count: int, folder: Path) -> list[Row]:
    """put and get, one block at a time and in parallel."""
    rows = []
    with private_daemon(folder) as api, ThreadPoolExecutor(WORKERS) as pool:
        store, hand = KuboStore(api), ByHand(api)
        for way, lot, put, put_by_hand, get, get_by_hand in (
            (
                "one at a time",
                1,
                lambda blocks: [store.put(block) for block in blocks],
                lambda blocks: [hand.put(block) for block in blocks],
                lambda names: [store.get(name) for name in names],
                lambda names: [hand.get(name) for name in names],
            ),
            (
                "four at a time",
                LOT,
                lambda blocks: put_many(store, blocks),
                lambda blocks: list(pool.map(hand.put, blocks)),
                lambda names: list(get_many(store, names)),
                lambda names: list(pool.map(hand.get, names)),
            ),
        ):
            puts = Race(f"kubo put, {way}", put, put_by_hand)
            gets = Race(f"kubo get, {way}", get, get_by_hand)
            for _ in range(max(1, count // lot)):
                ours, theirs = fresh(lot), fresh(lot)
                puts.turn(ours, theirs)
                gets.turn(digests(theirs), digests(ours))
            rows += [puts.row(), gets.row()]
    return rows


def folder_row(count: int, folder: Path) -> Row:
    """Verified reads of a folder whose files are in the page cache."""
    store = FolderStore(folder / "blocks")

    def by_hand(names: list[bytes]) -> None:
        for name in names:
            path = store.path / name.hex()[:2] / name.hex()
            if hashlib.sha256(path.read_bytes()).digest() != name:
                raise SystemExit("damaged")

    race = Race("folder get, verified", lambda names: [store.get(name) for name in names], by_hand)
    names = put_many(store, fresh(LOT))
    for turn in range(count):
        race.turn([names[turn % LOT]], [names[turn % LOT]])
    return race.row()


def digest_row(count: int) -> Row:
    """compute.canonical.digest against hashlib itself."""
    by_hand: Work = lambda blocks: [hashlib.sha256(block).digest() for block in blocks]  # noqa: E731
    race = Race("digest", digests, by_hand)
    blocks = fresh(1)
    for _ in range(count):
        race.turn(blocks, blocks)
    return race.row()


def checkpoint_row(folder: Path) -> Row:
    """What a second checkpoint adds to a store after one layer of 24 was fine-tuned."""
    store = FolderStore(folder / "checkpoints")
    shapes = {"kernel": (768, 1024), "bias": (1024,), "scale": (768,)}
    random = np.random.default_rng(0)
    params = {
        f"layer_{layer}/{name}": random.standard_normal(shape, np.float32)
        for layer in range(24)
        for name, shape in shapes.items()
    }
    publish(params, model_hash=bytes(32), store=store, nonce=1)
    before = set(store.digests())
    tuned = {name: value * 2 for name, value in params.items() if name.startswith("layer_7/")}
    publish({**params, **tuned}, model_hash=bytes(32), store=store, nonce=2)
    uploaded = sum(len(store.get(digest)) for digest in set(store.digests()) - before)
    changed = sum(value.nbytes for value in tuned.values())
    ratio = round(uploaded / changed, 3)
    return Row("second checkpoint, one layer tuned", "uploaded", uploaded, changed, ratio, "bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", type=int, default=64, help="MiB per case and side")
    parser.add_argument("--gib", type=int, help="GiB instead: 1 is what the goal speaks of")
    parser.add_argument("--json", type=Path, help="write the rows there")
    parser.add_argument("--show", type=Path, help="print the rows of such a file, measure nothing")
    arguments = parser.parse_args()
    if arguments.show:
        document = json.loads(arguments.show.read_text())
        show(f"Content, as {arguments.show} has it", [Row(**row) for row in document])
        return
    mebibytes = arguments.gib * 1024 if arguments.gib else arguments.size
    count = mebibytes * (1 << 20) // MAX_BLOCK_BYTES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [digest_row(count), folder_row(count, folder), checkpoint_row(folder)]
        if subprocess.run([SCRIPT, "--find"], stdout=subprocess.DEVNULL, check=False).returncode:
            Console(stderr=True).print("[bold]Kubo is not measured: run `make kubo`[/bold]")
        else:
            rows += kubo_rows(count, folder)
    rows += [Row(*row) for row in deltas.rows()]
    show(f"Content, {mebibytes} MiB per case and side", rows)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


def show(title: str, rows: list[Row]) -> None:
    """As a table."""
    table = Table(title=title)
    for heading in ("case", "ours", "baseline", "unit", "ratio"):
        table.add_column(heading, justify="left" if heading == "case" else "right")
    for row in rows:
        table.add_row(
            row.case, f"{row.ours:.1f}", f"{row.baseline:.1f}", row.unit, f"{row.ratio:.2f}"
        )
    Console().print(table)


if __name__ == "__main__":
    main()
