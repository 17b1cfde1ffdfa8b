"""Everything that reads what strangers wrote: a whole file of each kind, who reads it, and what
that may raise."""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image
from pyarrow import parquet

from compute import canonical
from compute.chain.claims import Domain
from compute.chain.handover import Handover, InvalidHandover
from compute.checkpoint import InvalidCheckpoint, manifest, publish
from compute.program.codec import decode as decode_program
from compute.program.codec import encode as encode_program
from compute.program.operation import ProgramError
from compute.storage import FolderStore, StorageError, export_car, import_car
from compute.storage.header import Headed, get_headed
from compute.training_set import Malformed, build_delta
from compute.training_set import manifest as delta_manifest
from compute.training_set.importers import UnreadableData, read
from compute.training_set.replay import NO_TIP, NOBODY
from compute.training_set.schema import SchemaError
from compute.training_set.tokeniser import Tokeniser, TokeniserError
from tests.integration.stage import SPECIFICATION, examples


@dataclass(frozen=True)
class Parser:
    """`whole` is a file that is right; `read` takes a file's path and may raise `refusals`."""

    whole: Callable[[Path], bytes]
    read: Callable[[Path], object]
    refusals: tuple[type[Exception], ...]
    suffix: str = ""


def _npz(_: Path) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, x=np.arange(50, dtype=np.int16), y=np.zeros(50, np.uint8))
    return file.getvalue()


def _png(_: Path) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(file, "PNG")
    return file.getvalue()


def _parquet(_: Path) -> bytes:
    file = io.BytesIO()
    parquet.write_table(pa.table({"x": [[1, 2], [3, 4]] * 20, "y": [5, 6] * 20}), file)
    return file.getvalue()


def _arrow(_: Path) -> bytes:
    file = io.BytesIO()
    table = pa.table({"x": [[1, 2], [3, 4]] * 20, "y": [5, 6] * 20})
    with pa.ipc.new_stream(file, table.schema) as stream:
        stream.write_table(table)
    return file.getvalue()


def _saved(path: Path) -> object:
    """One file of a data set that `datasets` saved."""
    folder = path.parent / "saved"
    folder.mkdir(exist_ok=True)
    (folder / "data.arrow").write_bytes(path.read_bytes())
    (folder / "state.json").write_text('{"_data_files": [{"filename": "data.arrow"}]}')
    return read(folder)


def _pictures(path: Path) -> object:
    folder = path.parent / "images" / "a"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "1.png").write_bytes(path.read_bytes())
    return read(folder.parent)


def _car(folder: Path) -> bytes:
    store = FolderStore(folder / "from")
    digests = [store.put(bytes([n]) * 50) for n in range(3)]
    file = io.BytesIO()
    export_car(store, digests[:1], digests, file)
    return file.getvalue()


def _import(path: Path) -> object:
    with path.open("rb") as file:
        return import_car(FolderStore(path.parent / "to"), file)


def _checkpoint(folder: Path) -> bytes:
    store = FolderStore(folder / "from")
    parameters = SPECIFICATION.initial_parameters()
    digest = publish(parameters, model_hash=SPECIFICATION.hash, store=store)
    return get_headed(store, digest, 1).document


def _delta(folder: Path) -> bytes:
    store = FolderStore(folder / "from")
    digest = build_delta(None, add=examples(8), parent_tip=NO_TIP, proposer=NOBODY, store=store)
    return store.get(delta_manifest.own_blocks(store, digest)[0])


def _words(count: int, path: Path) -> Headed:
    return Headed((bytes(32),) * count, path.read_bytes())


_DATA = (UnreadableData, SchemaError)
PARSERS: dict[str, Parser] = {
    "npz": Parser(_npz, read, _DATA, ".npz"),
    "csv": Parser(lambda _: b"x0,x1,y\n" + b"1,2,3\n" * 20, read, _DATA, ".csv"),
    "jsonl": Parser(lambda _: b'{"x":[1,2],"y":3}\n' * 20, read, _DATA, ".jsonl"),
    "parquet": Parser(_parquet, read, _DATA, ".parquet"),
    "arrow": Parser(_arrow, _saved, _DATA),
    "png": Parser(_png, _pictures, _DATA),
    "car": Parser(_car, _import, (StorageError,)),
    "json": Parser(
        lambda _: canonical.encode({"a": [1, {"b": None}], "c": "é"}),
        lambda path: canonical.decode(path.read_bytes()),
        (canonical.CanonicalError,),
    ),
    "checkpoint": Parser(
        _checkpoint, lambda path: manifest.decode(_words(1, path)), (InvalidCheckpoint,)
    ),
    "delta": Parser(_delta, lambda path: delta_manifest.decode(_words(2, path)), (Malformed,)),
    "program": Parser(
        lambda _: encode_program(SPECIFICATION.program),
        lambda path: decode_program(path.read_bytes()),
        (ProgramError,),
    ),
    "handover": Parser(
        lambda _: Handover(Domain(1, "0x" + "11" * 20), 7, bytes(32)).encode(),
        lambda path: Handover.decode(path.read_bytes()),
        (InvalidHandover,),
    ),
    "tokeniser": Parser(
        lambda _: b"".join(base64.b64encode(bytes([n])) + b" %d\n" % n for n in range(256)),
        lambda path: Tokeniser(path.read_bytes()),
        (TokeniserError,),
    ),
}  # fmt: skip
