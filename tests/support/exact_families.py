"""One tiny model of every family the exact loss covers, for its tests and the equality matrix."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import lax

from compute.exact.losses import Loss, cross_entropy

SMOOTHING = 6554 / 2**16
EXAMPLES, LENGTH, WIDTH, CLASSES = 6, 8, 16, 5


class Family(NamedTuple):
    """`logits(params, inputs)` on batches; everything as `compute.exact.evaluate` takes it."""

    logits: Callable[[Any, Any], jax.Array]
    params: Any
    inputs: Any
    targets: np.ndarray
    loss: str | Loss = "cross_entropy"


def _rng() -> np.random.Generator:
    return np.random.default_rng(7)


def _images(side: int = 8, channels: int = 2) -> np.ndarray:
    return _rng().standard_normal((EXAMPLES, side, side, channels)).astype(np.float32)


def _rows(width: int = 12) -> np.ndarray:
    return _rng().standard_normal((EXAMPLES, width)).astype(np.float32)


def _tokens() -> np.ndarray:
    return _rng().integers(0, CLASSES, (EXAMPLES, LENGTH + 1)).astype(np.int32)


def _labels() -> np.ndarray:
    return _rng().integers(0, CLASSES, EXAMPLES).astype(np.int32)


class Model(nn.Module):
    """A Flax module from a function of the module's input."""

    body: Callable[[Any], jax.Array]

    @nn.compact
    def __call__(self, x: Any) -> jax.Array:
        return self.body(x)


def _parameters(shapes: Any) -> Any:
    """Parameters from NumPy: JAX's own initialisers differ in their last bits between machines."""
    r = np.random.default_rng(3)

    def draw(path: Any, x: Any) -> np.ndarray:
        name = jax.tree_util.keystr(path)
        noise = r.standard_normal(x.shape)
        if "scale" in name or "var" in name:
            return (1 + 0.1 * np.abs(noise)).astype(np.float32)
        return (noise / np.sqrt(np.prod(x.shape[:-1]))).astype(np.float32)

    return jax.tree_util.tree_map_with_path(draw, shapes)


def _classifier(body: Callable[[Any], jax.Array], inputs: Any) -> Family:
    model = Model(body)
    shapes = jax.eval_shape(model.init, jax.random.key(1), inputs)
    return Family(model.apply, _parameters(shapes), inputs, _labels())


def _sequence(body: Callable[[Any], jax.Array]) -> Family:
    tokens = _tokens()
    family = _classifier(body, tokens[:, :-1])
    return family._replace(targets=tokens[:, 1:])


def mlp() -> Family:
    return _classifier(lambda x: nn.Dense(CLASSES)(nn.tanh(nn.Dense(9)(x))), _rows())


def cnn() -> Family:
    def body(x: jax.Array) -> jax.Array:
        x = nn.relu(nn.Conv(4, (3, 3), strides=2)(x))
        x = nn.relu(nn.Conv(4, (3, 3), kernel_dilation=2)(x))
        x = nn.relu(nn.Conv(8, (3, 3), feature_group_count=2)(x))
        x = nn.relu(nn.Conv(8, (2, 2), feature_group_count=8)(x))
        x = nn.max_pool(nn.ConvTranspose(4, (3, 3), strides=(2, 2))(x), (2, 2), (2, 2))
        x = nn.avg_pool(x, (2, 2), (1, 1))
        return nn.Dense(CLASSES)(x.reshape(x.shape[0], -1))

    return _classifier(body, _images())


def resnet() -> Family:
    def body(x: jax.Array) -> jax.Array:
        x = nn.Conv(4, (3, 3))(x)
        y = nn.relu(nn.BatchNorm(use_running_average=True)(x))
        y = nn.Conv(4, (3, 3), use_bias=False)(y)
        x = nn.relu(x + nn.GroupNorm(2)(y))
        return nn.Dense(CLASSES)(x.mean(axis=(1, 2)))

    return _classifier(body, _images())


def _attend(
    y: jax.Array,
    groups: int = 2,
    bias: Callable[[int], jax.Array] | None = None,
    rotary: bool = False,
) -> jax.Array:
    """Causal attention with 2 heads of 8 and `groups` key heads."""
    length = y.shape[1]
    q = nn.DenseGeneral((2, 8), use_bias=False)(y)
    k = nn.DenseGeneral((groups, 8), use_bias=False)(y)
    v = nn.DenseGeneral((groups, 8), use_bias=False)(y)
    if rotary:
        q, k = _rotate(q), _rotate(k)
    k, v = (jnp.repeat(x, 2 // groups, axis=2) for x in (k, v))
    scores = jnp.einsum("bqhd,bkhd->bhqk", q, k) / jnp.sqrt(8.0)
    if bias is not None:
        scores = scores + bias(length)
    mask = jnp.tril(jnp.ones((length, length), bool))
    scores = jnp.where(mask, scores, jnp.finfo(jnp.float32).min)
    mixed = jnp.einsum("bhqk,bkhd->bqhd", nn.softmax(scores), v)
    return nn.DenseGeneral(WIDTH, axis=(-2, -1))(mixed)


def _rotate(x: jax.Array) -> jax.Array:
    half = x.shape[-1] // 2
    angle = jnp.arange(x.shape[1])[:, None] * 100.0 ** (-jnp.arange(half) / half)
    sin, cos = jnp.sin(angle)[:, None], jnp.cos(angle)[:, None]
    a, b = x[..., :half], x[..., half:]
    return jnp.concatenate([a * cos - b * sin, a * sin + b * cos], -1)


def gpt() -> Family:
    def body(t: jax.Array) -> jax.Array:
        embed = nn.Embed(CLASSES, WIDTH)
        x = embed(t) + nn.Embed(LENGTH, WIDTH)(jnp.arange(LENGTH))
        y = nn.LayerNorm()(x)
        x = x + nn.MultiHeadDotProductAttention(2)(y, y, mask=nn.make_causal_mask(t))
        x = x + nn.Dense(WIDTH)(nn.gelu(nn.Dense(2 * WIDTH)(nn.LayerNorm()(x))))
        return embed.attend(nn.LayerNorm()(x))

    return _sequence(body)


def llama() -> Family:
    def body(t: jax.Array) -> jax.Array:
        x = nn.Embed(CLASSES, WIDTH)(t)
        x = x + _attend(nn.RMSNorm()(x), groups=1, rotary=True)
        y = nn.RMSNorm()(x)
        x = x + nn.Dense(WIDTH)(nn.silu(nn.Dense(24)(y)) * nn.Dense(24)(y))
        return nn.Dense(CLASSES)(nn.RMSNorm()(x))

    return _sequence(body)


def alibi_sliding_window() -> Family:
    def bias(length: int) -> jax.Array:
        distance = jnp.arange(length)[:, None] - jnp.arange(length)
        slopes = jnp.array([0.5, 0.25])[:, None, None]
        return jnp.where(distance > 3, -jnp.inf, -slopes * distance)

    def body(t: jax.Array) -> jax.Array:
        x = nn.Embed(CLASSES, WIDTH)(t)
        return nn.Dense(CLASSES)(x + _attend(nn.LayerNorm()(x), bias=bias))

    return _sequence(body)


def encoder() -> Family:
    """Padding mask, exact GELU, mean over the tokens that count."""
    tokens = _tokens()

    def body(t: jax.Array) -> jax.Array:
        real = t > 0
        x = nn.Embed(CLASSES, WIDTH)(t)
        x = nn.LayerNorm()(x + nn.MultiHeadDotProductAttention(2)(x, x, mask=real[:, None, None]))
        x = nn.gelu(nn.Dense(WIDTH)(x), approximate=False) * real[..., None]
        return nn.Dense(CLASSES)(x.sum(1) / jnp.maximum(real.sum(1, keepdims=True), 1))

    return _classifier(body, tokens)


def vit() -> Family:
    def body(x: jax.Array) -> jax.Array:
        x = nn.Conv(WIDTH, (4, 4), strides=4)(x).reshape(x.shape[0], -1, WIDTH)
        y = nn.LayerNorm()(x)
        x = x + nn.MultiHeadDotProductAttention(2)(y, y)
        return nn.Dense(CLASSES)(nn.gelu(nn.Dense(WIDTH)(x)).mean(1))

    return _classifier(body, _images())


def mixer() -> Family:
    def body(x: jax.Array) -> jax.Array:
        x = nn.Conv(WIDTH, (4, 4), strides=4)(x).reshape(x.shape[0], -1, WIDTH)
        y = jnp.swapaxes(nn.LayerNorm()(x), 1, 2)
        x = x + jnp.swapaxes(nn.Dense(4)(nn.gelu(nn.Dense(8)(y))), 1, 2)
        return nn.Dense(CLASSES)(x.mean(1))

    return _classifier(body, _images())


def lstm() -> Family:
    def body(t: jax.Array) -> jax.Array:
        x = nn.Embed(CLASSES, 8)(t)
        return nn.Dense(CLASSES)(nn.RNN(nn.OptimizedLSTMCell(8, param_dtype=x.dtype))(x))

    return _sequence(body)


def gru() -> Family:
    def body(t: jax.Array) -> jax.Array:
        x = nn.Embed(CLASSES, 8)(t)
        return nn.Dense(CLASSES)(nn.RNN(nn.GRUCell(8, param_dtype=x.dtype))(x)[:, -1])

    return _classifier(body, _tokens())


def experts() -> Family:
    """top_k, sort, gather, scatter-add, cumsum, softplus."""

    def body(x: jax.Array) -> jax.Array:
        weights, chosen = lax.top_k(nn.softmax(nn.Dense(3)(x)), 2)
        all_experts = nn.softplus(nn.DenseGeneral((3, 4))(x))
        picked = jnp.take_along_axis(all_experts, chosen[..., None], axis=1)
        h = (picked * weights[..., None]).sum(1)
        h = jnp.concatenate([jnp.sort(h, -1), jnp.cumsum(h, -1)], -1)
        return nn.Dense(CLASSES)(jnp.zeros_like(h).at[:, ::2].add(h[:, 1::2]) + h)

    return _classifier(body, _rows())


def control_flow() -> Family:
    """while, cond, fori, sin, exp2, log1p, power."""
    w = _rng().standard_normal((12, CLASSES)).astype(np.float32)

    def logits(params: Any, x: jax.Array) -> jax.Array:
        def one(v: jax.Array) -> jax.Array:
            v = lax.while_loop(lambda s: jnp.sum(s * s) > 1.0, lambda s: s * 0.7, v)
            v = lax.cond(v[0] > 0, jnp.sin, lambda s: jnp.log1p(jnp.abs(s)), v)
            v = lax.fori_loop(0, 3, lambda _, s: s + 0.1 * jnp.exp2(-s), v)
            return (jnp.abs(v) ** 1.5) @ params

        return jax.vmap(one)(x)

    return Family(logits, w, _rows(), _labels())


def tabular() -> Family:
    """Numbers, categories and flags side by side."""
    r = _rng()
    inputs = {
        "number": _rows(4),
        "category": r.integers(0, 3, (EXAMPLES, 2)).astype(np.int32),
        "flag": r.integers(0, 2, (EXAMPLES, 3)).astype(bool),
    }

    def body(x: Any) -> jax.Array:
        categories = nn.Embed(3, 4)(x["category"]).reshape(len(x["category"]), -1)
        x = jnp.concatenate([x["number"], categories, x["flag"].astype(jnp.float32)], -1)
        return nn.Dense(CLASSES)(nn.elu(nn.Dense(8)(x)))

    return _classifier(body, inputs)


def nnx_block() -> Family:
    class Block(nnx.Module):
        def __init__(self, rngs: nnx.Rngs) -> None:
            self.embed = nnx.Embed(CLASSES, WIDTH, rngs=rngs)
            self.norm = nnx.LayerNorm(WIDTH, rngs=rngs)
            self.attention = nnx.MultiHeadAttention(2, WIDTH, rngs=rngs, decode=False)
            self.head = nnx.Linear(WIDTH, CLASSES, rngs=rngs)

        def __call__(self, t: jax.Array) -> jax.Array:
            x = self.embed(t)
            mask = nnx.make_causal_mask(jnp.ones(t.shape))
            return self.head(x + self.attention(self.norm(x), mask=mask))

    graph, shapes = nnx.split(Block(nnx.Rngs(0)))
    params = _parameters(shapes)
    tokens = _tokens()
    return Family(lambda p, t: nnx.merge(graph, p)(t), params, tokens[:, :-1], tokens[:, 1:])


def regression() -> Family:
    family = mlp()
    targets = _rng().standard_normal((EXAMPLES, CLASSES)).astype(np.float32)
    return family._replace(targets=targets, loss="squared_error")


def smoothed() -> Family:
    """Label smoothing, and every third position ignored."""
    family = gpt()
    targets = family.targets.copy()
    targets[:, ::3] = -1
    smooth = functools.partial(cross_entropy, smoothing=SMOOTHING)
    return family._replace(targets=targets, loss=smooth)


def multilabel() -> Family:
    targets = _rng().integers(0, 2, (EXAMPLES, CLASSES)).astype(np.int32)
    return mlp()._replace(targets=targets, loss="binary_cross_entropy")


FAMILIES: dict[str, Callable[[], Family]] = {
    f.__name__: f
    for f in (
        mlp, cnn, resnet, gpt, llama, alibi_sliding_window, encoder, vit, mixer, lstm, gru,
        experts, control_flow, tabular, nnx_block, regression, smoothed, multilabel,
    )
}  # fmt: skip
