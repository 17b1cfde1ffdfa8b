"""The decoder Transformer, scanned over its layers. Parameters float32, shapes in names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import flax.linen as nn
import jax

from compute.models.networks.attention import Attention

if TYPE_CHECKING:
    from compute.models.transformer import Transformer


class SwiGLU(nn.Module):
    """x [B, T, D] -> [B, T, D] (Shazeer 2020)."""

    hidden: int
    dtype: str

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        def dense(name: str, width: int) -> nn.Dense:
            return nn.Dense(width, use_bias=False, dtype=self.dtype, name=name)

        gated = nn.silu(dense("gate", self.hidden)(x)) * dense("up", self.hidden)(x)
        return dense("down", x.shape[-1])(gated)


class Block(nn.Module):
    """One layer, in the form that `nn.scan` takes: (x [B, T, D], nothing) -> (x, nothing)."""

    sizes: Transformer
    dtype: str

    @nn.compact
    def __call__(self, x: jax.Array, _: None) -> tuple[jax.Array, None]:
        sizes = self.sizes
        attention = Attention(
            sizes.heads, sizes.kv_heads, sizes.head_width, self.dtype, sizes.rope_base,
            name="attention",
        )  # fmt: skip
        x = x + attention(nn.RMSNorm(dtype=self.dtype, name="attention_norm")(x))
        part = SwiGLU(sizes.hidden, self.dtype, name="mlp")
        return x + part(nn.RMSNorm(dtype=self.dtype, name="mlp_norm")(x)), None


class Decoder(nn.Module):
    """{column: tokens int32 [B, T]} -> logits of each next token [B, T, vocab]."""

    sizes: Transformer
    dtype: str
    remat: bool

    @nn.compact
    def __call__(self, inputs: Mapping[str, jax.Array]) -> jax.Array:
        (tokens,) = inputs.values()
        sizes = self.sizes
        embed = nn.Embed(sizes.vocab, sizes.width, dtype=self.dtype, name="embed")
        block = nn.remat(Block, prevent_cse=False) if self.remat else Block
        layers = nn.scan(
            block, variable_axes={"params": 0}, split_rngs={"params": True}, length=sizes.layers
        )
        x, _ = layers(sizes, self.dtype, name="layers")(embed(tokens), None)
        x = nn.RMSNorm(dtype=self.dtype, name="norm")(x)
        if sizes.tied:
            return embed.attend(x)
        return nn.Dense(sizes.vocab, use_bias=False, dtype=self.dtype, name="head")(x)
