"""The Vision Transformer, scanned over its layers. Parameters float32."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import flax.linen as nn
import jax

from compute.models.networks.attention import Attention

if TYPE_CHECKING:
    from compute.models.vit import ViT


class Block(nn.Module):
    """One layer, in the form that `nn.scan` takes: (x [B, N, D], nothing) -> (x, nothing)."""

    sizes: ViT
    dtype: str

    @nn.compact
    def __call__(self, x: jax.Array, _: None) -> tuple[jax.Array, None]:
        sizes = self.sizes
        attention = Attention(
            sizes.heads, sizes.heads, sizes.width // sizes.heads, self.dtype, use_bias=True,
            name="attention",
        )  # fmt: skip
        x = x + attention(nn.LayerNorm(dtype=self.dtype, name="attention_norm")(x))
        y = nn.LayerNorm(dtype=self.dtype, name="mlp_norm")(x)
        y = nn.gelu(nn.Dense(sizes.hidden, dtype=self.dtype, name="up")(y))
        return x + nn.Dense(sizes.width, dtype=self.dtype, name="down")(y), None


class Encoder(nn.Module):
    """{column: image [B, H, W] or [B, H, W, C]} -> outputs [B, classes]."""

    sizes: ViT
    dtype: str
    remat: bool

    @nn.compact
    def __call__(self, inputs: Mapping[str, jax.Array]) -> jax.Array:
        (image,) = inputs.values()
        sizes, patch = self.sizes, (self.sizes.patch, self.sizes.patch)
        x = image[..., None] if image.ndim == 3 else image
        x = nn.Conv(sizes.width, patch, patch, padding="VALID", dtype=self.dtype, name="patches")(x)
        x = x.reshape(x.shape[0], -1, sizes.width)
        x = x + self.param("position", nn.initializers.zeros, x.shape[1:]).astype(x.dtype)
        block = nn.remat(Block, prevent_cse=False) if self.remat else Block
        layers = nn.scan(
            block, variable_axes={"params": 0}, split_rngs={"params": True}, length=sizes.layers
        )
        x, _ = layers(sizes, self.dtype, name="layers")(x, None)
        x = nn.LayerNorm(dtype=self.dtype, name="norm")(x).mean(axis=1)
        return nn.Dense(sizes.classes, dtype=self.dtype, name="head")(x)
