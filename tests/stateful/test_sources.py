"""Words of parameters and examples: contract and players agree, and what is not there is none."""

import hashlib
from collections.abc import Iterator

import numpy as np
import pytest
from eth_abi.abi import encode

from compute import merkle
from compute.dispute import sources
from compute.dispute.state import Evaluation
from compute.program.types import DType, Type
from compute.trace.rows import CLASS, COLUMN, NUMBER, PARAMETER
from compute.trace.run import column_words
from compute.trace.unroller import _source
from compute.trace.words import canonical
from tests.attacks.scene import refused
from tests.stateful.world import ZERO, Contract, deploy, rehearsal
from tests.support.disputes import _column

NONE = 2**256 - 1
PATTERNS = (0x3F800000, 0x0F800000, 0x8F800000, 0x0F7FFFFF, 0x80000001, 0xFF7FFFFF, 0x7F800000,
            0xFFC00000, 0x80000000, 0xBF000001)  # fmt: skip
WIDTHS = ("int8", "int16", "int32", "uint8", "uint16", "uint32", "int64")
SCHEMA = b"\7" * 32  # whatever an example begins with


@pytest.fixture(scope="module")
def contract() -> Iterator[Contract]:
    with rehearsal():
        yield deploy(ZERO, "StepsSources")


def evaluation(
    params_root: bytes = bytes(32), data: tuple[bytes, int] = (bytes(32), 1)
) -> Evaluation:
    return Evaluation(0, data[1], 0, bytes(32), params_root, data[0], bytes(32))


# Parameters


@pytest.mark.parametrize("leaves", [1, 2, 3, 5])
def test_parameters(contract: Contract, leaves: int) -> None:
    """In the first and the last leaf, dust, and what is no number."""
    words = np.resize(np.array(PATTERNS, np.uint32), 256 * (leaves - 1) + len(PATTERNS))
    data = words.astype("<u4").tobytes()
    parts = [data[i : i + 1024] for i in range(0, len(data), 1024)]
    said = evaluation(merkle.root(parts))
    row = _source(PARAMETER, Type(DType.F24, (len(words),)), 0, b"")
    for element in {*range(9), len(words) - 10, len(words) - 3, len(words) - 1}:
        opening = sources.parameter(parts, element // 256)
        found = contract.word(row, element, 0, said.words(), opening)
        assert found == canonical(words)[element]
    beyond = sources.parameter(parts, leaves - 1)
    assert contract.word(row, len(words), 0, said.words(), beyond) == NONE
    last = _source(PARAMETER, Type(DType.F24, (10,)), leaves - 1, b"")  # an array of its own
    assert contract.word(last, 2, 0, said.words(), beyond) == canonical(words)[-8]
    late = _source(PARAMETER, Type(DType.F24, (4,)), leaves, b"")  # begins after the last leaf
    assert contract.word(late, 0, 0, said.words(), beyond) == NONE


def test_parameters_are_those_of_the_root(contract: Contract) -> None:
    parts = [bytes([i]) * 1024 for i in range(3)]
    said = evaluation(merkle.root(parts)).words()
    row = _source(PARAMETER, Type(DType.F24, (768,)), 0, b"")
    paths = [merkle.proof(parts, i) for i in range(3)]

    def shown(count: int, leaf: int, path: list[bytes], element: int) -> int:
        opening = encode(["uint256", "bytes", "bytes32[]"], [count, parts[leaf], path])
        return int(contract.word(row, element, 0, said, opening))

    assert shown(3, 2, paths[2], 512) == 0  # dust, as each word of these is
    for count, leaf, path, element, reason in (
        (3, 1, paths[1], 0, "rf: root"),  # another place
        (3, 0, paths[0][:1], 0, "rf: path"),
        (3, 0, [*paths[0], bytes(32)], 0, "rf: path"),
        (2, 0, paths[0][:1], 0, "rf: root"),  # fewer leaves than there are
        (2, 1, paths[1][:1], 600, "rf: root"),
        (4, 2, [bytes(32), *paths[2]], 512, "rf: root"),  # more
        (2**64, 0, [bytes(32)] * 32, 0, "rf: leaf"),
    ):
        with refused(reason):
            shown(count, leaf, path, element)


# Examples


def examples(dtype: str, count: int) -> tuple[dict[str, np.ndarray], list[bytes], list[bytes]]:
    """Columns, the bytes of each example, the leaves of the set."""
    info, random = np.iinfo(dtype), np.random.default_rng(count)
    edges = [
        info.min,
        info.max,
        0,
        1,
        min(info.max, 2**31),
        min(info.max, 2**24 + 1),
        max(info.min, -3),
    ]
    values = np.array([random.permutation(edges) for _ in range(count)], dtype)
    columns = {"a": np.arange(3 * count, dtype=np.uint16).reshape(count, 3), "b": values}
    little = {n: x.astype(x.dtype.newbyteorder("<")) for n, x in columns.items()}
    shown = [SCHEMA + b"".join(little[n][i].tobytes() for n in "ab") for i in range(count)]
    ids = [hashlib.sha256(x).digest() for x in shown]
    schema = b"".join(_column(n, x) for n, x in columns.items())
    leaves = [schema, *(b"".join(ids[i : i + 32]) for i in range(0, count, 32))]
    return columns, shown, leaves


def column_row(name: str, mode: int, size: int) -> bytes:
    kind = Type(DType.F24 if mode >= NUMBER else DType.I32, (size,))
    return _source(COLUMN, kind, mode, hashlib.sha256(name.encode()).digest())


@pytest.mark.parametrize("mode", [0, CLASS, NUMBER, NUMBER - 64, NUMBER + 5])
@pytest.mark.parametrize("dtype", WIDTHS)
def test_columns(contract: Contract, dtype: str, mode: int) -> None:
    """Of the first example, of one at the end of a leaf, of the last one."""
    columns, shown, leaves = examples(dtype, 33)
    said = evaluation(data=(merkle.root(leaves), 33)).words()
    kind = Type(DType.F24 if mode >= NUMBER else DType.I32, (7,))
    for example in (0, 31, 32):
        wanted = column_words(columns["b"][example], mode, kind)
        opening = sources.column(leaves, example, shown[example])
        for element in range(7):
            found = contract.word(column_row("b", mode, 7), element, example, said, opening)
            assert found == wanted[element], (example, element)


def test_what_no_example_has(contract: Contract) -> None:
    """Another column, more elements, an example that ends before, one that is not in the set."""
    _, shown, leaves = examples("int32", 3)
    said = evaluation(data=(merkle.root(leaves), 3)).words()
    opening = sources.column(leaves, 2, shown[2])
    assert contract.word(column_row("c", 0, 7), 0, 2, said, opening) == NONE
    assert contract.word(column_row("b", 0, 7), 7, 2, said, opening) == NONE
    assert contract.word(column_row("b", 0, 7), 6, 2, said, opening) != NONE
    assert contract.word(column_row("b", 0, 7), 6, 3, said, opening) == NONE
    with refused("rf: example"):
        contract.word(column_row("b", 0, 7), 6, 1, said, opening)
    short = shown[2][:-1]
    cut = [leaves[0], hashlib.sha256(short).digest()]
    told = evaluation(data=(merkle.root(cut), 1)).words()
    opening = sources.column(cut, 0, short)
    assert contract.word(column_row("b", 0, 7), 6, 0, told, opening) == NONE
    assert contract.word(column_row("b", 0, 7), 5, 0, told, opening) != NONE


def test_examples_are_those_of_the_root(contract: Contract) -> None:
    """Another schema, another leaf of ids, a leaf after the last."""
    _, shown, leaves = examples("int32", 32)
    said = evaluation(data=(merkle.root(leaves), 32)).words()
    row, path = column_row("b", 0, 7), [merkle.proof(leaves, i) for i in range(2)]
    kinds = ["bytes", "bytes32[]", "bytes", "bytes32[]", "bytes"]
    own = [leaves[0], path[0], leaves[1], path[1], shown[0]]
    assert contract.word(row, 0, 0, said, encode(kinds, own)) != NONE
    for place, value, example, reason in (
        (0, leaves[0][:-1] + b"\1", 0, "rf: root"),
        (2, leaves[1][:-1] + b"\1", 0, "rf: root"),
        (1, [], 0, "rf: path"),
        (3, [bytes(32), *path[1]], 0, "rf: path"),
        (3, [], 32, "rf: leaf"),
    ):
        told = [*own[:place], value, *own[place + 1 :]]
        with refused(reason):
            contract.word(row, 0, example, said, encode(kinds, told))


def test_a_source_is_asked_for_its_own_kind_of_row(contract: Contract) -> None:
    row = _source(0x12, Type(DType.F24, (1,)), 0, bytes(32))
    with refused("rf: another proof"):
        contract.word(row, 0, 0, evaluation().words(), b"")
