# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Codes of steps
@notice Those of docs/program.md, and of the moves and orders that `compute/program/form.py` makes of others.
"""

# Structure.
IOTA: constant(uint256) = 2


# Arithmetic.
ADD: constant(uint256) = 32
SUB: constant(uint256) = 33
MUL: constant(uint256) = 34
DIV: constant(uint256) = 35
REM: constant(uint256) = 36
MAX: constant(uint256) = 37
MIN: constant(uint256) = 38
NEG: constant(uint256) = 39
ABS: constant(uint256) = 40
SIGN: constant(uint256) = 41
FLOOR: constant(uint256) = 42
CEIL: constant(uint256) = 43
ROUND: constant(uint256) = 44
SQRT: constant(uint256) = 45


# Elementary functions.
RSQRT: constant(uint256) = 64
CBRT: constant(uint256) = 65
EXP: constant(uint256) = 66
EXP2: constant(uint256) = 67
EXPM1: constant(uint256) = 68
LOG: constant(uint256) = 69
LOG1P: constant(uint256) = 70
TANH: constant(uint256) = 71
LOGISTIC: constant(uint256) = 72
GELU: constant(uint256) = 73
ERF: constant(uint256) = 74
ERFC: constant(uint256) = 75
ERF_INV: constant(uint256) = 76
LGAMMA: constant(uint256) = 77
DIGAMMA: constant(uint256) = 78
SIN: constant(uint256) = 79
COS: constant(uint256) = 80
TAN: constant(uint256) = 81
ASIN: constant(uint256) = 82
ACOS: constant(uint256) = 83
ATAN: constant(uint256) = 84
SINH: constant(uint256) = 85
COSH: constant(uint256) = 86
ASINH: constant(uint256) = 87
ACOSH: constant(uint256) = 88
ATANH: constant(uint256) = 89
INTEGER_POWER: constant(uint256) = 90
ATAN2: constant(uint256) = 91
POWER: constant(uint256) = 92


# Bits and choices.
BIT_AND: constant(uint256) = 96
BIT_OR: constant(uint256) = 97
BIT_XOR: constant(uint256) = 98
BIT_NOT: constant(uint256) = 99
SHIFT_LEFT: constant(uint256) = 100
SHIFT_RIGHT_LOGICAL: constant(uint256) = 101
SHIFT_RIGHT_ARITHMETIC: constant(uint256) = 102
POPULATION_COUNT: constant(uint256) = 103
COUNT_LEADING_ZEROS: constant(uint256) = 104
EQ: constant(uint256) = 105
NE: constant(uint256) = 106
LT: constant(uint256) = 107
LE: constant(uint256) = 108
GT: constant(uint256) = 109
GE: constant(uint256) = 110
SELECT: constant(uint256) = 111
IS_FINITE: constant(uint256) = 112
CONVERT: constant(uint256) = 113
BITCAST: constant(uint256) = 114


# Moves.
MOVE: constant(uint256) = 128
SCATTER: constant(uint256) = 136


# Reductions, prefixes, order.
SUM: constant(uint256) = 160
PRODUCT: constant(uint256) = 161
MAXIMUM: constant(uint256) = 162
MINIMUM: constant(uint256) = 163
ALL: constant(uint256) = 164
ANY: constant(uint256) = 165
PARITY: constant(uint256) = 166
ARGMAX: constant(uint256) = 167
ARGMIN: constant(uint256) = 168
CUMPROD: constant(uint256) = 170
CUMMAX: constant(uint256) = 171
CUMMIN: constant(uint256) = 172
CUMLOGSUMEXP: constant(uint256) = 173
ORDER: constant(uint256) = 177
TAKE: constant(uint256) = 178


# Products.
DOT: constant(uint256) = 192


# Losses.
EXP_DISTANCE: constant(uint256) = 256
POSITION: constant(uint256) = 257
COUNTED: constant(uint256) = 258
MEAN: constant(uint256) = 259
SQUARED: constant(uint256) = 260
BINARY: constant(uint256) = 261
