"""What compiled code of the evaluator must not have."""

from __future__ import annotations

import re
from collections import Counter

# approximations and flushed subnormals: PTX says them in the instruction's name; rcp.rn is exact
INEXACT = re.compile(r"^\s*(?:@%p\d+ )?((?:\w+\.)*(?:approx|full|ftz|ex2|lg2)[\w.]*)\s", re.M)
CONTRACTED = re.compile(r"^\s*(?:@%p\d+ )?(fma\.[\w.]+)\s", re.M)
# arithmetic on floats, by which a machine without IEEE's float64 could differ
FLOAT_ARITHMETIC = re.compile(
    r"= (?:f64|f32|bf16|f16)\[[^=]*? (add|subtract|multiply|divide|remainder|dot|convolution|"
    r"exponential|exponential-minus-one|log|log-plus-one|tanh|logistic|sqrt|rsqrt|cbrt|power|sine|"
    r"cosine|tan|atan2|erf|floor|ceil|round-nearest-even|round-nearest-afz)\("
)


def forbidden_in_ptx(text: str) -> list[str]:
    """Instructions that approximate or contract, with their counts."""
    found = Counter([*INEXACT.findall(text), *CONTRACTED.findall(text)])
    return [f"{name} x{count}" for name, count in sorted(found.items())]


def forbidden_in_hlo(text: str, carrier: str) -> list[str]:
    """The integer carrier must not compute with floats at all; they are only moved and compared."""
    if carrier != "integer":
        return []
    found = Counter(FLOAT_ARITHMETIC.findall(text))
    return [f"float {name} x{count}" for name, count in sorted(found.items())]
