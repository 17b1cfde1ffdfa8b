"""The losses of the exact evaluator in float32, for training: the same formulas, differentiable."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax

Loss = Callable[[jax.Array, jax.Array], jax.Array]


def cross_entropy(outputs: jax.Array, targets: jax.Array) -> jax.Array:
    """Logits [B, ..., classes], integers [B, ...] -> nats [B], an example's mean over positions.

    A target outside [0, classes) does not count; without one that counts the loss is 0.
    """
    counted = (targets >= 0) & (targets < outputs.shape[-1])
    terms = optax.softmax_cross_entropy_with_integer_labels(outputs, jnp.where(counted, targets, 0))
    return _mean(terms, counted)


def squared_error(outputs: jax.Array, targets: jax.Array) -> jax.Array:
    """Two float32 [B, ...] -> [B]: the mean of the squares of the differences."""
    return _mean((outputs - targets) ** 2, jnp.ones(outputs.shape, bool))


def binary_cross_entropy(outputs: jax.Array, targets: jax.Array) -> jax.Array:
    """Logits [B, ...], targets 0 or 1 of this shape -> nats [B]; other targets do not count."""
    terms = optax.sigmoid_binary_cross_entropy(outputs, (targets == 1).astype(outputs.dtype))
    return _mean(terms, (targets == 0) | (targets == 1))


def _mean(terms: jax.Array, counted: jax.Array) -> jax.Array:
    axes = tuple(range(1, terms.ndim))
    total = jnp.sum(jnp.where(counted, terms, 0), axes)
    return total / jnp.maximum(jnp.sum(counted, axes), 1)


FUNCTIONS: dict[str, Loss] = {
    "binary_cross_entropy": binary_cross_entropy,
    "cross_entropy": cross_entropy,
    "squared_error": squared_error,
}
