"""Arithmetic of a model and of a device: the two sides of MFU."""

import math
from collections.abc import Callable
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, Jaxpr

# Dense bfloat16 operations per second of one device, from the makers' data sheets (no sparsity).
# The name is a part of `device_kind`; the first that fits counts.
PEAK_BF16 = {
    "H200": 989e12,
    "H100 PCIe": 756e12,
    "H100": 989e12,
    "B200": 2250e12,
    "A100": 312e12,
    "L40S": 362e12,
    "L4": 121e12,
    "A10": 125e12,
    "V100": 125e12,
    "RTX 5090": 209.5e12,
    "RTX 4090": 165.2e12,
    "RTX 3090": 71e12,
    "TPU v6": 918e12,
    "TPU v5p": 459e12,
    "TPU v5": 197e12,
    "TPU v4": 275e12,
}


def peak_flops(device: jax.Device) -> float | None:
    """bfloat16 operations per second that one such device can do at best; None if not known."""
    return next((peak for name, peak in PEAK_BF16.items() if name in device.device_kind), None)


def matrix_flops(function: Callable[..., Any], *arguments: Any) -> int:
    """Multiplications and additions in the matrix products and convolutions of `function`.

    Counted from the program as it is traced, each turn of a scan; everything else is small beside
    them. (The compiler's own count takes the body of a loop once.)
    """
    return _of(jax.make_jaxpr(function)(*arguments).jaxpr)


def _of(jaxpr: Jaxpr) -> int:
    total = 0
    for equation in jaxpr.eqns:
        parameters = equation.params
        if equation.primitive.name == "dot_general":
            (contracted, _), _ = parameters["dimension_numbers"]
            left = _shape(equation.invars[0])
            depth = math.prod(left[axis] for axis in contracted)
            total += 2 * depth * math.prod(_shape(equation.outvars[0]))
        elif equation.primitive.name == "conv_general_dilated":
            numbers, kernel = parameters["dimension_numbers"], _shape(equation.invars[1])
            depth = math.prod(kernel) // kernel[numbers.rhs_spec[0]]
            total += 2 * depth * math.prod(_shape(equation.outvars[0]))
        else:
            turns = parameters.get("length", 1) if equation.primitive.name == "scan" else 1
            total += turns * sum(_of(inner) for inner in _inside(parameters))
    return total


def _inside(parameters: dict[str, Any]) -> list[Jaxpr]:
    """The programs that an operation calls."""
    found = []
    for value in parameters.values():
        for item in value if isinstance(value, list | tuple) else (value,):
            if isinstance(item, ClosedJaxpr):
                found.append(item.jaxpr)
            elif isinstance(item, Jaxpr):
                found.append(item)
    return found


def _shape(variable: Any) -> tuple[int, ...]:
    shape: tuple[int, ...] = variable.aval.shape
    return shape
