"""The pre-activation residual network. Parameters float32."""

from collections.abc import Mapping

import flax.linen as nn
import jax


class Block(nn.Module):
    """x [B, H, W, C] -> [B, H / stride, W / stride, C']: norm, ReLU, convolution; repeated."""

    inner: int
    after: int
    stride: int
    bottleneck: bool
    groups: int
    dtype: str

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        def activate(x: jax.Array, number: int) -> jax.Array:
            norm = nn.GroupNorm(self.groups, dtype=self.dtype, name=f"norm{number}")
            return nn.relu(norm(x))

        def convolve(x: jax.Array, name: str, width: int, size: int, stride: int = 1) -> jax.Array:
            return nn.Conv(
                width, (size, size), stride, use_bias=False, dtype=self.dtype, name=name
            )(x)

        y = activate(x, 0)
        if self.stride > 1 or x.shape[-1] != self.after:
            x = convolve(y, "shortcut", self.after, 1, self.stride)
        if self.bottleneck:
            y = activate(convolve(y, "conv0", self.inner, 1), 1)
            y = activate(convolve(y, "conv1", self.inner, 3, self.stride), 2)
            return x + convolve(y, "conv2", self.after, 1)
        y = activate(convolve(y, "conv0", self.inner, 3, self.stride), 1)
        return x + convolve(y, "conv1", self.after, 3)


class Residual(nn.Module):
    """{column: image [B, H, W] or [B, H, W, C]} -> outputs [B, classes]."""

    classes: int
    blocks: tuple[int, ...]
    width: int
    bottleneck: bool
    groups: int
    stem: str
    dtype: str
    remat: bool

    @nn.compact
    def __call__(self, inputs: Mapping[str, jax.Array]) -> jax.Array:
        (image,) = inputs.values()
        dtype = self.dtype
        x = image[..., None] if image.ndim == 3 else image
        small = self.stem == "3x3"
        size, stride = (3, 1) if small else (7, 2)
        x = nn.Conv(self.width, (size, size), stride, use_bias=False, dtype=dtype, name="stem")(x)
        x = x if small else nn.max_pool(x, (3, 3), (2, 2), "SAME")
        block = nn.remat(Block) if self.remat else Block
        for stage, count in enumerate(self.blocks):
            inner = self.width << stage
            after = inner * 4 if self.bottleneck else inner
            for number in range(count):
                stride = 2 if stage > 0 and number == 0 else 1
                x = block(
                    inner, after, stride, self.bottleneck, self.groups, dtype,
                    name=f"stage{stage}_block{number}",
                )(x)  # fmt: skip
        x = nn.relu(nn.GroupNorm(self.groups, dtype=dtype, name="norm")(x)).mean(axis=(1, 2))
        return nn.Dense(self.classes, dtype=dtype, name="head")(x)
