"""The models that the exact loss is measured on: (logits function, float32 parameters, data)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np


class Case(NamedTuple):
    """`logits(params, inputs)` on batched inputs; targets are int32 labels."""

    logits: Callable[[Any, Any], jax.Array]
    params: Any
    inputs: np.ndarray
    targets: np.ndarray


class MLP(nn.Module):
    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = nn.relu(nn.Dense(128)(x))
        x = nn.tanh(nn.Dense(128)(x))
        return nn.Dense(10)(x)


class CNN(nn.Module):
    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = nn.max_pool(nn.relu(nn.Conv(16, (3, 3))(x)), (2, 2), (2, 2))
        x = nn.avg_pool(nn.silu(nn.Conv(32, (3, 3))(x)), (2, 2), (2, 2))
        return nn.Dense(10)(x.reshape(x.shape[0], -1))


class Block(nn.Module):
    heads: int

    @nn.compact
    def __call__(self, x: jax.Array, mask: jax.Array) -> jax.Array:
        y = nn.LayerNorm()(x)
        x = x + nn.MultiHeadDotProductAttention(num_heads=self.heads)(y, y, mask=mask)
        y = nn.LayerNorm()(x)
        return x + nn.Dense(x.shape[-1])(nn.gelu(nn.Dense(4 * x.shape[-1])(y)))


class LM(nn.Module):
    width: int
    vocabulary: int = 1024
    layers: int = 4

    @nn.compact
    def __call__(self, tokens: jax.Array) -> jax.Array:
        embed = nn.Embed(self.vocabulary, self.width)
        length = tokens.shape[-1]
        x = embed(tokens) + nn.Embed(length, self.width)(jnp.arange(length))
        mask = nn.make_causal_mask(tokens)
        for _ in range(self.layers):
            x = Block(max(2, self.width // 64))(x, mask)
        return embed.attend(nn.LayerNorm()(x))


def mlp(examples: int = 256) -> Case:
    r = np.random.default_rng(0)
    return _case(MLP(), r.random((examples, 64), np.float32), r.integers(0, 10, examples))


def cnn(examples: int = 64) -> Case:
    r = np.random.default_rng(0)
    return _case(CNN(), r.random((examples, 28, 28, 1), np.float32), r.integers(0, 10, examples))


def lm(width: int, length: int, examples: int = 4, layers: int = 4) -> Case:
    r = np.random.default_rng(0)
    tokens = r.integers(0, 1024, (examples, length + 1))
    return _case(LM(width, layers=layers), tokens[:, :-1].astype(np.int32), tokens[:, 1:])


def _case(model: nn.Module, inputs: np.ndarray, targets: np.ndarray) -> Case:
    params = jax.jit(model.init)(jax.random.key(0), inputs[:1])
    params = jax.tree.map(lambda x: np.asarray(x, np.float32), params)

    def apply(variables: Any, batch: Any) -> jax.Array:
        return jnp.asarray(model.apply(variables, batch))

    return Case(apply, params, inputs, targets.astype(np.int32))
