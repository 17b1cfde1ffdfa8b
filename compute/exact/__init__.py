"""The exact loss: a program's loss as an integer that every machine computes to the last bit.

docs/exact.md is the specification of the numbers, F24/3.
"""

VERSION = "F24/3"
