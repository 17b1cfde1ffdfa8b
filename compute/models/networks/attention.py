"""Multi-head attention with grouped queries and, for text, rotary positions."""

from typing import Literal

import flax.linen as nn
import jax
import jax.numpy as jnp


class Attention(nn.Module):
    """x [B, T, D] -> [B, T, D]; `kv_heads` keys and values serve `heads` queries.

    With a `rope_base` queries and keys are rotated by their positions (Su et al. 2021) and each
    position sees itself and the past; without, every position sees every other.
    """

    heads: int
    kv_heads: int
    head_width: int
    dtype: str
    rope_base: int | None = None
    use_bias: bool = False

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        def project(name: str, heads: int) -> jax.Array:
            features = (heads, self.head_width)
            return nn.DenseGeneral(features, use_bias=self.use_bias, dtype=self.dtype, name=name)(x)

        query, key = project("query", self.heads), project("key", self.kv_heads)
        value = project("value", self.kv_heads)
        if self.rope_base is not None:
            query, key = rotate(query, self.rope_base), rotate(key, self.rope_base)
        causal = self.rope_base is not None
        mixed = jax.nn.dot_product_attention(
            query, key, value, is_causal=causal, implementation=_implementation(query)
        )
        return nn.DenseGeneral(
            x.shape[-1], axis=(-2, -1), use_bias=self.use_bias, dtype=self.dtype, name="output"
        )(mixed)


def rotate(x: jax.Array, base: int, positions: jax.Array | None = None) -> jax.Array:
    """x [B, T, N, h]: dimension i of the first half turns with dimension i of the second, by the
    `positions` [T], which count from 0 without."""
    if positions is None:
        positions = jnp.arange(x.shape[1], dtype=jnp.float32)
    half = x.shape[-1] // 2
    speed = jnp.exp(-jnp.log(float(base)) / half * jnp.arange(half, dtype=jnp.float32))
    angle = positions[:, None, None] * speed
    cos, sin = jnp.cos(angle).astype(x.dtype), jnp.sin(angle).astype(x.dtype)
    a, b = x[..., :half], x[..., half:]
    return jnp.concatenate([a * cos - b * sin, a * sin + b * cos], -1)


def _implementation(query: jax.Array) -> Literal["xla", "cudnn"]:
    """cuDNN's flash attention where it exists: bfloat16 on NVIDIA GPUs from Ampere on."""
    if query.dtype != jnp.bfloat16 or jax.default_backend() != "gpu":
        return "xla"
    capability = getattr(jax.local_devices()[0], "compute_capability", "0")
    fits = query.shape[-1] % 8 == 0 and query.shape[-1] <= 128 and query.shape[1] % 2 == 0
    return "cudnn" if fits and float(capability) >= 8.0 else "xla"
