"""The checkpoint manifest: the root over all parameters, the model, and every parameter's blocks.

The root commits to the values themselves; the blocks are how they travel.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from compute import canonical
from compute.checkpoint.errors import InvalidCheckpoint, Reason
from compute.storage import MAX_BLOCK_BYTES, Store
from compute.storage.header import (
    Headed,
    MalformedHeader,
    get_headed,
    header_blocks,
    put_headed,
)

FORMAT = "decentralizedai/checkpoint/2"
MAX_TENSORS = 1 << 13
MAX_NAME = 256
MAX_RANK = 8
MAX_SHARDS = 1 << 14
MAX_SUM = 1 << 96
_WORDS = 1  # before the document: the root over the parameters
_KEYS = {"format", "held_out", "model", "nonce", "shard_sums", "tensors"}
_HELD_OUT_KEYS = {"examples", "loss", "set"}
_TENSOR_KEYS = {"name", "shape", "blocks"}


@dataclass(frozen=True)
class Tensor:
    """A float32 parameter: little-endian, C order, cut every MAX_BLOCK_BYTES."""

    name: str
    shape: tuple[int, ...]
    blocks: tuple[bytes, ...]


@dataclass(frozen=True)
class HeldOut:
    """A trainer's statement on examples it did not train on: how many, their exact mean loss
    (Q32.32 nats), and the sha256 of their ids in order, by which whoever has them can check it."""

    examples: int
    loss: int
    set: bytes


@dataclass(frozen=True)
class Manifest:
    """`params_root` is that of `root.ParamsRoot`. `nonce`, `shard_sums` and `held_out` are free
    for the trainer; they never change the loss."""

    params_root: bytes
    model_hash: bytes
    tensors: tuple[Tensor, ...]
    nonce: int = 0
    shard_sums: tuple[int, ...] | None = None
    held_out: HeldOut | None = None

    def encode(self) -> Headed:
        """The header, whose sha256 is the checkpoint hash, and the canonical document. Raises
        ValueError if the document is larger than a block or would not decode."""
        sums, held_out = self.shard_sums, self.held_out
        data = canonical.encode(
            {
                "format": FORMAT,
                "held_out": held_out
                and {
                    "examples": held_out.examples,
                    "loss": held_out.loss,
                    "set": held_out.set.hex(),
                },
                "model": self.model_hash.hex(),
                "nonce": self.nonce,
                "shard_sums": None if sums is None else list(sums),
                "tensors": [
                    {
                        "name": tensor.name,
                        "shape": list(tensor.shape),
                        "blocks": [block.hex() for block in tensor.blocks],
                    }
                    for tensor in self.tensors
                ],
            }
        )
        headed = Headed((self.params_root,), data)
        decode(headed)
        return headed

    def put(self, store: Store) -> bytes:
        """Store document and header, the header last; returns the checkpoint hash."""
        return put_headed(store, self.encode())


def get(store: Store, digest: bytes) -> Manifest:
    """The manifest of the checkpoint named `digest`. Raises InvalidCheckpoint(MANIFEST), and
    BlockUnavailable."""
    try:
        return decode(get_headed(store, digest, _WORDS))
    except MalformedHeader as error:
        raise InvalidCheckpoint(Reason.MANIFEST, str(error)) from None


def own_blocks(store: Store, digest: bytes) -> list[bytes]:
    """The digests of the manifest's own blocks, the header last. Raises as `get`."""
    try:
        return header_blocks(store, digest, _WORDS)
    except MalformedHeader as error:
        raise InvalidCheckpoint(Reason.MANIFEST, str(error)) from None


def decode(headed: Headed) -> Manifest:
    """The manifest in a header and its document. Raises InvalidCheckpoint(MANIFEST); allocates
    O(its length)."""
    (params_root,) = headed.words
    try:
        document = canonical.decode(headed.document, max_bytes=MAX_BLOCK_BYTES)
    except canonical.CanonicalError as error:
        raise InvalidCheckpoint(Reason.MANIFEST, str(error)) from None
    _require(isinstance(document, dict) and document.keys() == _KEYS, "keys")
    _require(document["format"] == FORMAT, f"the format is not {FORMAT}")
    nonce, sums, tensors = document["nonce"], document["shard_sums"], document["tensors"]
    _require(_is_integer(nonce, 0, 1 << 64), "nonce")
    if sums is not None:
        _require(isinstance(sums, list) and len(sums) <= MAX_SHARDS, "number of shard sums")
        _require(all(_is_integer(s, 0, MAX_SUM) for s in sums), "shard sums")
    _require(isinstance(tensors, list) and len(tensors) <= MAX_TENSORS, "number of tensors")
    parsed = tuple(_tensor(item) for item in tensors)
    names = [tensor.name for tensor in parsed]
    _require(names == sorted(set(names)), "tensors are not sorted by distinct names")
    return Manifest(
        params_root,
        _hash(document["model"]),
        parsed,
        nonce,
        None if sums is None else tuple(sums),
        _held_out(document["held_out"]),
    )


def _held_out(item: Any) -> HeldOut | None:
    if item is None:
        return None
    _require(isinstance(item, dict) and item.keys() == _HELD_OUT_KEYS, "keys of held_out")
    examples, loss = item["examples"], item["loss"]
    _require(_is_integer(examples, 1, 1 << 64), "number of held-out examples")
    _require(_is_integer(loss, 0, 1 << 64), "held-out loss")
    return HeldOut(examples, loss, _hash(item["set"]))


def _tensor(item: Any) -> Tensor:
    _require(isinstance(item, dict) and item.keys() == _TENSOR_KEYS, "keys of a tensor")
    name, shape, blocks = item["name"], item["shape"], item["blocks"]
    _require(isinstance(name, str) and 0 < len(name) <= MAX_NAME, "name of a tensor")
    _require(isinstance(shape, list) and len(shape) <= MAX_RANK, f"rank of {name}")
    _require(all(_is_integer(size, 0, 1 << 32) for size in shape), f"shape of {name}")
    _require(isinstance(blocks, list), f"blocks of {name}")
    return Tensor(name, tuple(shape), tuple(_hash(block) for block in blocks))


def _hash(text: Any) -> bytes:
    _require(isinstance(text, str) and len(text) == 64, "a hash is not 64 hexadecimal digits")
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    _require(value.hex() == text, "a hash is not 64 lower-case hexadecimal digits")
    return value


def _is_integer(value: Any, low: int, end: int) -> bool:
    return type(value) is int and low <= value < end


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise InvalidCheckpoint(Reason.MANIFEST, what)


def check_against(
    manifest: Manifest, model_hash: bytes, shapes: dict[str, tuple[int, ...]]
) -> None:
    """Raise InvalidCheckpoint unless the manifest is of this model and promises these shapes."""
    if manifest.model_hash != model_hash:
        raise InvalidCheckpoint(Reason.MODEL, manifest.model_hash.hex())
    promised = {tensor.name: tensor.shape for tensor in manifest.tensors}
    if promised.keys() != shapes.keys():
        raise InvalidCheckpoint(Reason.NAMES, _first(promised.keys() ^ shapes.keys()))
    for name, shape in promised.items():
        if shape != tuple(shapes[name]):
            raise InvalidCheckpoint(Reason.SHAPES, f"{name} is {list(shape)}")


def _first(names: Sequence[str] | set[str]) -> str:
    return repr(min(names))[:80]
