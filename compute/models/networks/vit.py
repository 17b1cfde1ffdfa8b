"""The Vision Transformer, scanned over its layers. Parameters float32."""

from collections.abc import Mapping

import flax.linen as nn
import jax

from compute.models.networks.attention import Attention


class Block(nn.Module):
    """One layer, in the form that `nn.scan` takes: (x [B, N, D], nothing) -> (x, nothing)."""

    heads: int
    hidden: int
    dtype: str

    @nn.compact
    def __call__(self, x: jax.Array, _: None) -> tuple[jax.Array, None]:
        attention = Attention(
            self.heads, self.heads, x.shape[-1] // self.heads, self.dtype, use_bias=True,
            name="attention",
        )  # fmt: skip
        x = x + attention(nn.LayerNorm(dtype=self.dtype, name="attention_norm")(x))
        y = nn.LayerNorm(dtype=self.dtype, name="mlp_norm")(x)
        y = nn.gelu(nn.Dense(self.hidden, dtype=self.dtype, name="up")(y))
        return x + nn.Dense(x.shape[-1], dtype=self.dtype, name="down")(y), None


class Encoder(nn.Module):
    """{column: image [B, H, W] or [B, H, W, C]} -> outputs [B, classes]."""

    classes: int
    patch: int
    width: int
    layers: int
    heads: int
    hidden: int
    dtype: str
    remat: bool

    @nn.compact
    def __call__(self, inputs: Mapping[str, jax.Array]) -> jax.Array:
        (image,) = inputs.values()
        patch = (self.patch, self.patch)
        x = image[..., None] if image.ndim == 3 else image
        x = nn.Conv(self.width, patch, patch, padding="VALID", dtype=self.dtype, name="patches")(x)
        x = x.reshape(x.shape[0], -1, self.width)
        x = x + self.param("position", nn.initializers.zeros, x.shape[1:]).astype(x.dtype)
        block = nn.remat(Block, prevent_cse=False) if self.remat else Block
        layers = nn.scan(
            block, variable_axes={"params": 0}, split_rngs={"params": True}, length=self.layers
        )
        x, _ = layers(self.heads, self.hidden, self.dtype, name="layers")(x, None)
        x = nn.LayerNorm(dtype=self.dtype, name="norm")(x).mean(axis=1)
        return nn.Dense(self.classes, dtype=self.dtype, name="head")(x)
