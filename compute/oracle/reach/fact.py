"""The abstract value of one element: the positions it can depend on, and its bounds.

Numbers are in the units of `compute.oracle.number`.  Facts hold as long as nothing saturates: a
SATURATED element reaches further, but then the example has no loss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import NamedTuple

from compute.oracle import elementary, number
from compute.oracle.array import Array, Attributes
from compute.oracle.elementwise import RULES
from compute.oracle.number import LARGEST, ONE, Number
from compute.program.types import DType, Type


class Fact(NamedTuple):
    """`feels` is a set of positions, bit by bit; low = high is a constant, which feels nothing."""

    feels: int
    low: int
    high: int

    @property
    def constant(self) -> bool:
        return self.low == self.high


def known(x: int) -> Fact:
    return Fact(0, x, x)


def bounded(feels: int, low: int, high: int) -> Fact:
    return known(low) if low == high else Fact(feels, low, high)


def anything(feels: int, dtype: DType) -> Fact:
    if dtype.is_float:
        return Fact(feels, -LARGEST, LARGEST)
    return Fact(feels, dtype.least, dtype.greatest)


def union(facts: Iterable[Fact]) -> int:
    return reduce(lambda feels, fact: feels | fact.feels, facts, 0)


def either(facts: Sequence[Fact]) -> Fact:
    """One of them, nobody knows which."""
    low, high = min(f.low for f in facts), max(f.high for f in facts)
    return bounded(union(facts), low, high)


def limited(x: Number, otherwise: int) -> int:
    return otherwise if x is None else x


def greatest(facts: Sequence[Fact]) -> Fact:
    return bounded(union(facts), max(f.low for f in facts), max(f.high for f in facts))


def least(facts: Sequence[Fact]) -> Fact:
    turned = greatest([Fact(f.feels, -f.high, -f.low) for f in facts])
    return Fact(turned.feels, -turned.high, -turned.low)


def total(facts: Sequence[Fact], times: int, dtype: DType) -> Fact:
    """The sum of the facts, each `times` times."""
    low, high = (times * sum(f[i] for f in facts) for i in (1, 2))
    if not dtype.is_float:
        inside = dtype.least <= low and high <= dtype.greatest
        return bounded(union(facts), low, high) if inside else anything(union(facts), dtype)
    return bounded(
        union(facts), limited(number.value(low), -LARGEST), limited(number.value(high), LARGEST)
    )


_RISING: dict[str, Callable[[int], Number]] = {
    "exp": elementary.exp,
    "exp2": elementary.exp2,
    "expm1": elementary.expm1,
    "tanh": elementary.tanh,
    "logistic": elementary.logistic,
    "floor": lambda a: a >> number.POINT << number.POINT,
}
_WITHIN_ONE = ("sin", "cos", "erf")


def _rising(name: str, a: Fact, dtype: DType) -> Fact:
    low, high = _RISING[name](a.low), _RISING[name](a.high)
    return bounded(a.feels, limited(low, -LARGEST), limited(high, LARGEST))


def _corners(function: Callable[[int, int], Number], a: Fact, b: Fact) -> Fact:
    """Bounds at the ends, for functions that rise or fall in each operand."""
    ends = [function(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    if None in ends:
        return anything(a.feels | b.feels, DType.F24)
    whole = [x for x in ends if x is not None]
    return bounded(a.feels | b.feels, min(whole), max(whole))


def _product(a: Fact, b: Fact, dtype: DType) -> Fact:
    if known(0) in (a, b):
        return known(0)
    return _corners(number.multiply, a, b) if dtype.is_float else anything(a.feels | b.feels, dtype)


def _quotient(a: Fact, b: Fact, dtype: DType) -> Fact:
    if a == known(0) and dtype.is_float:
        return a
    if dtype.is_float and not b.low <= 0 <= b.high:
        return _corners(number.divide, a, b)
    return anything(a.feels | b.feels, dtype)


def _added(a: Fact, b: Fact, dtype: DType) -> Fact:
    return _corners(number.add, a, b) if dtype.is_float else total([a, b], 1, dtype)


def _less(a: Fact, b: Fact, dtype: DType) -> Fact:
    if a.high < b.low or a.low >= b.high:
        return known(int(a.high < b.low))
    return Fact(a.feels | b.feels, 0, 1)


def _negative(a: Fact) -> Fact:
    return Fact(a.feels, -a.high, -a.low)


def _not(a: Fact) -> Fact:
    return Fact(a.feels, 1 - a.high, 1 - a.low)


def _equal(a: Fact, b: Fact, dtype: DType) -> Fact:
    if a.high < b.low or b.high < a.low:
        return known(0)
    return Fact(a.feels | b.feels, 0, 1)


_TWO: dict[str, Callable[[Fact, Fact, DType], Fact]] = {
    "add": _added,
    "sub": lambda a, b, dtype: _added(a, _negative(b), dtype),
    "mul": _product,
    "div": _quotient,
    "max": lambda a, b, dtype: greatest([a, b]),
    "min": lambda a, b, dtype: least([a, b]),
    "lt": _less,
    "ge": lambda a, b, dtype: _not(_less(a, b, dtype)),
    "gt": lambda a, b, dtype: _less(b, a, dtype),
    "le": lambda a, b, dtype: _not(_less(b, a, dtype)),
    "eq": _equal,
    "ne": lambda a, b, dtype: _not(_equal(a, b, dtype)),
}


def elementwise(
    name: str, attributes: Attributes, facts: Sequence[Fact], kinds: Sequence[Type]
) -> Fact:
    """`kinds`: the types of the operands and, last, of the result; only dtypes are read."""
    if name == "select":
        return _select(facts)
    source, result = kinds[0].dtype, kinds[-1].dtype
    if all(f.constant for f in facts):
        operands = [Array(Type(k.dtype), [f.low]) for k, f in zip(kinds, facts, strict=False)]
        (x,) = RULES[name](attributes, operands)
        return anything(0, result) if x is None else known(x)
    if name in _TWO:
        return _TWO[name](facts[0], facts[1], source)
    return _one(name, facts, source, result)


def _one(name: str, facts: Sequence[Fact], source: DType, result: DType) -> Fact:
    feels = union(facts)
    if source is DType.BOOL and name in ("and", "or"):
        ends = [(min, max)[name == "or"](f[i] for f in facts) for i in (1, 2)]
        return bounded(feels, *ends)
    if name == "not" and source is DType.BOOL:
        return _not(facts[0])
    if name == "neg" and source.is_float:
        return _negative(facts[0])
    if name in _RISING:
        return _rising(name, facts[0], source)
    if name in _WITHIN_ONE:
        return Fact(feels, -ONE, ONE)
    if name == "convert" and source is DType.BOOL:
        return Fact(feels, 0, ONE if result.is_float else 1)
    return anything(feels, result)


def _select(facts: Sequence[Fact]) -> Fact:
    which, *cases = facts
    first, last = (max(0, min(len(cases) - 1, end)) for end in (which.low, which.high))
    if first == last:
        return cases[first]
    found = either(cases[first : last + 1])
    return found if found.constant else Fact(found.feels | which.feels, found.low, found.high)
