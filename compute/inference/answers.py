"""Outputs of a model as people read them: classes with probabilities, numbers, next tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from compute.inference.inputs import Inputs
from compute.inference.model import Model


@dataclass(frozen=True)
class Choice:
    """A class and its probability."""

    name: str
    probability: float


@dataclass(frozen=True)
class Answer:
    """The model's answer for one row: the likeliest `choices`, likeliest first, or `numbers`.
    `truth` is what the file says itself, None if nothing."""

    row: str
    choices: tuple[Choice, ...]
    numbers: tuple[float, ...]
    truth: str | None


def answers(model: Model, inputs: Inputs, most: int) -> Iterator[Answer]:
    """One answer a row, with at most `most` choices; those of several independent classes are all
    with a probability of one half or more. A model of language answers what follows a row."""
    outputs = model.outputs(inputs.columns).astype(np.float64)
    if _has_positions(model):
        ends = np.full(len(outputs), outputs.shape[1]) if inputs.ends is None else inputs.ends
        outputs = outputs[np.arange(len(outputs)), ends - 1]
    target = inputs.columns.get(model.specification.target)
    for number, (row, values) in enumerate(zip(inputs.names, outputs, strict=True)):
        truth = None if target is None else _truth(model, target[number])
        yield Answer(row, _choices(model, values, most), _numbers(model, values), truth)


def _choices(model: Model, values: np.ndarray, most: int) -> tuple[Choice, ...]:
    loss = model.specification.loss
    if loss == "squared_error":
        return ()
    flat = values.reshape(-1)
    if loss == "cross_entropy":
        shares = np.exp(flat - flat.max())
        shares /= shares.sum()
        order = np.argsort(-shares, kind="stable")[:most].tolist()
    else:
        shares = 1 / (1 + np.exp(-flat))
        order = [k for k in np.argsort(-shares, kind="stable")[:most].tolist() if shares[k] >= 0.5]
    return tuple(Choice(_name(model, k), float(shares[k])) for k in order)


def _has_positions(model: Model) -> bool:
    specification = model.specification
    return specification.loss == "cross_entropy" and len(specification.output_shape) == 2


def _name(model: Model, number: int) -> str:
    if _has_positions(model) and (model.tokeniser or model.specification.output_shape[-1] == 256):
        return repr(model.decode([number]).decode(errors="replace"))
    labels = model.labels()
    return labels[number] if labels is not None and number < len(labels) else str(number)


def _numbers(model: Model, values: np.ndarray) -> tuple[float, ...]:
    """Squared errors are those of the target's integers times 2**target_scale_log2; the data may
    have multiplied real numbers before."""
    scale = model.specification.target_scale_log2
    if scale is None:
        return ()
    return tuple((values.reshape(-1) * 2.0 ** -(scale + _data_scale(model))).tolist())


def _data_scale(model: Model) -> int:
    column = model.column(model.specification.target)
    return 0 if column is None or column.scale_log2 is None else int(column.scale_log2)


def _truth(model: Model, value: np.ndarray) -> str:
    if model.specification.loss == "squared_error":
        numbers = value.reshape(-1) * 2.0 ** -_data_scale(model)
        return " ".join(f"{number:g}" for number in numbers.tolist())
    if model.specification.loss == "cross_entropy" and (value.size == 1 or _has_positions(model)):
        return _name(model, int(value.reshape(-1)[-1]))
    return " ".join(map(str, value.reshape(-1).tolist()))
