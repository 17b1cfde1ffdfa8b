"""The columns of the training set that a model reads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from compute.models.errors import ModelError
from compute.models.fields import Reader

if TYPE_CHECKING:
    import jax

NUMBER_DTYPES = ("int16", "int8", "uint16", "uint8")  # all their values are exact in float32
TOKEN_DTYPES = ("int16", "int32", "int8", "uint16", "uint32", "uint8")
MAX_SIZE = 1 << 24


@dataclass(frozen=True)
class InputColumn:
    """An integer column, `shape` that of one example.

    The network sees float32 numbers value × 2**scale_log2; with None it sees tokens: the integers
    themselves, as int32.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    scale_log2: int | None

    @property
    def size(self) -> int:
        """Values of one example."""
        return math.prod(self.shape)

    def document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "dtype": self.dtype,
            "shape": list(self.shape),
            "scale_log2": self.scale_log2,
        }

    @classmethod
    def read(cls, item: Any) -> InputColumn:
        """Raises ModelError."""
        read = Reader(item, "input", "name dtype shape scale_log2")
        tokens = read["scale_log2"] is None
        return cls(
            name=read.name("name"),
            dtype=read.choice("dtype", TOKEN_DTYPES if tokens else NUMBER_DTYPES),
            shape=read.integers("shape", 0, 4, 1, MAX_SIZE),
            scale_log2=None if tokens else read.integer("scale_log2", -64, 64),
        )

    def made_up(self, count: int) -> np.ndarray:
        """Examples [count, *shape] for a trial: numbers at random, or the tokens 0 and 1."""
        most = 2 if self.scale_log2 is None else 128
        return np.random.default_rng(0).integers(most, size=(count, *self.shape), dtype=self.dtype)

    def values(self, array: jax.Array) -> jax.Array:
        """Convert [B, *shape] to the network's input: float32 numbers or int32 tokens."""
        import jax.numpy as jnp

        if self.scale_log2 is None:
            return jnp.asarray(array).astype(jnp.int32)
        return jnp.asarray(array).astype(jnp.float32) * jnp.float32(2.0**self.scale_log2)


def numbers(columns: Sequence[InputColumn], what: str) -> None:
    """Raise ModelError if a column holds tokens."""
    for column in columns:
        if column.scale_log2 is None:
            raise ModelError(f"{what} reads numbers: the input {column.name!r} needs a scale_log2")


def image(columns: Sequence[InputColumn], what: str) -> tuple[int, int, int]:
    """Height, width and channels of the one image column. Raises ModelError."""
    numbers(columns, what)
    if len(columns) != 1 or len(columns[0].shape) not in (2, 3):
        raise ModelError(f"{what} reads one input of shape [height, width] or [.., channels]")
    height, width, channels = (*columns[0].shape, 1)[:3]
    return height, width, channels


def text(columns: Sequence[InputColumn], what: str) -> int:
    """Length of the one token column. Raises ModelError."""
    if len(columns) != 1 or len(columns[0].shape) != 1 or columns[0].scale_log2 is not None:
        raise ModelError(f"{what} reads one input of shape [tokens] whose scale_log2 is null")
    return columns[0].shape[0]
