"""Flax modules; their parameters are arguments like their inputs."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from library.table import COUNTS, IMAGE, call, normal

ROWS = normal(2, 6, 8)


def _module(name: str, module: Any, x: np.ndarray, **options: Any) -> None:
    """Parameters are drawn with NumPy, whatever Flax would start with."""
    shapes = jax.eval_shape(lambda: module.init(jax.random.key(0), jnp.asarray(x), **options))
    leaves, tree = jax.tree.flatten(shapes)
    weights = [np.abs(normal(*leaf.shape)) / 2 for leaf in leaves]

    def apply(x: Any, *weights: Any) -> Any:
        return module.apply(jax.tree.unflatten(tree, weights), x, **options)

    call(f"linen {name}", apply, x, *weights, tolerance=1e-4)


class _Tied(nn.Module):
    @nn.compact
    def __call__(self, tokens: Any) -> Any:
        table = nn.Embed(8, 4)
        return table.attend(table(tokens))


class _Layers(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        class Layer(nn.Module):
            @nn.compact
            def __call__(self, x: Any, _: Any) -> Any:
                return x + nn.Dense(8)(nn.LayerNorm()(x)), None

        axes: dict[str, Any] = {"variable_axes": {"params": 0}, "split_rngs": {"params": True}}
        return nn.scan(nn.remat(Layer), length=3, **axes)()(x, None)[0]


for _name, _of_rows in {
    "DenseGeneral": nn.DenseGeneral((2, 3), axis=(-2, -1)),
    "Einsum": nn.Einsum((8, 3), "...x,xy->...y"),
    "LayerNorm": nn.LayerNorm(),
    "RMSNorm": nn.RMSNorm(),
    "GroupNorm": nn.GroupNorm(2),
    "InstanceNorm": nn.InstanceNorm(),
    "BatchNorm": nn.BatchNorm(use_running_average=True),
    "PReLU": nn.PReLU(),
    "WeightNorm": nn.WeightNorm(nn.Dense(4)),
    "MultiHeadDotProductAttention": nn.MultiHeadDotProductAttention(
        2, dropout_rate=0.1, deterministic=True
    ),
    "MultiHeadAttention": nn.MultiHeadAttention(2, normalize_qk=True),
    "Conv causal": nn.Conv(4, (3,), padding="CAUSAL"),
    "Conv circular": nn.Conv(4, (3,), padding="CIRCULAR"),
    "ConvLocal": nn.ConvLocal(4, (3,)),
    "ConvTranspose": nn.ConvTranspose(4, (3,), strides=(2,)),
    "OptimizedLSTMCell": nn.RNN(nn.OptimizedLSTMCell(5)),
    "GRUCell": nn.RNN(nn.GRUCell(3), reverse=True, keep_order=True),
    "SimpleCell": nn.RNN(nn.SimpleCell(5, residual=True)),
    "MGUCell": nn.RNN(nn.MGUCell(5), unroll=2),
    "Bidirectional": nn.Bidirectional(nn.RNN(nn.GRUCell(3)), nn.RNN(nn.LSTMCell(3))),
    "scan and remat": _Layers(),
}.items():
    _module(_name, _of_rows, ROWS)
_module("SpectralNorm", nn.SpectralNorm(nn.Dense(4)), ROWS, update_stats=False)
_module("RNN of lengths", nn.RNN(nn.LSTMCell(4)), ROWS, seq_lengths=jnp.array([3, 6]))
_module("Embed.attend", _Tied(), COUNTS)
for _name, _of_images in {
    "Conv grouped": nn.Conv(8, (3, 3), feature_group_count=2),
    "Conv dilated": nn.Conv(4, (3, 3), strides=2, kernel_dilation=2),
    "ConvTranspose of images": nn.ConvTranspose(3, (3, 3), strides=(2, 2), transpose_kernel=True),
    "GroupNorm of images": nn.GroupNorm(None, group_size=2),
}.items():
    _module(_name, _of_images, IMAGE)
_module("ConvLSTMCell", nn.RNN(nn.ConvLSTMCell(3, (3, 3))), normal(1, 3, 4, 4, 2))
call(
    "linen avg_pool",
    lambda x: nn.avg_pool(x, (3, 3), (2, 2), "SAME", count_include_pad=False),
    IMAGE,
)
call(
    "linen pool of products", lambda x: nn.pool(x, 1.0, jax.lax.mul, (2, 2), (1, 1), "VALID"), IMAGE
)
