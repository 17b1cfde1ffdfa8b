"""The multilayer perceptron."""

from collections.abc import Mapping

import flax.linen as nn
import jax
import jax.numpy as jnp


class Perceptron(nn.Module):
    """Inputs [B, ...] each, flattened and joined in their order -> outputs [B, classes]."""

    hidden: tuple[int, ...]
    classes: int
    dtype: str

    @nn.compact
    def __call__(self, inputs: Mapping[str, jax.Array]) -> jax.Array:
        x = jnp.concatenate([column.reshape(column.shape[0], -1) for column in inputs.values()], 1)
        for width in self.hidden:
            x = nn.relu(nn.Dense(width, dtype=self.dtype)(x))
        return nn.Dense(self.classes, dtype=self.dtype)(x)
