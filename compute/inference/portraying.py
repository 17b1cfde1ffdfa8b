"""Makes portraits: lets a model write on from its data, or classify some of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from compute.facts.portraits import MAX_CLASSES, Portrait
from compute.inference.model import Model
from compute.inference.writing import write
from compute.models import ModelError
from compute.models.generate import Draw
from compute.training_set import TrainingSet
from compute.training_set.tokeniser import TokeniserError

EXAMPLES = 1_000  # at most, from all over the set
PROMPTS, PROMPT, LENGTH = 2, 24, 120  # and tokens of each and of what follows
DRAW = Draw(0.7)


def portray(
    model: Model,
    examples: TrainingSet,
    version: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Portrait:
    """A portrait of `model` by `examples`, which are `version` of its training set; empty for
    models that predict numbers or several classes at once."""
    rows = _spread(len(examples), EXAMPLES)
    shape = model.specification.output_shape
    origin = model.origin.checkpoint, version
    if model.specification.loss != "cross_entropy" or not len(rows):
        return Portrait(*origin)
    if len(shape) == 2:
        return Portrait(*origin, completions=_completions(model, examples, progress))
    if len(shape) > 1 or shape[-1] > MAX_CLASSES:
        return Portrait(*origin)
    return Portrait(
        *origin, confusion=_confusion(model, examples, rows), labels=model.labels() or ()
    )


def _completions(
    model: Model, examples: TrainingSet, progress: Callable[[int, int], None]
) -> tuple[tuple[str, str], ...]:
    (column,) = model.specification.inputs
    found = []
    try:
        for number, row in enumerate(_spread(len(examples), PROMPTS)):
            tokens = examples.at(np.array([row]))[column].reshape(-1)[:PROMPT].tolist()
            prompt = model.decode(tokens).decode(errors="replace")
            progress(number, PROMPTS)
            found.append((prompt, write(model, prompt, LENGTH, DRAW).text))
    except (ModelError, TokeniserError):
        return ()  # its tokens are no text, or it does not write
    return tuple(found)


def _confusion(
    model: Model, examples: TrainingSet, rows: np.ndarray
) -> tuple[tuple[int, ...], ...]:
    specification = model.specification
    columns = examples.at(rows)
    said = model.outputs(columns).argmax(-1)
    true = columns[specification.target].reshape(-1)
    classes = specification.output_shape[-1]
    counts = np.zeros((classes, classes), np.int64)
    meant = (true >= 0) & (true < classes)
    np.add.at(counts, (true[meant].astype(np.int64), said[meant]), 1)
    return tuple(tuple(row) for row in counts.tolist())


def _spread(total: int, most: int) -> np.ndarray:
    return np.unique(np.linspace(0, total - 1, min(total, most)).astype(np.int64))
