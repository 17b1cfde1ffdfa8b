"""Results that take several forms: prefixes, and what a sort puts in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from compute.program.form import OWN, Along, Code, Form, Gauge, Index, Lowered, Read
from compute.program.lowering.common import (
    Attributes,
    NotLowered,
    Rules,
    Types,
    plain,
    sparse,
    strides,
)
from compute.program.lowering.moves import reverse
from compute.program.operations import OPERATIONS
from compute.program.types import DType, Type

KEYS = 7  # of a sort: they and an index fill a word


def _running(name: str) -> Rules:
    """From the element before and the operand's; backwards between two reverses, as an element
    reads none that comes after it."""

    def rule(attributes: Attributes, operands: Types, results: tuple[Type, ...]) -> Lowered:
        (result,), axis, backwards = results, attributes["axis"], attributes["reverse"]
        reads = (_before(result, axis), plain(int(backwards), result))
        running = Form(OPERATIONS[name].code, result, result.shape, (), reads, 2)
        if not backwards:
            return Lowered((running,), (0,))
        turn = reverse({"axes": (axis,)}, operands, result)
        back = replace(turn, reads=(replace(turn.reads[0], operand=2),))
        return Lowered((turn, running, back), (2,))

    return rule


def _before(kind: Type, axis: int, axes: int = 0) -> Read:
    """The form's own element before along an axis; the first has none."""
    steps = dict(enumerate(strides(kind.shape)))
    gauge = Gauge((Along(axis, 1),), kind.shape[axis], steps.pop(axis), 1)
    return Read(OWN, sparse(kind.rank + axes, steps), 0, (gauge,))


def _order(keys: Types, result: Type, axis: int, descending: bool) -> Form:
    """Of each place the index of what belongs there: the least above what is before it."""
    if len(keys) > KEYS:
        raise NotLowered(f"a sort by more than {KEYS} keys has no form")
    size, count = keys[0].shape[axis], len(keys)
    previous = _before(result, axis, 1)
    terms, before = [], []
    for number, kind in enumerate(keys):
        steps = dict(enumerate(strides(kind.shape)))
        stride = steps.pop(axis)
        terms.append(Read(number, sparse(result.rank + 1, steps | {result.rank: stride})))
        gauge = Gauge((), size, stride, 0, 1, Index(2 * count + 1, 0, size - 1))
        before.append(Read(number, sparse(result.rank + 1, steps), 0, (gauge,)))
    reads = (*before, previous, *terms, previous)
    kinds = sum(_kind_of_key(kind.dtype) << (8 + 2 * i) for i, kind in enumerate(keys))
    parameter = count | descending << 4 | kinds
    return Form(
        Code.ORDER, result, result.shape, (size,), reads, 2 * count + 1, count + 1, parameter
    )


def _kind_of_key(dtype: DType) -> int:
    return 0 if dtype.is_float else 1 + dtype.is_signed


def _take(operand: int, kind: Type, result: Type, axis: int, order: int) -> Form:
    steps = dict(enumerate(strides(kind.shape)))
    stride, size = steps.pop(axis), kind.shape[axis]
    gauge = Gauge((), size, stride, 0, 1, Index(1, 0, size - 1))
    reads = (Read(operand, sparse(result.rank, steps), 0, (gauge,)), plain(order, result))
    return Form(Code.TAKE, result, result.shape, (), reads, 1)


def _sort(attributes: Attributes, operands: Types, results: tuple[Type, ...]) -> Lowered:
    axis, count = attributes["axis"], len(operands)
    keys = operands[: attributes["keys"]]
    order = _order(keys, Type(DType.I32, operands[0].shape), axis, False)
    taken = [_take(i, kind, kind, axis, count) for i, kind in enumerate(operands)]
    return Lowered((order, *taken), tuple(range(1, count + 1)))


def _top_k(attributes: Attributes, operands: Types, results: tuple[Type, ...]) -> Lowered:
    (kind,) = operands
    axis = kind.rank - 1
    order = _order(operands, results[1], axis, True)
    return Lowered((order, _take(0, kind, results[0], axis, 1)), (1, 0))


RULES: Mapping[str, Rules] = {
    "sort": _sort,
    "top_k": _top_k,
    **{name: _running(name) for name in ("cumprod", "cummax", "cummin", "cumlogsumexp")},
}
