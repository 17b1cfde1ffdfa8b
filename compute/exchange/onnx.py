"""ONNX: the model's program through jax2onnx, the parameters as initialisers of their names."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.extend
import jax.numpy as jnp
import onnx
from jax2onnx import to_onnx

from compute.exact.derivative import derivative_form
from compute.exact.derivative.rules import LARGEST_CONSTANT, RULES, Attributes, Rule
from compute.exchange import card
from compute.exchange.errors import Unexportable
from compute.inference import Model

FILE = "model.onnx"
MOST_SLICES = 64  # of a window
LARGEST = (1 << 31) - (1 << 20)  # bytes of a file of protocol buffers


def write(model: Model, folder: Path) -> None:
    """`model.onnx`, which takes one example at a time; parameters too large for it lie beside it in
    `model.onnx.data`. Raises Unexportable where the converter does not know a step."""
    try:
        graph = _graph(model)
        onnx.checker.check_model(graph)
    except Exception as error:  # a converter raises whatever it stumbles over
        cause = str(error).partition("\n")[0][:200]
        raise Unexportable(f"jax2onnx cannot convert the program: {cause}") from error
    size = sum(value.nbytes for value in model.parameters.values())
    onnx.save_model(
        graph,
        str(folder / FILE),
        save_as_external_data=size > LARGEST,
        location=f"{FILE}.data",
    )


def _graph(model: Model) -> Any:
    """The model in ONNX, its parameters taken out of the inputs."""
    specification = model.specification
    names, columns = list(model.parameters), specification.columns
    form = derivative_form(specification.program, replaced=PORTABLE)

    def flat(*arrays: Any) -> Any:
        parameters = dict(zip(names, arrays, strict=False))
        inputs = zip(specification.inputs, arrays[len(names) :], strict=True)
        return form(parameters, dict(inputs))[0]

    shapes = [jax.ShapeDtypeStruct(model.parameters[name].shape, jnp.float32) for name in names]
    shapes += [jax.ShapeDtypeStruct((1, *c.shape), c.dtype) for c in columns]
    # traced before: the converter replaces functions of JAX by its own while it traces
    steps = jax.extend.core.jaxpr_as_fun(jax.make_jaxpr(flat)(*shapes))
    graph = to_onnx(
        lambda *arrays: steps(*arrays)[0],
        shapes,
        model_name=f"model_{specification.hash.hex()[:12]}",
        input_names=[*names, *specification.inputs],
        output_names=["outputs"],
    )
    for name in names:
        graph.graph.initializer.append(onnx.numpy_helper.from_array(model.parameters[name], name))
    kept = [value for value in graph.graph.input if value.name in specification.inputs]
    del graph.graph.input[:]
    graph.graph.input.extend(kept)
    onnx.helper.set_model_props(graph, card.provenance(model))
    return graph


def _select(attributes: Attributes, which: Any, *cases: Any) -> Any:
    """onnxruntime chooses between numbers, not between truth values."""
    if cases[0].dtype != jnp.bool_:
        return RULES["select"](attributes, which, *cases)
    chosen = [case & (which == number) for number, case in enumerate(cases)]
    return functools.reduce(jnp.logical_or, chosen)


def _window(rule: str, combine: Callable[[Any, Any], Any], start: float) -> Rule:
    """A window as one slice for each of its places: onnxruntime pools fewer axes than there are."""

    def apply(attributes: Attributes, a: Any) -> Any:
        size, spread = attributes["size"], attributes["window_dilation"]
        if math.prod(size) > MOST_SLICES or a.dtype != jnp.float32:
            return RULES[rule](attributes, a)
        gaps = [dilation - 1 for dilation in attributes["base_dilation"]]
        widths = [(*pad, gap) for pad, gap in zip(attributes["padding"], gaps, strict=True)]
        padded = jax.lax.pad(a, jnp.float32(start), widths)
        reach = [d * (n - 1) for n, d in zip(size, spread, strict=True)]
        slices = []
        for place in itertools.product(*map(range, size)):
            low = [k * d for k, d in zip(place, spread, strict=True)]
            high = [n - r + at for n, r, at in zip(padded.shape, reach, low, strict=True)]
            slices.append(jax.lax.slice(padded, low, high, attributes["strides"]))
        return functools.reduce(combine, slices)

    return apply


PORTABLE: dict[str, Rule] = {
    "select": _select,
    "window_sum": _window("window_sum", jnp.add, 0.0),
    "window_max": _window("window_max", jnp.maximum, -float(LARGEST_CONSTANT)),
    "window_min": _window("window_min", jnp.minimum, float(LARGEST_CONSTANT)),
}
