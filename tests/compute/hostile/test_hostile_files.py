"""Files of every kind, spoiled at random: read or refused by a sentence, in bounded memory.

HOSTILE_FILES=10000 spoils so many, HOSTILE_SEED begins elsewhere.
"""

import io
import json
import os
import random
import resource
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from compute.training_set.importers import UnreadableData, read
from tests.compute.hostile.parsers import PARSERS
from tests.integration.devnet import ROOT

FILES = int(os.environ.get("HOSTILE_FILES", "400"))
SEED = int(os.environ.get("HOSTILE_SEED", "1"))
MEMORY = 1 << 31  # bytes that all of them together may ask for, beyond what Python began with
NUMBERS = (
    b"\xff" * 4,
    b"\xff" * 8,
    b"\x7f" + b"\xff" * 7,
    bytes(8),
    b"\x80" * 5,
    b"[" * 64,
    b"9" * 400,
)


def spoiled(whole: bytes, dice: random.Random) -> bytes:
    """The file with some of its bytes changed, cut, doubled or made into extreme numbers."""
    data = bytearray(whole)
    for _ in range(dice.choice([1, 1, 2, 5])):
        at = dice.randrange(len(data) + 1)
        end = min(len(data), at + dice.choice([1, 2, 8, 100]))
        match dice.randrange(6):
            case 0:
                data[at:end] = dice.randbytes(end - at)
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = data[at:end] * dice.choice([1, 10])
            case 3:
                number = dice.choice(NUMBERS)
                data[at : at + len(number)] = number
            case 4:
                del data[at:]
            case _ if at < len(data):
                data[at] ^= 1 << dice.randrange(8)
    return bytes(data)


def play(folder: Path, count: int, seed: int) -> dict[str, Any]:
    """Read `count` spoiled files in this process, whose memory is bounded from here on."""
    size = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, resource.RLIM_INFINITY))
    told: dict[str, Any] = {name: {"read": 0, "refused": 0} for name in PARSERS}
    wholes = {name: parser.whole(folder) for name, parser in PARSERS.items()}
    for number in range(count):
        name = list(PARSERS)[number % len(PARSERS)]
        parser, dice = PARSERS[name], random.Random(f"{seed} {number}")
        path = folder / f"file{parser.suffix}"
        path.write_bytes(spoiled(wholes[name], dice))
        try:
            parser.read(path)
            told[name]["read"] += 1
        except parser.refusals:
            told[name]["refused"] += 1
        except BaseException as error:
            raise AssertionError(f"{name}, file {number} of seed {seed}: {error!r}") from error
    return told


def test_spoiled_files_are_read_or_refused_in_bounded_memory(tmp_path: Path) -> None:
    program = (
        "import json, pathlib, sys; from tests.compute.hostile.test_hostile_files import play;"
        "print(json.dumps(play(pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))"
    )
    words = [sys.executable, "-c", program, tmp_path, str(FILES), str(SEED)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2_000:]
    told = json.loads(done.stdout.splitlines()[-1])
    print(json.dumps(told))
    assert sum(row["read"] + row["refused"] for row in told.values()) == FILES
    assert all(row["refused"] for row in told.values()), told


def a_png(width: int, height: int) -> bytes:
    """A picture of few bytes: one colour, whatever its size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(1 << 20))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def a_parquet(rows: int) -> bytes:
    """Equal numbers, which take no room; in one list, so that one batch is all of them."""
    file = io.BytesIO()
    column = pa.ListArray.from_arrays([0, rows], pa.array(np.zeros(rows, np.int8)))
    parquet.write_table(pa.table({"x": column}), file, compression="zstd")
    return file.getvalue()


def an_npz(size: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        buffer = io.BytesIO()
        np.save(buffer, np.zeros(size, np.uint8))
        archive.writestr("x.npy", buffer.getvalue())
    return file.getvalue()


BOMBS = {
    "bomb.parquet": lambda: a_parquet(1 << 26),
    "bomb.npz": lambda: an_npz(300 << 20),
    "bomb.csv": lambda: b"x" + b",x" * (1 << 20) + b"\n",
    "bomb.jsonl": lambda: b'{"x":[' + b"0," * (1 << 20) + b"0]}\n",
    "deep.jsonl": lambda: b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_goes_off(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(BOMBS[name]())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UnreadableData):
        read(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10  # KiB


def test_a_picture_larger_than_any_is_refused_unread(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(a_png(60_000, 60_000))
    with pytest.raises(UnreadableData):
        read(tmp_path)


def test_links_pipes_and_devices_are_refused_unread(tmp_path: Path) -> None:
    """What is imported is published: a link in a stranger's folder may name a secret."""
    secret, data = tmp_path / "id_rsa", tmp_path / "data"
    secret.write_text("secret " * 100)
    data.mkdir()
    (data / "a.txt").write_text("words " * 100)
    assert read(data, window=8)
    (data / "b.txt").symlink_to(secret)
    with pytest.raises(UnreadableData, match="is a link"):
        read(data, window=8)
    (data / "b.txt").unlink()
    (data / "c.txt").symlink_to("/dev/zero")
    with pytest.raises(UnreadableData, match="is a link"):
        read(data, window=8)
    (data / "c.txt").unlink()
    os.mkfifo(data / "d.txt")
    with pytest.raises(UnreadableData, match="is no file"):
        read(data, window=8)
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(UnreadableData, match="is no file"):
        read(tmp_path / "pipe.csv")
