"""Models that a stranger would bring: every block is written as its paper's readers write it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tests.support.exact_families import (
    CLASSES,
    WIDTH,
    Family,
    _classifier,
    _images,
    _labels,
    _rows,
    _sequence,
    _tokens,
)


def unet() -> Family:
    """Down, up by nearest and bilinear resizing, skips by concatenation; a label for each pixel."""

    def body(x: jax.Array) -> jax.Array:
        top = nn.swish(nn.GroupNorm(2)(nn.Conv(4, (3, 3))(x)))
        low = nn.swish(nn.Conv(8, (3, 3), strides=2)(top))
        low = nn.swish(nn.InstanceNorm()(nn.Conv(8, (3, 3))(low)))
        up = jax.image.resize(low, (*top.shape[:3], 8), "nearest")
        smooth = jax.image.resize(low, (*top.shape[:3], 8), "bilinear")
        x = jnp.concatenate([top, up, smooth], -1)
        return nn.Conv(CLASSES, (1, 1))(nn.leaky_relu(nn.Conv(8, (3, 3))(x)))

    family = _classifier(body, _images())
    labels = np.random.default_rng(1).integers(-1, CLASSES, (len(family.targets), 8, 8))
    return family._replace(targets=labels.astype(np.int32))


def squeeze_excite() -> Family:
    """Inverted bottleneck with hard swish, squeeze and excitation, weight standardisation."""

    def body(x: jax.Array) -> jax.Array:
        x = nn.hard_swish(nn.Conv(8, (1, 1))(x))
        x = nn.hard_swish(nn.Conv(8, (3, 3), feature_group_count=8)(x))
        scale = nn.hard_sigmoid(nn.Dense(8)(nn.relu6(nn.Dense(2)(x.mean((1, 2), keepdims=True)))))
        x = nn.WeightNorm(nn.Conv(4, (1, 1)))(x * scale)
        x = nn.max_pool(x, (3, 3), (2, 2), "SAME")
        return nn.Dense(CLASSES)(x.mean((1, 2)))

    return _classifier(body, _images())


def convnext() -> Family:
    """Patchify stem, depthwise 7 x 7, LayerNorm, exact GELU, layer scale; pooled over space."""

    def body(x: jax.Array) -> jax.Array:
        x = nn.LayerNorm(epsilon=1e-6)(nn.Conv(8, (2, 2), strides=2)(x))
        y = nn.LayerNorm(epsilon=1e-6)(nn.Conv(8, (7, 7), feature_group_count=8)(x))
        y = nn.Dense(8)(nn.gelu(nn.Dense(16)(y), approximate=False))
        x = x + 0.1 * y
        return nn.Dense(CLASSES)(nn.LayerNorm()(x.mean((-3, -2))))

    return _classifier(body, _images())


def perceiver() -> Family:
    """Learned queries attend to the input twice; normalised queries and keys, softcapped scores."""

    def attend(queries: jax.Array, x: jax.Array) -> jax.Array:
        q, k, v = nn.Dense(8)(queries), nn.Dense(8)(x), nn.Dense(WIDTH)(x)
        q = q / jnp.linalg.norm(q, axis=-1, keepdims=True)
        k = k * lax.rsqrt(jnp.sum(jnp.square(k), -1, keepdims=True) + 1e-6)
        scores = 5.0 * jnp.tanh(jnp.einsum("...qd,...kd->...qk", q, k) / 5.0)
        return jnp.einsum("...qk,...kd->...qd", nn.softmax(scores, axis=-1), v)

    def body(x: jax.Array) -> jax.Array:
        x = x.reshape(x.shape[0], -1, x.shape[-1])
        latents = nn.Embed(4, WIDTH)(jnp.arange(4)[None].repeat(x.shape[0], 0))
        for _ in range(2):
            latents = latents + attend(nn.LayerNorm()(latents), x)
            latents = latents + nn.Dense(WIDTH)(jax.nn.mish(nn.Dense(8)(latents)))
        return nn.Dense(CLASSES)(latents.reshape(x.shape[0], -1))

    return _classifier(body, _images())


def wavenet() -> Family:
    """Causal dilated convolutions with gated activations and skips."""

    def body(t: jax.Array) -> jax.Array:
        x, skips = nn.Embed(CLASSES, 8)(t), 0.0
        for dilation in (1, 2, 4):
            gate = nn.Conv(16, (2,), kernel_dilation=dilation, padding="CAUSAL")(x)
            y = jnp.tanh(gate[..., :8]) * nn.sigmoid(gate[..., 8:])
            skips, x = skips + nn.Dense(8)(y), x + nn.Dense(8)(y)
        return nn.Dense(CLASSES)(nn.relu(skips))

    return _sequence(body)


def switch() -> Family:
    """A mixture with top-2 routing, a capacity, dispatch by one-hot einsum; what overflows is
    passed by."""

    def body(t: jax.Array) -> jax.Array:
        x = nn.Embed(CLASSES, 8)(t)
        router = nn.softmax(nn.Dense(3)(x))
        gates, experts = lax.top_k(router, 2)
        gates = gates / gates.sum(-1, keepdims=True)
        chosen = jax.nn.one_hot(experts, 3)  # [B, T, 2, E]
        order = jnp.cumsum(chosen.reshape(*chosen.shape[:1], -1, 3), axis=1).reshape(chosen.shape)
        place = jnp.where((order <= 4) & (chosen > 0), order - 1, -1).astype(jnp.int32)
        dispatch = (jax.nn.one_hot(place, 4) * gates[..., None, None]).sum(2)  # [B, T, E, C]
        inputs = jnp.einsum("btec,btd->becd", (dispatch > 0).astype(x.dtype), x)
        hidden = nn.gelu(nn.DenseGeneral(12)(inputs))
        x = x + jnp.einsum("btec,becd->btd", dispatch, nn.DenseGeneral(8)(hidden))
        return nn.Dense(CLASSES)(x)

    return _sequence(body)


def gated_units() -> Family:
    """GLU, GEGLU, ReGLU, squared ReLU, SELU, CELU, softsign, PReLU, cumprod side by side."""

    def body(x: jax.Array) -> jax.Array:
        a, b = nn.Dense(8)(x), nn.Dense(8)(x)
        parts = [
            nn.glu(nn.Dense(8)(x)), nn.gelu(a) * b, nn.relu(a) * b, jnp.square(nn.relu(a)),
            nn.selu(b), nn.celu(a), nn.soft_sign(b), nn.log_sigmoid(a), nn.PReLU()(b),
            nn.standardize(a), jnp.cumprod(1 - 0.1 * b, axis=-1),
        ]  # fmt: skip
        return nn.Dense(CLASSES)(jnp.concatenate(parts, -1))

    return _classifier(body, _rows())


def mamba() -> Family:
    """A selective state space by `associative_scan`, with a causal convolution before it."""

    def body(t: jax.Array) -> jax.Array:
        x = nn.Embed(CLASSES, 8)(t)
        x = nn.silu(nn.Conv(8, (3,), feature_group_count=8, padding="CAUSAL")(x))
        step = nn.softplus(nn.Dense(8)(x))
        decay = jnp.exp(-step)

        def join(a: Any, b: Any) -> Any:
            return a[0] * b[0], b[0] * a[1] + b[1]

        _, state = lax.associative_scan(join, (decay, step * x), axis=1)
        return nn.Dense(CLASSES)(nn.RMSNorm()(state * nn.silu(nn.Dense(8)(x))))

    return _sequence(body)


def rwkv() -> Family:
    """Token shift, a decaying sum carried by `scan` with a running maximum, squared ReLU."""

    def body(t: jax.Array) -> jax.Array:
        x = nn.LayerNorm()(nn.Embed(CLASSES, 8)(t))
        mixed = 0.5 * (x + jnp.pad(x, ((0, 0), (1, 0), (0, 0)))[:, :-1])
        k, v, r = nn.Dense(8)(mixed), nn.Dense(8)(mixed), nn.sigmoid(nn.Dense(8)(mixed))

        def step(carry: Any, kv: Any) -> Any:
            top, bottom, largest = carry
            key, value = kv
            new = jnp.maximum(largest - 0.5, key)
            old, now = jnp.exp(largest - 0.5 - new), jnp.exp(key - new)
            top, bottom = old * top + now * value, old * bottom + now
            return (top, bottom, new), top / bottom

        zeros = jnp.zeros((x.shape[0], 8))
        start = (zeros, zeros, zeros - 1e4)
        _, out = lax.scan(step, start, (k.swapaxes(0, 1), v.swapaxes(0, 1)))
        x = x + nn.Dense(8)(r * out.swapaxes(0, 1))
        return nn.Dense(CLASSES)(x + nn.Dense(8)(jnp.square(nn.relu(nn.Dense(16)(x)))))

    return _sequence(body)


def spatial_transformer() -> Family:
    """An affine grid from the image itself, sampled bilinearly by gathers."""

    def sample(image: jax.Array, at: jax.Array) -> jax.Array:
        low = jnp.floor(at)
        part = at - low
        low = low.astype(jnp.int32)
        total = 0.0
        for dy in (0, 1):
            for dx in (0, 1):
                y = jnp.clip(low[..., 0] + dy, 0, 7)
                x = jnp.clip(low[..., 1] + dx, 0, 7)
                weight = jnp.abs(1 - dy - part[..., 0]) * jnp.abs(1 - dx - part[..., 1])
                total = total + image[y, x] * weight[..., None]
        return total

    def body(x: jax.Array) -> jax.Array:
        theta = nn.Dense(6)(x.reshape(x.shape[0], -1)).reshape(-1, 2, 3)
        line = jnp.linspace(-1.0, 1.0, 8)
        grid = jnp.stack([*jnp.meshgrid(line, line, indexing="ij"), jnp.ones((8, 8))], -1)
        places = jnp.einsum("nij,hwj->nhwi", theta, grid) * 3.5 + 3.5
        x = jax.vmap(sample)(x, places)
        return nn.Dense(CLASSES)(nn.avg_pool(nn.Conv(4, (3, 3))(x), (2, 2), (2, 2)).sum((1, 2)))

    return _classifier(body, _images())


def capsules() -> Family:
    """Routing by agreement in a `while_loop`, until it settles or three rounds are over."""
    w = np.random.default_rng(5).standard_normal((12, CLASSES, 4)).astype(np.float32)

    def squash(s: jax.Array) -> jax.Array:
        n = jnp.sum(s * s, -1, keepdims=True)
        return n / (1 + n) * s * lax.rsqrt(n + 1e-7)

    def logits(params: Any, x: jax.Array) -> jax.Array:
        def one(v: jax.Array) -> jax.Array:
            votes = v[:, None, None] * params

            def round_(state: Any) -> Any:
                i, b, _ = state
                out = squash((jax.nn.softmax(b, 1)[..., None] * votes).sum(0))
                return i + 1, b + (votes * out).sum(-1), out

            start = (0, jnp.zeros((12, CLASSES)), jnp.zeros((CLASSES, 4)))
            _, _, out = lax.while_loop(lambda s: s[0] < 3, round_, start)
            return jnp.linalg.norm(out, axis=-1) * 4

        return jax.vmap(one)(x)

    return Family(logits, w, _rows(), _labels())


def linear_attention() -> Family:
    """Kernelised attention by cumulative sums, causal; einsum with four indices."""

    def body(t: jax.Array) -> jax.Array:
        x = nn.Embed(CLASSES, 8)(t)
        q, k = nn.elu(nn.Dense(6)(x)) + 1, nn.elu(nn.Dense(6)(x)) + 1
        v = nn.Dense(8)(x)
        kv = jnp.cumsum(jnp.einsum("btk,btv->btkv", k, v), axis=1)
        norm = jnp.einsum("btk,btk->bt", q, jnp.cumsum(k, axis=1))
        return nn.Dense(CLASSES)(jnp.einsum("btk,btkv->btv", q, kv) / norm[..., None])

    return _sequence(body)


def deep_sets() -> Family:
    """A set with missing members: segment sums, max, logsumexp, variance and median."""

    def body(t: jax.Array) -> jax.Array:
        x = nn.Embed(CLASSES, 8)(t)
        here = (t > 0)[..., None]
        sums = jax.vmap(lambda v, i: jax.ops.segment_sum(v, i % 2, 2))(x, t)
        parts = [
            sums.reshape(len(t), -1), jnp.max(x, 1, where=here, initial=-9.0),
            jax.nn.logsumexp(x, 1), x.var(1), jnp.median(x, 1),
            jnp.prod(1 + 0.1 * x, axis=1), (x[:, 1:] - x[:, :-1]).std(1),
        ]  # fmt: skip
        return nn.Dense(CLASSES)(jnp.concatenate(parts, -1))

    return _classifier(body, _tokens())


def graph_attention() -> Family:
    """A ring of nodes and its chords: softmax over each node's edges by segment max and sum."""
    nodes = jnp.arange(6)
    to = jnp.concatenate([nodes, nodes, nodes])
    of = jnp.concatenate([nodes, (nodes + 1) % 6, (nodes + 3) % 6])

    def attend(h: jax.Array, scores: jax.Array) -> jax.Array:
        weights = jnp.exp(scores - jax.ops.segment_max(scores, to, 6)[to])
        weights = weights / jax.ops.segment_sum(weights, to, 6)[to]
        lowest = jax.ops.segment_min(h[of], to, 6)
        return jax.ops.segment_sum(weights[:, None] * h[of], to, 6) - 0.1 * lowest

    def body(t: jax.Array) -> jax.Array:
        h = nn.Dense(8)(nn.Embed(CLASSES, 8)(t))
        scores = nn.leaky_relu(nn.Dense(1)(jnp.concatenate([h[:, to], h[:, of]], -1)), 0.2)[..., 0]
        return nn.Dense(CLASSES)(nn.elu(jax.vmap(attend)(h, scores)).mean(1))

    return _classifier(body, _tokens())


def periodic() -> Family:
    """Angles and phases: snake activation, polar coordinates, Kepler's sinh, remainders."""

    def body(x: jax.Array) -> jax.Array:
        x = nn.Dense(8)(x)
        x = x + jnp.sin(2 * x) ** 2 / 2
        a, b = jnp.split(x, 2, -1)
        parts = [
            jnp.arctan2(a, b), jnp.arctan(x), jnp.arcsin(0.9 * jnp.sin(a)), jnp.arcsinh(x),
            jnp.arccos(0.9 * jnp.sin(b)), jnp.arccosh(1.5 + a * a), jnp.arctanh(0.9 * jnp.sin(b)),
            jnp.cbrt(x), jnp.sinh(a / 2), jnp.cosh(b / 2), jnp.tan(jnp.tanh(a)), jnp.mod(x, 0.75),
        ]  # fmt: skip
        return nn.Dense(CLASSES)(jnp.concatenate(parts, -1))

    return _classifier(body, _rows())


STRANGERS: dict[str, Callable[[], Family]] = {
    f.__name__: f
    for f in (
        unet, squeeze_excite, convnext, perceiver, wavenet, switch, gated_units, mamba, rwkv,
        spatial_transformer, capsules, linear_attention, deep_sets, graph_attention, periodic,
    )
}  # fmt: skip
