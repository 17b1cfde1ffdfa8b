"""Rules of losses on many values: the contract and the oracle agree."""

import random

from compute.oracle import losses
from compute.oracle.array import Array
from compute.oracle.number import from_pattern
from compute.program.types import DType, Type
from tests.steps import contracts
from tests.steps.values import COUNT, patterns

F24, I32, WIDE = DType.F24.value, DType.I32.value, 8
EXP_DISTANCE, POSITION, COUNTED, MEAN, SQUARED, BINARY = range(0x100, 0x106)
SUM = 0xA0
LIMIT = 2**32 - 1


def result(code: int, of_operand: int, words: list[int], classes: int = 0) -> int:
    return contracts.result("StepsLoss", contracts.rule(code, WIDE, of_operand, classes), words)


def output(rng: random.Random) -> int:
    """A word of an output: mostly of a usual size, sometimes at the end of what has a loss."""
    if rng.random() < 0.1:
        return rng.choice((0x47800000, 0x47800001, 0xC7800000, 0xC7800001, 0x7FC00000, 0))
    return patterns(rng, 1)[0]


def or_none(x: int | None) -> int:
    return contracts.NO_WORD if x is None else x


def scalar(dtype: DType, x: int | None, *shape: int) -> Array:
    return Array(Type(dtype, shape), [x])


def test_exp_distance() -> None:
    rng = random.Random("exp distance")
    for _ in range(COUNT):
        z, most = sorted((output(rng), output(rng)), key=lambda w: from_pattern(w) or 0)
        a, b = losses.fixed(from_pattern(most)), losses.fixed(from_pattern(z))
        want = None if a is None or b is None else losses.exp_fixed(a - b)
        assert result(EXP_DISTANCE, F24, [most, z]) == or_none(want)


def test_cross_entropy() -> None:
    """Of a position with a few classes, put together of all its steps."""
    rng = random.Random("position")
    for _ in range(COUNT):
        z = [output(rng) for _ in range(rng.randint(1, 5))]
        target = rng.randint(-1, len(z))
        numbers = [from_pattern(w) for w in z]
        outputs = Array(Type(DType.F24, (1, len(z))), numbers)
        want = losses.cross_entropy(outputs, scalar(DType.I32, target, 1))
        assert cross_entropy(z, target) == or_none(want)


def cross_entropy(z: list[int], target: int) -> int:
    numbers = [from_pattern(w) for w in z]
    most = z[numbers.index(max(numbers))] if None not in numbers else 0x7FC00000
    terms = [result(EXP_DISTANCE, F24, [most, w]) for w in z]
    if contracts.NO_WORD in terms:
        return contracts.NO_WORD
    sum_ = contracts.rule(SUM, WIDE, WIDE)
    state = contracts.fold("StepsFolds", sum_, contracts.start("StepsFolds", sum_), 0, terms)
    total = contracts.finish("StepsFolds", sum_, state)
    assert total == sum(terms)
    chosen = z[max(0, min(len(z) - 1, target))]
    term = result(POSITION, WIDE, [total, most, chosen, target & LIMIT], len(z))
    counted = result(COUNTED, I32, [target & LIMIT], len(z))
    return result(MEAN, WIDE, [term, counted])


def test_logarithms() -> None:
    """Of every size, through a position whose target is the largest output."""
    rng = random.Random("log")
    for _ in range(COUNT):
        total = rng.getrandbits(rng.randint(41, 71)) | 1 << 40
        want = max(losses.log_fixed(total) - 40 * losses.LN_2, 0)
        assert result(POSITION, WIDE, [total, 0, 0, 0], 1) == want


def test_squared_error() -> None:
    rng = random.Random("squared")
    for _ in range(COUNT):
        x, y = output(rng), output(rng)
        operands = [scalar(DType.F24, from_pattern(w)) for w in (x, y)]
        assert result(SQUARED, F24, [x, y]) == or_none(losses.squared_error(*operands))


def test_binary_cross_entropy() -> None:
    rng = random.Random("binary")
    for _ in range(COUNT):
        z, target = output(rng), rng.randint(-1, 2)
        operands = scalar(DType.F24, from_pattern(z)), scalar(DType.I32, target)
        want = losses.binary_cross_entropy(*operands)
        assert result(BINARY, F24, [z, target & LIMIT]) == or_none(want)
        assert result(COUNTED, I32, [target & LIMIT], 2) == int(target in (0, 1))


def test_mean() -> None:
    assert result(MEAN, WIDE, [7, 2]) == 3
    assert result(MEAN, WIDE, [7, 0]) == 7
