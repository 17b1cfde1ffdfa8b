"""Plays steps of the oracle on the contracts: each result's every element, from reads to word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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


def forms_of(step: Step, operands: Sequence[Array]) -> Iterator[tuple[Form, bytes, list[int]]]:
    """Each form with its row and the words that the contracts find for it.

    Operands are rows 0, 1, ...; forms of the step the next ones.
    """
    lowered = lower(step, [a.type for a in operands])
    values = [words_of(a) for a in operands]
    dtypes = [a.type.dtype.value for a in operands]
    for number, form in enumerate(lowered.forms):
        values.append([])
        dtypes.append(form.result.dtype.value)
        row = encode(form, [_source(r.operand, values, dtypes, number, form) for r in form.reads])
        for e in range(form.result.size):
            values[-1].append(contracts.element(row, e, lambda item: resolve(item, values)))
        yield form, row, values[-1]


def _source(
    operand: int, values: list[list[int]], dtypes: list[int], number: int, form: Form
) -> Source:
    if operand == IMMEDIATE:
        return Source(None, 0, form.result.dtype.value)
    at = len(values) - 1 if operand == OWN else operand
    elements = form.result.size if operand == OWN else len(values[at])
    return Source(at, elements, dtypes[at])


def resolve(item: int, values: Sequence[Sequence[int]]) -> int:
    """The word of an item."""
    if item == contracts.NO_WORD:
        return contracts.NO_WORD
    row, elements, place = item >> 64, item >> 32 & LIMIT, item & LIMIT
    if row == LIMIT:
        return item & (2**64 - 1)
    assert len(values[row]) == elements or values[row] is values[-1]
    return values[row][place]


def differences(step: Step, operands: Sequence[Array], results: Sequence[Array]) -> list[str]:
    """What the contracts say otherwise."""
    lowered = lower(step, [a.type for a in operands])
    found = [words for _, _, words in forms_of(step, operands)]
    return [
        f"{step.operation.name} {i}: {words_of(result)} and not {found[n]}"
        for i, (n, result) in enumerate(zip(lowered.results, results, strict=True))
        if words_of(result) != found[n]
    ]
