# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Steps of numbers and bits, and moves
@notice Arithmetic, choices, conversions and moves of programs, one element at a time: docs/program.md, section 2.
        `compute/oracle/elementwise.py` is the reference.
"""

from contracts._modules import f24
from contracts._modules import step_codes as codes
from contracts._modules import step_integers as integers
from contracts._modules import step_words as words


@external
@pure
def result(rule: uint256, operands: DynArray[uint256, 64]) -> uint256:
    """
    @notice Do one step.
    @param  rule      What is done: `ISteps`.
    @param  operands  Words of the operands, in order; at least one.
    @return The word; 2**256 - 1 where the example has no loss.
    """
    code: uint256 = words._code(rule)
    dtype: uint256 = words._dtype_of_operand(rule)
    if code == codes.MOVE:
        return self._first_there(operands)
    if code == codes.SELECT:
        return self._select(operands, dtype)
    x: uint256 = operands[0]
    y: uint256 = operands[1] if len(operands) > 1 else 0
    if code >= codes.CUMPROD and code <= codes.CUMMIN:
        return self._running(code, x, y, dtype)
    if code == codes.IOTA:
        return self._converted(x, words.WIDE, words._dtype(rule))
    if code < codes.BIT_AND:
        return self._number(code, x, y, dtype, words._parameter(rule))
    if code < codes.EQ:
        return integers._logic(code, x, y, dtype)
    if dtype == words.F24 and (x == f24.SATURATED or y == f24.SATURATED):
        return words.NO_WORD
    if code == codes.TAKE:
        return x
    if code < codes.SELECT:
        return self._compared(code, x, y, dtype)
    if code == codes.IS_FINITE:
        return 1
    if code == codes.CONVERT:
        return self._converted(x, dtype, words._dtype(rule))
    assert code == codes.BITCAST, "st: operation"
    return self._cast(x, dtype, words._dtype(rule))


@internal
@pure
def _first_there(operands: DynArray[uint256, 64]) -> uint256:
    """
    @return The first operand that is there, as it is.
    """
    for word: uint256 in operands:
        if word != words.NO_WORD:
            return word
    raise "st: nothing there"


@internal
@pure
def _select(operands: DynArray[uint256, 64], dtype: uint256) -> uint256:
    """
    @return The case that the first operand names, moved into those there are.
    """
    last: int256 = convert(len(operands), int256) - 2
    which: int256 = max(0, min(last, words._read(operands[0], dtype)))
    return operands[convert(which, uint256) + 1]


@internal
@pure
def _running(code: uint256, before: uint256, x: uint256, dtype: uint256) -> uint256:
    """
    @notice cumprod, cummax, cummin.
    @param  before  The element before; the first has none.
    """
    if before == words.NO_WORD:
        return x
    operation: uint256 = codes.MUL if code == codes.CUMPROD else codes.MAX + code - codes.CUMMAX
    return self._number(operation, before, x, dtype, 0)


@internal
@pure
def _number(code: uint256, x: uint256, y: uint256, dtype: uint256, parameter: int256) -> uint256:
    if dtype != words.F24:
        return integers._arithmetic(code, x, y, dtype)
    if code == codes.ADD:
        return f24._add(x, y)
    if code == codes.SUB:
        return f24._subtract(x, y)
    if code == codes.MUL:
        return f24._multiply(x, y)
    if code == codes.DIV:
        return f24._divide(x, y)
    if code == codes.REM:
        return f24._remainder(x, y)
    if code == codes.MAX:
        return f24._maximum(x, y)
    if code == codes.MIN:
        return f24._minimum(x, y)
    if x == f24.SATURATED:
        return f24.SATURATED
    if code == codes.SQRT:
        return f24._square_root(x)
    if code == codes.NEG:
        return f24._negative(x)
    if code == codes.ABS:
        return f24._absolute(x)
    if code == codes.SIGN:
        return f24._with_sign_of(x, f24.ONE) if x != 0 else 0
    return self._whole(code, x, parameter)


@internal
@pure
def _whole(code: uint256, x: uint256, away: int256) -> uint256:
    """
    @notice floor, ceil, round.
    @param  away  1: ties of `round` go away from zero, 0: to even.
    """
    fixed: int256 = f24._fixed(x)
    n: int256 = 0
    if code == codes.FLOOR:
        n = fixed >> f24.POINT
    elif code == codes.CEIL:
        n = -(-fixed >> f24.POINT)
    else:
        assert code == codes.ROUND, "st: operation"
        if away == 0:
            n = f24._nearest(fixed, f24.POINT)
        else:
            n = (abs(fixed) + 2**118) >> f24.POINT
            n = -n if fixed < 0 else n
    return f24._narrow(n, 0)


@internal
@pure
def _compared(code: uint256, x: uint256, y: uint256, dtype: uint256) -> uint256:
    """
    @notice eq, ne, lt, le, gt, ge.
    """
    a: int256 = f24._key(x) if dtype == words.F24 else words._read(x, dtype)
    b: int256 = f24._key(y) if dtype == words.F24 else words._read(y, dtype)
    if code == codes.EQ:
        return convert(a == b, uint256)
    if code == codes.NE:
        return convert(a != b, uint256)
    if code == codes.LT:
        return convert(a < b, uint256)
    if code == codes.LE:
        return convert(a <= b, uint256)
    if code == codes.GT:
        return convert(a > b, uint256)
    return convert(a >= b, uint256)


@internal
@pure
def _converted(x: uint256, source: uint256, to: uint256) -> uint256:
    """
    @notice convert: f24 to integers truncates and clamps, to bool is x != 0, to f24 rounds, the rest wraps.
    """
    if to == words.BOOL:
        return convert(x != 0, uint256)
    if source != words.F24:
        n: int256 = words._read(x, source)
        return f24._narrow(n, 0) if to == words.F24 else words._wrapped(n, to)
    fixed: int256 = f24._fixed(x)
    whole: int256 = abs(fixed) >> f24.POINT
    whole = -whole if fixed < 0 else whole
    return words._wrapped(max(words._least(to), min(words._greatest(to), whole)), to)


@internal
@pure
def _cast(x: uint256, source: uint256, to: uint256) -> uint256:
    """
    @notice bitcast: what is no value becomes one.
    """
    if source == words.F24:
        return x
    if to != words.F24:
        return words._wrapped(words._read(x, source), to)
    field: uint256 = (x >> 23) & 255
    if field == 255:
        return f24.SATURATED
    return x & (2**32 - 1) if field >= 31 else 0
