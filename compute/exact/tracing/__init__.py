"""Trace JAX functions into programs, which are data and not code."""

from compute.exact.tracing.scope import UnsupportedPrimitive
from compute.exact.tracing.trace import WHILE_LIMIT, leaf_names, trace, trace_example

__all__ = ["WHILE_LIMIT", "UnsupportedPrimitive", "leaf_names", "trace", "trace_example"]
