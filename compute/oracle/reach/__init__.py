"""Which inputs an output can feel: a program read element by element, without any data."""

from compute.oracle.reach.analysis import LARGEST_WORK, TooLarge, reach

__all__ = ["LARGEST_WORK", "TooLarge", "reach"]
