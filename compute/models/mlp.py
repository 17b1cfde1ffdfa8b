"""The multilayer perceptron: all inputs side by side, ReLU between dense layers, no softmax."""

from collections.abc import Mapping

import flax.linen as nn
import jax
import jax.numpy as jnp


class MLP(nn.Module):
    """`inputs` [B, ...] each, flattened and concatenated in order -> logits [B, classes]."""

    hidden: tuple[int, ...]
    classes: int

    @nn.compact
    def __call__(self, inputs: Mapping[str, jax.Array]) -> jax.Array:
        x = jnp.concatenate([column.reshape(column.shape[0], -1) for column in inputs.values()], 1)
        for width in self.hidden:
            x = nn.relu(nn.Dense(width)(x))
        return nn.Dense(self.classes)(x)
