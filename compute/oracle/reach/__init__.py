"""Taint analysis of a program: which inputs each output can depend on, without any data."""

from compute.oracle.reach.analysis import LARGEST_WORK, TooLarge, reach

__all__ = ["LARGEST_WORK", "TooLarge", "reach"]
