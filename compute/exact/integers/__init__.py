"""F24 without floating point: every rule of `number`, `elementary` and `circular` in int64 alone.

For devices whose float64 is not IEEE's, such as TPUs.  The results are the same patterns.
"""
