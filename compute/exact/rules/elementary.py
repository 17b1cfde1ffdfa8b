"""Rules for the elementary functions: methods of the arithmetic."""

from __future__ import annotations

from collections.abc import Sequence

from compute.exact.values import Context, Rule, Value, arithmetic, elementwise
from compute.program.program import Step

_FUNCTIONS = (
    "rsqrt", "cbrt", "exp", "exp2", "expm1", "log", "log1p", "tanh", "logistic", "gelu", "erf",
    "erfc", "erf_inv", "lgamma", "digamma", "sin", "cos", "tan", "asin", "acos", "atan", "sinh",
    "cosh", "asinh", "acosh", "atanh", "atan2", "power",
)  # fmt: skip


def _integer_power(context: Context, step: Step, values: Sequence[Value]) -> list[Value]:
    raised, exponent = context.carrier.arithmetic.integer_power, step.attributes["exponent"]
    return elementwise(lambda a: raised(a, exponent))(context, step, values)


RULES: dict[str, Rule] = {
    **{name: arithmetic(name) for name in _FUNCTIONS},
    "integer_power": _integer_power,
}
