"""The decoder Transformer of Llama: RoPE, RMSNorm before each part, SwiGLU, grouped queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self

from compute.models import columns as inputs_of
from compute.models.architecture import MAX_LAYERS, MAX_WIDTH, Architecture, Arrays
from compute.models.columns import InputColumn
from compute.models.deepen import deepen
from compute.models.errors import ModelError
from compute.models.parameters import Parameters, kernel, prefixed, scale

if TYPE_CHECKING:
    from compute.models.networks.decoding import Cached
    from compute.models.networks.transformer import Decoder

MAX_HEADS = 256
MAX_ROPE_BASE = 1 << 24


@dataclass(frozen=True)
class Transformer(Architecture):
    """Outputs [tokens, vocab]: logits of the token after each position.

    `width` of the residual stream, `hidden` of the SwiGLU part; `heads` share `kv_heads` keys and
    values. `tied`: the output layer is the transposed embedding. `rope_base` is the base of the
    rotations' wavelengths.
    """

    name = "transformer"
    vocab: int
    width: int
    layers: int
    heads: int
    kv_heads: int
    hidden: int
    tied: bool = True
    rope_base: int = 10_000

    @classmethod
    def parse(cls, document: Any) -> Self:
        read = cls.reader(document)
        network = cls(
            vocab=read.integer("vocab", 2, 1 << 20),
            width=read.integer("width", 2, MAX_WIDTH),
            layers=read.integer("layers", 1, MAX_LAYERS),
            heads=read.integer("heads", 1, MAX_HEADS),
            kv_heads=read.integer("kv_heads", 1, MAX_HEADS),
            hidden=read.integer("hidden", 1, MAX_WIDTH),
            tied=read.flag("tied"),
            rope_base=read.integer("rope_base", 2, MAX_ROPE_BASE),
        )
        if network.width % (2 * network.heads):
            raise ModelError("a transformer's width is an even number of values for each head")
        if network.heads % network.kv_heads:
            raise ModelError("a transformer's heads are a multiple of its kv_heads")
        return network

    @property
    def head_width(self) -> int:
        """Values of one query, key or value."""
        return self.width // self.heads

    def output_shape(self, columns: Sequence[InputColumn]) -> tuple[int, ...]:
        return inputs_of.text(columns, "a transformer"), self.vocab

    def parameters(self, columns: Sequence[InputColumn]) -> Parameters:
        width, head, hidden = self.width, self.head_width, self.hidden
        # each of the 2 · layers parts adds its share of the residual stream's variance
        share = Fraction(1, 2 * self.layers)
        queries = kernel((width, self.heads, head), ("embed", "heads", None), width)
        keys = kernel((width, self.kv_heads, head), ("embed", "kv_heads", None), width)
        inwards = kernel((width, hidden), ("embed", "mlp"), width)
        block = {
            "attention_norm/scale": scale(width),
            "attention/query/kernel": queries,
            "attention/key/kernel": keys,
            "attention/value/kernel": keys,
            "attention/output/kernel": kernel(
                (self.heads, head, width), ("heads", None, "embed"), width, share
            ),
            "mlp_norm/scale": scale(width),
            "mlp/gate/kernel": inwards,
            "mlp/up/kernel": inwards,
            "mlp/down/kernel": kernel((hidden, width), ("mlp", "embed"), hidden, share),
        }
        layers = {name: parameter.stacked(self.layers) for name, parameter in block.items()}
        table = {
            "embed/embedding": kernel((self.vocab, width), ("vocab", "embed"), width),
            **prefixed("layers", layers),
            "norm/scale": scale(width),
        }
        if not self.tied:
            table["head/kernel"] = kernel((width, self.vocab), ("embed", "vocab"), width)
        return table

    def network(self, *, compute_dtype: str, remat: bool) -> Decoder:
        from compute.models.networks.transformer import Decoder

        return Decoder(
            self.vocab, self.width, self.layers, self.heads, self.kv_heads, self.hidden, self.tied,
            self.rope_base, compute_dtype, remat,
        )  # fmt: skip

    def cached(self, length: int) -> Cached:
        from compute.models.networks.decoding import Cached

        return Cached(self.network(compute_dtype="float32", remat=False), length)

    def adapt(self, map_: str, parent: Arrays, initial: Arrays, inputs: int) -> Arrays:
        if map_ == "deepen":
            return deepen(parent, initial, closing=("attention/output", "mlp/down"))
        return super().adapt(map_, parent, initial, inputs)
