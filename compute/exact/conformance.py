"""Does this device compute the numbers of docs/exact.md?  A device that does not must not vote."""

from __future__ import annotations

import functools
import json
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxlib import xla_client

from compute.exact import convolution, losses, reduction
from compute.exact.carriers import CARRIERS, default_carrier
from compute.exact.contraction import dot
from compute.exact.rules import RULES
from compute.exact.values import Context, Value
from compute.exact.vectors import FILE

UNSAFE_FLAGS = ("xla_cpu_enable_fast_math", "xla_gpu_enable_fast_min_max")

Vectors = list[list[Any]]
# the indices of the vectors that differ
Check = Callable[[str, Vectors, str], list[int]]


@dataclass(frozen=True)
class Report:
    """How many vectors were run, on what, which of them differ (rule and index), and which flags
    of the process let the compiler break others that no vector shows."""

    device: str
    carrier: str
    vectors: int
    failures: tuple[str, ...]
    flags: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.failures and not self.flags


def unsafe_flags() -> tuple[str, ...]:
    """The flags that XLA runs with, wherever it read them, under which the compiler may take
    liberties with NaN and rounding; between the rules saturation is a NaN."""
    options = xla_client.CompileOptions().executable_build_options.debug_options
    return tuple(flag for flag in UNSAFE_FLAGS if getattr(options, flag, False))


def check(carrier: str | None = None, rules: Collection[str] | None = None) -> Report:
    """Run the committed vectors, of some rules or of all, on the default device."""
    carrier = carrier or default_carrier()
    vectors: dict[str, Vectors] = json.loads(FILE.read_text())
    vectors = {r: v for r, v in vectors.items() if rules is None or r in rules}
    failures: list[str] = []
    with jax.enable_x64(True):
        for rule, cases in vectors.items():
            wrong = CHECKS.get(rule, _elementwise)(rule, cases, carrier)
            failures += [f"{rule}[{i}]" for i in wrong]
    device = jax.devices()[0]
    name = f"{device.platform} {device.device_kind}"
    count = sum(map(len, vectors.values()))
    return Report(name, carrier, count, tuple(failures), unsafe_flags())


def _array(patterns: Any) -> np.ndarray:
    flat = np.asarray(patterns)
    return (
        np.array([int(p, 16) for p in flat.reshape(-1)], np.uint32)
        .view(np.float32)
        .reshape(flat.shape)
    )


def _differ(found: Any, expected: np.ndarray) -> np.ndarray:
    """Element-wise, where zeros are one number and NaN is SATURATED."""
    x = np.asarray(found, np.float32)
    return ~((x == expected) | (np.isnan(x) & np.isnan(expected)))


def _elementwise(rule: str, cases: Vectors, carrier: str) -> list[int]:
    columns = [_array(column) for column in zip(*cases, strict=True)]

    def run(*arrays: Array) -> Array:
        values = [Value(x, (False,)) for x in arrays]
        return RULES[rule](Context(CARRIERS[carrier]), {}, values, [])[0].array

    found = jax.jit(run)(*columns[:-1])
    return np.flatnonzero(_differ(found, columns[-1])).tolist()


def _groups(cases: Vectors) -> list[tuple[list[int], list[tuple[Any, ...]]]]:
    """Cases of equal shapes and equal flags together: (their indices, the cases)."""
    groups: dict[str, list[int]] = defaultdict(list)
    for i, case in enumerate(cases):
        parts = (np.shape(x) if isinstance(x, list) else repr(x) for x in case[:-1])
        groups[repr(list(parts))].append(i)
    return [(indices, [tuple(cases[i]) for i in indices]) for indices in groups.values()]


def _each(run: Callable[..., Any]) -> Check:
    """A check of run(carrier, *inputs) -> values; lists become arrays, the rest are flags."""

    def checked(rule: str, cases: Vectors, carrier: str) -> list[int]:
        wrong: list[int] = []
        for indices, group in _groups(cases):
            *inputs, expected = zip(*group, strict=True)
            arrays = [np.stack([_array(x) for x in c]) for c in inputs if isinstance(c[0], list)]
            flags = [c[0] for c in inputs if not isinstance(c[0], list)]

            def one(*row: Array, flags: list[Any] = flags) -> Array:
                return run(CARRIERS[carrier], *row, *flags)

            found = np.asarray(jax.jit(jax.vmap(one))(*arrays))
            differ = _differ(found, np.stack([_array(x) for x in expected]))
            bad = np.asarray(differ.reshape(len(indices), -1).any(axis=1))
            wrong += [i for i, b in zip(indices, bad.tolist(), strict=True) if b]
        return wrong

    return checked


MATRIX = (((1,), (0,)), ((), ()))


def _dot(carrier: Any, a: Array, b: Array, *absolute: bool) -> Any:
    along = bool(absolute)
    both = along and absolute[0]
    # a positional free axis on both sides keeps `dot` from absorbing exponents
    flags = ((along, along), (both, along))
    return dot(a[None], b[:, None], flags, MATRIX, carrier)[0, 0]


def _cancelling(carrier: Any, a: Array, b: Array, terms: int, *absolute: bool) -> Any:
    largest, unit = b
    row = jnp.where(jnp.arange(terms) < terms // 2, largest, -largest)
    row = row.at[-1].set(unit if terms % 2 else unit - largest)
    return _dot(carrier, jnp.broadcast_to(a, terms), row, *absolute)


def _weigh(carrier: Any, weights: np.ndarray, values: np.ndarray) -> Any:
    flags = ((True, True), (True, False))
    return dot(jnp.asarray(weights[None]), jnp.asarray(values), flags, MATRIX, carrier)[0]


def _convolve(carrier: Any, x: np.ndarray, kernel: np.ndarray, stride: int) -> Any:
    numbers = jax.lax.conv_dimension_numbers((1, *x.shape), kernel.shape, ("NHC", "HIO", "NHC"))
    parameters = {
        "batch_group_count": 1,
        "feature_group_count": 1,
        "dimension_numbers": numbers,
        "window_strides": (stride,),
        "padding": ((0, 0),),
        "lhs_dilation": (1,),
        "rhs_dilation": (1,),
    }
    flags = ((False,) * 3, (False,) * 3)
    array = convolution.convolve(
        jnp.asarray(x[None]), jnp.asarray(kernel), flags, parameters, carrier
    )
    return array[0]


def _sum(carrier: Any, row: np.ndarray) -> Any:
    return reduction.total(jnp.asarray(row), (0,))


def _cumulative(carrier: Any, row: np.ndarray, positional: bool) -> Any:
    return reduction.cumulative(jnp.asarray(row), 0, (positional,), False)


def _products(carrier: Any, row: np.ndarray) -> Any:
    return reduction.cumulative_product(jnp.asarray(row), 0, False)


def _product(carrier: Any, row: np.ndarray) -> Any:
    return reduction.product(jnp.asarray(row), (0,))


def _loss(run: Callable[..., tuple[Array, Array]], float_targets: bool = False) -> Check:
    """A check of a loss: the expected integer, or null where the example saturates."""

    def checked(rule: str, cases: Vectors, carrier: str) -> list[int]:
        wrong: list[int] = []
        for indices, group in _groups(cases):
            outputs, targets, *share, expected = zip(*group, strict=True)
            goals = [_array(y) if float_targets else np.asarray(y, np.int32) for y in targets]
            arrays = (np.stack([_array(x) for x in outputs]), np.stack(goals))
            one = functools.partial(run, **({"share": share[0][0]} if share else {}))
            loss, saturated = jax.device_get(jax.jit(jax.vmap(one))(*arrays))
            found = [None if s else int(x) for x, s in zip(loss, saturated, strict=True)]
            wrong += [i for i, a, b in zip(indices, found, expected, strict=True) if a != b]
        return wrong

    return checked


def _cross_entropy(outputs: Array, targets: Array, share: int) -> tuple[Array, Array]:
    return losses.cross_entropy(outputs, targets, share / 2**16)


CHECKS: dict[str, Check] = {
    "reduce_sum": _each(_sum),
    "cumsum": _each(_cumulative),
    "cumprod": _each(_products),
    "reduce_prod": _each(_product),
    "dot": _each(_dot),
    "dot_absolute": _each(_dot),
    "dot_cancelling": _each(_cancelling),
    "dot_absolute_cancelling": _each(_cancelling),
    "weigh": _each(_weigh),
    "convolve": _each(_convolve),
    "cross_entropy": _loss(_cross_entropy),
    "squared_error": _loss(losses.squared_error, float_targets=True),
    "binary_cross_entropy": _loss(losses.binary_cross_entropy),
}
