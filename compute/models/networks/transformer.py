"""The decoder Transformer, scanned over its layers. Parameters float32, shapes in names."""

from collections.abc import Mapping

import flax.linen as nn
import jax

from compute.models.networks.attention import Attention


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

    heads: int
    kv_heads: int
    hidden: int
    rope_base: int
    dtype: str

    @nn.compact
    def __call__(self, x: jax.Array, _: None) -> tuple[jax.Array, None]:
        head_width = x.shape[-1] // self.heads
        attention = Attention(
            self.heads, self.kv_heads, head_width, self.dtype, self.rope_base,
            name="attention",
        )  # fmt: skip
        x = x + attention(nn.RMSNorm(dtype=self.dtype, name="attention_norm")(x))
        part = SwiGLU(self.hidden, self.dtype, name="mlp")
        return x + part(nn.RMSNorm(dtype=self.dtype, name="mlp_norm")(x)), None


class Decoder(nn.Module):
    """{column: tokens int32 [B, T]} -> logits of each next token [B, T, vocab]."""

    vocab: int
    width: int
    layers: int
    heads: int
    kv_heads: int
    hidden: int
    tied: bool
    rope_base: int
    dtype: str
    remat: bool

    @nn.compact
    def __call__(self, inputs: Mapping[str, jax.Array]) -> jax.Array:
        (tokens,) = inputs.values()
        embed = nn.Embed(self.vocab, self.width, dtype=self.dtype, name="embed")
        block = nn.remat(Block, prevent_cse=False) if self.remat else Block
        layers = nn.scan(
            block, variable_axes={"params": 0}, split_rngs={"params": True}, length=self.layers
        )
        sizes = self.heads, self.kv_heads, self.hidden, self.rope_base
        x, _ = layers(*sizes, self.dtype, name="layers")(embed(tokens), None)
        x = nn.RMSNorm(dtype=self.dtype, name="norm")(x)
        if self.tied:
            return embed.attend(x)
        return nn.Dense(self.vocab, use_bias=False, dtype=self.dtype, name="head")(x)
