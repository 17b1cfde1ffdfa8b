"""F24 without floating point: every rule of it in int64 alone.

For devices whose float64 is not IEEE's, such as TPUs.  The results are the same patterns.
"""

from compute.exact.integers.functions import Integers

__all__ = ["Integers"]
