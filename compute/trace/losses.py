"""The rows of losses: what stands in docs/exact.md, rule 13, step by step on wide integers."""

from __future__ import annotations

import math

from compute.program.form import WIDE, Code, Form, Read
from compute.program.types import DType, Type
from compute.trace.rows import (
    COUNTED,
    EXP_DISTANCE,
    MEAN,
    POSITION,
    SOFTPLUS,
    SQUARE,
    Loss,
    NotRefereed,
    Value,
)
from compute.trace.unroller import Unroller, immediate


def target_kind(loss: str, outputs: Type) -> Type:
    """Return the kind of the loss's target."""
    if loss == "cross_entropy":
        return Type(DType.I32, outputs.shape[:-1])
    return Type(DType.F24 if loss == "squared_error" else DType.I32, outputs.shape)


def rows_of(unroller: Unroller, loss: str, outputs: Value, target: Value) -> Value:
    """The row of the loss.  Raises NotRefereed."""
    if not outputs.kind.dtype.is_float or loss not in _RULES:
        raise NotRefereed(f"the loss {loss} of {outputs.kind} has no rows")
    return _RULES[loss](unroller, outputs, target)


def _cross_entropy(unroller: Unroller, outputs: Value, target: Value) -> Value:
    if not outputs.kind.rank or not outputs.kind.shape[-1]:
        raise NotRefereed("its outputs have no classes")
    classes = outputs.kind.shape[-1]
    count = math.prod(outputs.kind.shape[:-1])
    z = outputs.seen_as(Type(DType.F24, (count, classes)))
    most = unroller.apply("maximum", [z], Type(DType.F24, (count,)), axes=(1,))
    reads = [Read(0, (1, 0)), Read(1, (classes, 1))]
    terms = _wide(unroller, EXP_DISTANCE, (count, classes), reads, [most, z])
    total = _sum(unroller, terms, (count,), classes)
    index = target.seen_as(Type(DType.I32, (count, 1)))
    chosen = unroller.apply("gather", [z, index], Type(DType.F24, (count,)), **_CHOSEN)
    each = [total, most, chosen, target]
    term = _wide(unroller, POSITION, (count,), _plain(4), each, classes)
    counted = _wide(unroller, COUNTED, (count,), _plain(1), [target], classes)
    return _mean(unroller, term, _sum(unroller, counted, (), count))


# the element of the class in each row
_CHOSEN: dict[str, object] = {
    "offset_dims": (),
    "collapsed_slice_dims": (1,),
    "start_index_map": (1,),
    "operand_batching_dims": (0,),
    "start_indices_batching_dims": (0,),
    "slice_sizes": (1, 1),
    "mode": "clip",
}


def _squared_error(unroller: Unroller, outputs: Value, target: Value) -> Value:
    count = outputs.kind.size
    term = _wide(unroller, SQUARE, (count,), _plain(2), [outputs, target])
    return _mean(unroller, term, immediate(Type(DType.U32, ()), count, WIDE))


def _binary_cross_entropy(unroller: Unroller, outputs: Value, target: Value) -> Value:
    count = outputs.kind.size
    term = _wide(unroller, SOFTPLUS, (count,), _plain(2), [outputs, target])
    counted = _wide(unroller, COUNTED, (count,), _plain(1), [target], 2)
    return _mean(unroller, term, _sum(unroller, counted, (), count))


def _plain(count: int) -> list[Read]:
    return [Read(number, (1,)) for number in range(count)]


def _wide(
    unroller: Unroller,
    code: int,
    shape: tuple[int, ...],
    reads: list[Read],
    values: list[Value],
    parameter: int = 0,
) -> Value:
    """A row of wide integers, whose type counts for its shape alone."""
    kind = Type(DType.U32, shape)
    form = Form(code, kind, shape, (), tuple(reads), len(reads), 0, parameter, True)
    return unroller.form(form, values, Loss(code, parameter), values)


def _sum(unroller: Unroller, value: Value, shape: tuple[int, ...], terms: int) -> Value:
    """Of the last `terms` elements of each of `shape`."""
    read = Read(0, (*(terms for _ in shape), 1))
    form = Form(Code.SUM, Type(DType.U32, shape), shape, (terms,), (read,), 1, 0, 0, True)
    return unroller.form(form, [value], Loss(Code.SUM, terms), [value])


def _mean(unroller: Unroller, terms: Value, count: Value) -> Value:
    total = _sum(unroller, terms, (), terms.kind.size)
    return _wide(unroller, MEAN, (), [Read(0, ()), Read(1, ())], [total, count])


_RULES = {
    "cross_entropy": _cross_entropy,
    "squared_error": _squared_error,
    "binary_cross_entropy": _binary_cross_entropy,
}
