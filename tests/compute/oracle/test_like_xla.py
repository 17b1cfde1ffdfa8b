"""The oracle's integer and moving rules against XLA's, which define them for whoever traces."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from compute.oracle.array import Array, to_bytes
from compute.oracle.run import run
from compute.program.types import DType, Type
from tests.support.random_programs import random_case

Attributes = Mapping[str, Any]


def gather(a: Attributes, x: Any, i: Any) -> Any:
    numbers = lax.GatherDimensionNumbers(
        a["offset_dims"],
        a["collapsed_slice_dims"],
        a["start_index_map"],
        a["operand_batching_dims"],
        a["start_indices_batching_dims"],
    )
    mode = {"clip": "clip", "fill": "fill"}[a["mode"]]
    return lax.gather(x, i, numbers, a["slice_sizes"], mode=mode, fill_value=0)


def scatter(a: Attributes, x: Any, i: Any, u: Any) -> Any:
    numbers = lax.ScatterDimensionNumbers(
        a["update_window_dims"],
        a["inserted_window_dims"],
        a["scatter_dims_to_operand_dims"],
        a["operand_batching_dims"],
        a["scatter_indices_batching_dims"],
    )
    rule = {"add": lax.scatter_add, "mul": lax.scatter_mul, "min": lax.scatter_min}
    rule |= {"max": lax.scatter_max, "set": lax.scatter}
    return rule[a["kind"]](x, i, u, numbers, mode=a["mode"])


def window(init: Callable[[Any], int], step: Callable[..., Any]) -> Callable[..., Any]:
    def rule(a: Attributes, x: Any) -> Any:
        return lax.reduce_window(
            x,
            np.asarray(init(x.dtype), x.dtype),
            step,
            a["size"],
            a["strides"],
            a["padding"],
            a["base_dilation"],
            a["window_dilation"],
        )

    return rule


def convolution(a: Attributes, x: Any, kernel: Any) -> Any:
    rank = x.ndim - 2
    spatial = "".join(map(str, range(rank)))
    return lax.conv_general_dilated(
        x,
        kernel,
        a["strides"],
        a["padding"],
        a["input_dilation"],
        a["kernel_dilation"],
        (f"N{spatial}C", f"{spatial}IO", f"N{spatial}C"),
        a["groups"],
        preferred_element_type=x.dtype,
    )


def dot(a: Attributes, x: Any, y: Any) -> Any:
    numbers = ((a["contract_a"], a["contract_b"]), (a["batch_a"], a["batch_b"]))
    return lax.dot_general(x, y, numbers, preferred_element_type=x.dtype)


def reduced(step: Callable[..., Any], init: Callable[[Any], int]) -> Callable[..., Any]:
    return lambda a, x: lax.reduce(x, np.asarray(init(x.dtype), x.dtype), step, a["axes"])


def prefix(step: Callable[..., Any]) -> Callable[..., Any]:
    return lambda a, x: step(x, axis=a["axis"], reverse=a["reverse"])


def least(dtype: Any) -> int:
    return int(np.iinfo(dtype).min)


def greatest(dtype: Any) -> int:
    return int(np.iinfo(dtype).max)


def ones(dtype: Any) -> int:
    return 1 if dtype == np.dtype(bool) else int(np.array(-1).astype(dtype))


def as_dtype(a: Attributes) -> Any:
    return np.dtype(a["dtype"].numpy)


XLA: dict[str, Callable[..., Any]] = {
    "add": lambda a, x, y: lax.add(x, y),
    "sub": lambda a, x, y: lax.sub(x, y),
    "mul": lambda a, x, y: lax.mul(x, y),
    "div": lambda a, x, y: lax.div(x, y),
    "rem": lambda a, x, y: lax.rem(x, y),
    "neg": lambda a, x: lax.neg(x),
    "abs": lambda a, x: lax.abs(x),
    "sign": lambda a, x: lax.sign(x),
    "not": lambda a, x: lax.bitwise_not(x),
    "shift_left": lambda a, x, y: lax.shift_left(x, y),
    "shift_right_logical": lambda a, x, y: lax.shift_right_logical(x, y),
    "shift_right_arithmetic": lambda a, x, y: lax.shift_right_arithmetic(x, y),
    "population_count": lambda a, x: lax.population_count(x),
    "count_leading_zeros": lambda a, x: lax.clz(x),
    "convert": lambda a, x: lax.convert_element_type(x, as_dtype(a)),
    "bitcast": lambda a, x: lax.bitcast_convert_type(x, as_dtype(a)),
    "iota": lambda a: lax.broadcasted_iota(as_dtype(a), a["shape"], a["axis"]),
    "broadcast": lambda a, x: lax.broadcast_in_dim(x, a["shape"], a["axes"]),
    "transpose": lambda a, x: lax.transpose(x, a["permutation"]),
    "slice": lambda a, x: lax.slice(x, a["start"], a["stop"], a["stride"]),
    "pad": lambda a, x, v: lax.pad(x, v, a["widths"]),
    "concatenate": lambda a, *xs: lax.concatenate(xs, a["axis"]),
    "reverse": lambda a, x: lax.rev(x, a["axes"]),
    "gather": gather,
    "scatter": scatter,
    "dynamic_slice": lambda a, x, *i: lax.dynamic_slice(
        x, [jnp.int32(int(k)) for k in i], a["sizes"], allow_negative_indices=False
    ),
    "dynamic_update_slice": lambda a, x, u, *i: lax.dynamic_update_slice(
        x, u, [jnp.int32(int(k)) for k in i], allow_negative_indices=False
    ),
    "sum": reduced(lax.add, lambda d: 0),
    "product": reduced(lax.mul, lambda d: 1),
    "maximum": reduced(lax.max, least),
    "minimum": reduced(lax.min, greatest),
    "all": reduced(lax.bitwise_and, ones),
    "any": reduced(lax.bitwise_or, lambda d: 0),
    "parity": reduced(lax.bitwise_xor, lambda d: 0),
    "argmax": lambda a, x: lax.argmax(x, a["axis"], as_dtype(a)),
    "argmin": lambda a, x: lax.argmin(x, a["axis"], as_dtype(a)),
    "cumsum": prefix(lax.cumsum),
    "cumprod": prefix(lax.cumprod),
    "cummax": prefix(lax.cummax),
    "cummin": prefix(lax.cummin),
    "window_sum": window(lambda d: 0, lax.add),
    "window_max": window(least, lax.max),
    "window_min": window(greatest, lax.min),
    "sort": lambda a, *xs: lax.sort(xs, dimension=a["axis"], num_keys=a["keys"], is_stable=True),
    "top_k": lambda a, x: lax.top_k(x, a["k"]),
    "dot": dot,
    "convolution": convolution,
}


def as_numpy(array: Array) -> np.ndarray:
    kind = array.type
    return np.frombuffer(to_bytes(array), kind.dtype.numpy).reshape(kind.shape)


def is_exact(kinds: Sequence[Type]) -> bool:
    return all(kind.dtype is not DType.F24 for kind in kinds)


def is_defined(name: str, operands: Sequence[Array]) -> bool:
    """XLA does not compile a scatter by empty index vectors, nor abs of unsigned integers."""
    if name == "scatter":
        return operands[1].shape[-1] > 0
    return name != "abs" or operands[0].type.dtype.is_signed


@pytest.mark.parametrize("name", sorted(XLA))
def test_it_computes_what_xla_does(name: str) -> None:
    compared = 0
    for seed in range(40):
        case = random_case(seed, [name], 3)
        seen: list[tuple[Attributes, tuple[Array, ...], tuple[Array, ...]]] = []

        def observe(step: Any, operands: Any, results: Any, seen: Any = seen) -> None:
            if step.operation.name == name:
                seen.append((step.attributes, operands, results))

        run(case.program, *case.arrays(), observe=observe)
        for attributes, operands, results in seen[:1]:
            exact = is_exact([a.type for a in (*operands, *results)])
            if not exact or not is_defined(name, operands):
                continue
            expected = XLA[name](attributes, *map(as_numpy, operands))
            wanted = expected if isinstance(expected, list | tuple) else [expected]
            for mine, theirs in zip(results, wanted, strict=True):
                np.testing.assert_array_equal(
                    as_numpy(mine), np.asarray(theirs), f"{seed} {attributes}"
                )
            compared += 1
    assert compared > 2
