"""One parameter of a network: its shape, how it is split over devices, how it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

# "layers": one entry per layer of a scanned stack. "vocab": tokens. "embed": the width of the
# residual stream, or of what comes into a layer. "mlp": the width inside a layer. "heads" and
# "kv_heads": attention heads. None: never split.
AXES = ("layers", "vocab", "embed", "mlp", "heads", "kv_heads")

Axes = tuple[str | None, ...]
Start = Fraction | int


@dataclass(frozen=True)
class Parameter:
    """A float32 tensor: `axes` names the logical axis of each dimension.

    `start` is an integer that every element has at first, or the Fraction that is the variance of
    a uniform distribution around 0.
    """

    shape: tuple[int, ...]
    axes: Axes
    start: Start

    def stacked(self, layers: int) -> Parameter:
        """The same parameter of `layers` layers, scanned over."""
        return Parameter((layers, *self.shape), ("layers", *self.axes), self.start)


Parameters = dict[str, Parameter]


def kernel(shape: tuple[int, ...], axes: Axes, fan_in: int, gain: int | Fraction = 1) -> Parameter:
    """Weights whose outputs have `gain` times the variance of their inputs."""
    return Parameter(shape, axes, Fraction(gain) / fan_in)


def bias(shape: tuple[int, ...], axes: Axes) -> Parameter:
    """Zeros."""
    return Parameter(shape, axes, 0)


def scale(size: int) -> Parameter:
    """The ones of a normalisation over the width of the residual stream."""
    return Parameter((size,), (None,), 1)


def norm(name: str, width: int) -> Parameters:
    """A normalisation that scales and shifts each of `width` channels."""
    return {f"{name}/scale": scale(width), f"{name}/bias": bias((width,), (None,))}


def prefixed(name: str, parameters: Mapping[str, Parameter]) -> Parameters:
    """The parameters of a part, under its name in the tree."""
    return {f"{name}/{key}": parameter for key, parameter in parameters.items()}
