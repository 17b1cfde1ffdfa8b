"""Rules: what every operation does to values, one for each record of
`compute.program.operations`."""

from __future__ import annotations

from compute.exact.rules import (
    elementary,
    elementwise,
    indexing,
    moves,
    prefixes,
    products,
    reductions,
    windows,
)
from compute.exact.values import Rule

RULES: dict[str, Rule] = {
    **elementwise.RULES,
    **elementary.RULES,
    **moves.RULES,
    **indexing.RULES,
    **reductions.RULES,
    **prefixes.RULES,
    **windows.RULES,
    **products.RULES,
}
