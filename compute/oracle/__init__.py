"""F24/3 a second time: whole programs in plain Python integers, slow, without NumPy and JAX.

It follows docs/exact.md literally and shares no code with the evaluator.
"""
