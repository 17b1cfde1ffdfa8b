"""Plays steps of the oracle on the contracts: elements, from what is read to the word."""

from __future__ import annotations

import random
from collections.abc import Sequence

from compute.oracle.array import Array
from compute.oracle.number import to_pattern
from compute.program.form import IMMEDIATE, OWN, Form, Source, encode
from compute.program.lowering import lower
from compute.program.program import Step
from tests.steps import contracts

LIMIT = 2**32 - 1


def words_of(array: Array) -> list[int]:
    """Elements as a trace holds them."""
    if array.type.dtype.is_float:
        return [to_pattern(x) for x in array.data]
    return [x & LIMIT for x in array.data]


def differences(
    step: Step,
    operands: Sequence[Array],
    results: Sequence[Array],
    most: int | None = None,
    seed: int = 0,
) -> list[str]:
    """What the contracts say otherwise of `most` elements of each result, or of all.

    Operands are rows 0, 1, ...; the forms of the step the next ones.  Forms that are no result are
    computed by the contracts alone.
    """
    lowered = lower(step, [a.type for a in operands])
    values = [words_of(a) for a in operands]
    dtypes = [a.type.dtype.value for a in operands]
    right = dict(zip(lowered.results, map(words_of, results), strict=True))
    found = []
    for number, form in enumerate(lowered.forms):
        known = right.get(number)
        values.append([] if known is None else known)
        dtypes.append(form.result.dtype.value)
        row = encode(form, [_source(read.operand, values, dtypes, form) for read in form.reads])
        if known is None:
            for e in range(form.result.size):
                values[-1].append(_element(row, e, values))
            continue
        for e in _some(len(known), most, seed):
            if (word := _element(row, e, values)) != known[e]:
                found.append(f"{step.operation.name}[{e}] is {known[e]:#x}, not {word:#x}")
    return found


def _some(count: int, most: int | None, seed: int) -> list[int]:
    if most is None or count <= most:
        return list(range(count))
    return sorted(random.Random(seed).sample(range(count), most))


def _source(operand: int, values: list[list[int]], dtypes: list[int], form: Form) -> Source:
    if operand == IMMEDIATE:
        return Source(None, 0, form.result.dtype.value)
    at = len(values) - 1 if operand == OWN else operand
    elements = form.result.size if operand == OWN else len(values[at])
    return Source(at, elements, dtypes[at])


def _element(row: bytes, number: int, values: Sequence[Sequence[int]]) -> int:
    own = len(values) - 1

    def resolve(item: int) -> int:
        if item == contracts.NO_WORD:
            return contracts.NO_WORD
        at, elements, place = item >> 64, item >> 32 & LIMIT, item & LIMIT
        if at == LIMIT:
            return item & (2**64 - 1)
        # of its own row an element reads earlier ones alone
        assert place < (number if at == own else elements)
        return values[at][place]

    return contracts.element(row, number, resolve)
