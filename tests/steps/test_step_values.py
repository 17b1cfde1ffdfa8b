"""Rules of single elements and of folds on many values: the contracts and the oracle agree."""

import random
import struct
from collections.abc import Sequence

import pytest

from compute.oracle import elementwise, indexing, products, reductions
from compute.oracle.array import Array, Data, from_bytes
from compute.program.form import Code
from compute.program.operations import OPERATIONS
from compute.program.types import DType, Type
from compute.trace import folds
from compute.trace.leaf import CHUNK, Leaf, Operand
from tests.steps import contracts
from tests.steps.rows import words_of
from tests.steps.values import COUNT, EDGES, array

FLOATS = sorted(elementwise._FLOATS.keys() | {"round", "integer_power"})
INTEGERS = sorted(set(elementwise._INTEGERS) | {n for n in OPERATIONS if n.startswith("shift_")})
COUNTS = ("population_count", "count_leading_zeros")
TWO = {"add", "sub", "mul", "div", "rem", "max", "min", "atan2", "power", "and", "or", "xor"}
KINDS = [dtype for dtype in DType if dtype.is_integer]
SUMS = {"sum": reductions.total, "product": reductions.product, "maximum": reductions.largest,
        "minimum": reductions.smallest}  # fmt: skip
BITS = {"all": reductions.every, "any": reductions.some, "parity": reductions.parity}


def differing(
    name: str, operands: Sequence[Array], wanted: Sequence[int], to: DType, parameter: int = 0
) -> list[str]:
    code = OPERATIONS[name].code
    contract = "StepsElementary" if 0x40 <= code < 0x60 else "StepsNumbers"
    rule = contracts.rule(code, to.value, operands[0].type.dtype.value, parameter)
    columns = [words_of(a) for a in operands]
    found = []
    for want, *words in zip(wanted, *columns, strict=True):
        got = contracts.result(contract, rule, words)
        if got != want:
            found.append(f"{name}{[hex(w) for w in words]} is {want:#x}, not {got:#x}")
    return found


def operands_of(name: str, dtype: DType, seed: object = 0) -> list[Array]:
    rng = random.Random(f"{name} {dtype} {seed}")
    count = 2 if name in TWO or name.startswith("shift_") or name in elementwise._COMPARE else 1
    found = [array(rng, dtype, COUNT) for _ in range(count)]
    if dtype.is_float:
        found[0].data[0] = found[-1].data[1] = None
    return found


def by_oracle(name: str, operands: Sequence[Array], to: DType, **attributes: object) -> list[int]:
    """Words by the oracle; where it decides on SATURATED, none."""
    data: list[int] = []
    for i in range(len(operands[0].data)):
        one = [Array(a.type, [a.data[i]]) for a in operands]
        if OPERATIONS[name].decides and any(None in a.data for a in one):
            data.append(contracts.NO_WORD)
            continue
        found: Data = elementwise.RULES[name](attributes, one)
        data += words_of(Array(type(operands[0].type)(to, (1,)), found))
    return data


@pytest.mark.parametrize("name", FLOATS)
def test_floats(name: str) -> None:
    attributes: dict[str, object] = {}
    parameters = [0]
    if name == "round":
        parameters = [0, 1]
    if name == "integer_power":
        parameters = [-(2**31), -3, -1, 0, 1, 2, 3, 7, 2**31 - 1]
    for parameter in parameters:
        if name == "round":
            attributes = {"mode": ("even", "away")[parameter]}
        if name == "integer_power":
            attributes = {"exponent": parameter}
        operands = operands_of(name, DType.F24, parameter)
        wanted = by_oracle(name, operands, DType.F24, **attributes)
        assert differing(name, operands, wanted, DType.F24, parameter) == []


@pytest.mark.parametrize("dtype", [*KINDS, DType.BOOL])
@pytest.mark.parametrize("name", [*INTEGERS, *COUNTS])
def test_integers(name: str, dtype: DType) -> None:
    if dtype is DType.BOOL and name not in ("and", "or", "xor", "not"):
        pytest.skip("of integers alone")
    operands = operands_of(name, dtype)
    assert differing(name, operands, by_oracle(name, operands, dtype), dtype) == []


@pytest.mark.parametrize("dtype", DType)
@pytest.mark.parametrize("name", sorted(elementwise._COMPARE))
def test_comparisons(name: str, dtype: DType) -> None:
    operands = operands_of(name, dtype)
    assert differing(name, operands, by_oracle(name, operands, DType.BOOL), DType.BOOL) == []


@pytest.mark.parametrize("to", DType)
@pytest.mark.parametrize("dtype", DType)
def test_conversions(dtype: DType, to: DType) -> None:
    for name in ("convert", "bitcast"):
        if dtype is not to and (name == "convert" or dtype.bits == to.bits):
            operands = operands_of(name, dtype, to)
            assert differing(name, operands, by_oracle(name, operands, to, dtype=to), to) == []


@pytest.mark.parametrize("dtype", [DType.I32, DType.U32])
def test_casts_of_patterns(dtype: DType) -> None:
    """Integers whose bits are those of floats, odd ones too; random ones are mostly dust."""
    words = [edge | sign << 31 for edge in EDGES for sign in (0, 1)]
    numbers = from_bytes(Type(dtype, (len(words),)), struct.pack(f"<{len(words)}I", *words))
    wanted = by_oracle("bitcast", [numbers], DType.F24, dtype=DType.F24)
    assert differing("bitcast", [numbers], wanted, DType.F24) == []


def test_is_finite() -> None:
    operands = operands_of("is_finite", DType.F24)
    wanted = by_oracle("is_finite", operands, DType.BOOL)
    assert {1, contracts.NO_WORD} == set(wanted)
    assert differing("is_finite", operands, wanted, DType.BOOL) == []


def folded(
    code: int, dtype: DType, words: Sequence[int], each: int, parameter: int = 0, *once: int
) -> int:
    """Chunk by chunk; every state is the one that players commit to."""
    rule = contracts.rule(code, dtype.value, dtype.value, parameter)
    operand = Operand(0, len(words), dtype.value, 0, (), ())
    row = Leaf(
        code, dtype.value, parameter, (), (), each, len(once), (operand,) * (len(once) + each)
    )
    state = contracts.start("StepsFolds", rule)
    for first in range(0, max(1, len(words) // each), CHUNK):
        chunk = words[first * each : (first + CHUNK) * each]
        there = [None if w == contracts.NO_WORD else w for w in chunk]
        terms = [there[i : i + each] for i in range(0, len(there), each)]
        wanted = folds.fold(row, state, first, once, terms)
        state = contracts.fold("StepsFolds", rule, state, first, [*once, *chunk])
        assert state == wanted
    return contracts.finish("StepsFolds", rule, state)


def one(dtype: DType, x: int | None) -> int:
    return words_of(Array(array(random.Random(0), dtype, 0).type, [x]))[0]


def terms(rng: random.Random, dtype: DType, saturated: bool = False) -> Array:
    """A row to fold; mostly without SATURATED, and mostly such that much cancels."""
    row = array(rng, dtype, rng.choice((0, 1, 2, 7, 8, 9, 40)))
    if dtype.is_float and not saturated:
        row = Array(row.type, [0 if x is None else x for x in row.data])
        if rng.random() < 0.5:
            row.data.extend(-x for x in row.data[1:])
    return row


@pytest.mark.parametrize("dtype", [DType.F24, *KINDS])
@pytest.mark.parametrize("name", [*SUMS, *BITS])
def test_folds(name: str, dtype: DType) -> None:
    if name in BITS and dtype.is_float:
        pytest.skip("of bits alone")
    rng = random.Random(f"{name} {dtype}")
    for _ in range(COUNT // 2):
        row = terms(rng, dtype, rng.random() < 0.2)
        want = one(dtype, ({**SUMS, **BITS})[name](row.data, dtype))
        assert folded(Code[name.upper()], dtype, words_of(row), 1) == want


@pytest.mark.parametrize("dtype", [DType.F24, *KINDS])
def test_products(dtype: DType) -> None:
    rng = random.Random(f"dot {dtype}")
    for _ in range(COUNT // 2):
        a = terms(rng, dtype, rng.random() < 0.2)
        b = array(rng, dtype, len(a.data))
        [want] = products.outer([a.data], [b.data], dtype)
        pairs = [w for pair in zip(words_of(a), words_of(b), strict=True) for w in pair]
        assert folded(Code.DOT, dtype, pairs, 2) == one(dtype, want)


def test_what_is_not_there() -> None:
    """It is no term of a sum or an extreme, and a factor 0 of a product."""
    there, none = 0x40400000, contracts.NO_WORD
    for code in (Code.SUM, Code.MAXIMUM, Code.MINIMUM):
        assert folded(code, DType.F24, [none, there, none], 1) == there
    assert folded(Code.DOT, DType.F24, [none, there, there, there], 2) == 0x41100000
    assert folded(Code.DOT, DType.F24, [none, 0x7FC00000], 2) == 0x7FC00000


@pytest.mark.parametrize("dtype", [DType.F24, *KINDS])
@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_positions(name: str, dtype: DType) -> None:
    rng = random.Random(f"{name} {dtype}")
    code = Code[name.upper()]
    for _ in range(COUNT // 2):
        row = terms(rng, dtype, rng.random() < 0.2)
        if None in row.data:
            assert folded(code, dtype, words_of(row), 1) == contracts.NO_WORD
        elif row.data:
            best = (max if name == "argmax" else min)(row.data)
            assert folded(code, dtype, words_of(row), 1) == row.data.index(best)


@pytest.mark.parametrize("dtype", [DType.F24, *KINDS])
@pytest.mark.parametrize("kind", range(5))
def test_scatters(kind: int, dtype: DType) -> None:
    """An element, and updates of its place among others that are not."""
    rng = random.Random(f"scatter {kind} {dtype}")
    name = ("set", "add", "mul", "min", "max")[kind]
    for _ in range(COUNT // 2):
        element, *updates = array(rng, dtype, rng.choice((1, 2, 8, 9, 40))).data
        here = [rng.random() < 0.3 for _ in updates]
        want = element
        for update, hits in zip(updates, here, strict=True):
            if hits and name == "set":
                want = update
            elif hits:
                lost = want is None or update is None
                want = None if lost else indexing._combine(name, dtype)(want, update)
        if name == "add":
            want = indexing._rounded(want, dtype)
        words = [
            one(dtype, x) if hits else contracts.NO_WORD
            for x, hits in zip(updates, here, strict=True)
        ]
        found = folded(Code.SCATTER, dtype, words, 1, kind, one(dtype, element))
        assert found == one(dtype, want)
