"""Steps on constants of equal elements whose result is known exactly while tracing."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "max": max,
    "min": min,
}
_COMPARISONS: dict[str, Callable[..., bool]] = {
    name: getattr(operator, name) for name in ("eq", "ne", "lt", "le", "gt", "ge")
}
_LOGIC: dict[str, Callable[..., Any]] = {"and": operator.and_, "or": operator.or_}


def folded(name: str, numbers: Sequence[Any]) -> Any | None:
    """The element of the result, or None if it is not known without rounding or wrapping."""
    kind = type(numbers[0])
    exact = [Fraction(float(n)) if kind is np.float32 else int(n) for n in numbers]
    if name in _COMPARISONS:
        return np.bool_(_COMPARISONS[name](*exact))
    if name in _LOGIC and kind is np.bool_:
        return np.bool_(_LOGIC[name](*exact))
    if name == "not" and kind is np.bool_:
        return np.bool_(not exact[0])
    if name not in _ARITHMETIC or kind is np.bool_:
        return None
    return _representable(_ARITHMETIC[name](*exact), kind)


def _representable(result: Any, kind: type) -> Any | None:
    if kind is np.float32:
        rounded = np.float32(float(result)) if abs(result) < 2**100 else np.float32(np.inf)
        same = bool(np.isfinite(rounded)) and Fraction(float(rounded)) == result
        return rounded if same and (result == 0 or abs(result) >= Fraction(1, 2**96)) else None
    limits = np.iinfo(kind)
    return kind(result) if limits.min <= result <= limits.max else None
