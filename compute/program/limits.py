"""Bounds of a program, checked before anything of its size is allocated (docs/exact.md, Bounds)."""

DOCUMENT_BYTES = 1 << 26
STEPS = 1 << 16  # in all blocks together
NESTING = 8  # blocks within blocks, main being the first
RANK = 12
ELEMENTS = 1 << 31  # of one value; also the largest size of one axis
SUM_TERMS = 1 << 30
OPERANDS = 4096  # of one step, and inputs or results of one block
CONSTANT_BYTES = 1 << 25  # in all steps together
WHILE_LIMIT = 1 << 20
NAME_BYTES = 256

MULTIPLY_ADDS = 1 << 52  # executed for one example, through all loops
ELEMENTARY = 1 << 48
PEAK_BYTES = 1 << 40
ENTRIES = 1 << 20  # operands, results, inputs and results of blocks, all together
INLINE_BYTES = 256  # a longer constant stands in a section of its own
