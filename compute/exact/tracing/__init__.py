"""jaxpr -> program.  What it makes is checked by nobody's JAX but its maker's: data, not code."""

from compute.exact.tracing.scope import UnsupportedPrimitive
from compute.exact.tracing.trace import WHILE_LIMIT, leaf_names, trace, trace_example

__all__ = ["WHILE_LIMIT", "UnsupportedPrimitive", "leaf_names", "trace", "trace_example"]
