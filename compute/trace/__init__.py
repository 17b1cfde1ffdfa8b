"""Traces: the rows that a claim's loss follows from, their trees, and one step of one row.

`unroll` turns a program and its loss into rows; `run` computes their words for one example, by the
oracle or on arrays; `step` says what one element must be.  docs/referee.md tells what it is for.
"""
