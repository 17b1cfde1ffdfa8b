"""Single modules: the packed records lose nothing, and a trace answers like a list of changes."""

from functools import cache
from typing import Any

import boa
import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from tests.stateful import world
from tests.stateful.world import EVM_VERSION, LIBRARIES

Width = int | str | tuple[int, int]
# Module -> record -> width of its fields in bits, and where they leave a bit free, of their room;
# `address` is 160.
WIDTHS: dict[str, dict[str, tuple[Width, ...]]] = {
    "delta_words": {
        "clock": (101, 3, 40, 40, 24, 32, 8, 8),
        "standing": (104, 24, 32, 40),
        "origin": ("address", 40, 8, 20, 20, 3, 1),
    },
    "checkpoint_words": {
        "round": (104, 48, 40, 32, 25, 1),
        "standing": (104, 48, (39, 40), 1, 1, 1),
        "claim": ("address", 64, 25, 7),
        "baseline": (64, 32, 32, 1, 9, 40),
        "outcome": (3, 64, 48, 32, 1, 9, 1, 98),
    },
}
# Records that are begun and then changed as words: the fields that are told, and those that are 1.
BEGUN = {
    ("checkpoint_words", "round"): ((2, 3, 4), ()),
    ("checkpoint_words", "standing"): ((2, 1, 4), (3,)),
}
RECORDS = [(module, record) for module, records in WIDTHS.items() for record in records]

TRACE = """
# pragma version 0.4.3
from contracts._modules import epoch_trace
initializes: epoch_trace

@external
def push(key: bytes32, since: uint256, amount: uint256):
    epoch_trace._push(key, since, amount)

@external
@view
def latest(key: bytes32) -> uint256:
    return epoch_trace._latest(key)

@external
@view
def at(key: bytes32, when: uint256) -> uint256:
    return epoch_trace._at(key, when)
"""


@cache
def compiled(source: str) -> Any:
    """Compiled once; each test deploys its own, for what a test does is undone."""
    boa.interpret.set_search_paths([str(LIBRARIES), str(world.ROOT)])
    # A source's own folder is asked first for imports: without a name, the working directory.
    name = str(world.ROOT / "test.vy")
    return boa.loads_partial(source, filename=name, compiler_args={"evm_version": EVM_VERSION})


def words(module: str) -> Any:
    """A contract that packs each record of a module, or begins it, and one that unpacks it."""
    functions = "".join(
        f"""
@external
@pure
def pack_{record}({arguments}) -> uint256:
    return {module}.{call}

@external
@pure
def unpack_{record}(word: uint256) -> {module}.{record.title()}:
    return {module}._unpack_{record}(word)
"""
        for record in WIDTHS[module]
        for arguments, call in [
            ("a: uint256, b: uint256, c: uint256", f"_new_{record}(a, b, c)")
            if (module, record) in BEGUN
            else (f"record: {module}.{record.title()}", f"_pack_{record}(record)")
        ]
    )
    return compiled(
        f"# pragma version 0.4.3\nfrom contracts._modules import {module}\n{functions}"
    ).deploy()


def packed(widths: tuple[Width, ...], values: tuple[Any, ...]) -> int:
    """The word of these values, from its low end."""
    word = at = 0
    for width, value in zip(widths, values, strict=True):
        word |= int(str(value), 0) << at
        at += _bits(width)[1]
    return word


def _bits(width: Width) -> tuple[int, int]:
    """Of a field, and of its room."""
    if isinstance(width, tuple):
        return width
    bits = width if isinstance(width, int) else 160
    return bits, bits


def fields(widths: tuple[Width, ...]) -> st.SearchStrategy[tuple[Any, ...]]:
    def field(width: Width) -> st.SearchStrategy[Any]:
        if width == "address":
            return st.binary(min_size=20, max_size=20).map(lambda b: "0x" + b.hex())
        top = 2 ** _bits(width)[0] - 1
        return st.sampled_from([0, 1, top]) | st.integers(0, top)

    return st.tuples(*map(field, widths))


@pytest.mark.parametrize(("module", "record"), RECORDS)
def test_records_lose_nothing(module: str, record: str) -> None:
    """Every field comes back at any value its width allows: no field touches another."""
    contract, widths = words(module), WIDTHS[module][record]
    pack, unpack = (getattr(contract, f"{verb}_{record}") for verb in ("pack", "unpack"))

    @given(fields(widths))
    @settings(max_examples=30, database=None)
    def check(values: tuple[Any, ...]) -> None:
        word = packed(widths, values)
        assert [str(v).lower() for v in unpack(word)] == [str(v) for v in values]
        if (module, record) not in BEGUN:
            assert pack(values) == word
            return
        told, ones = BEGUN[module, record]
        begun = {place: values[place] for place in told} | dict.fromkeys(ones, 1)
        expected = packed(widths, tuple(begun.get(place, 0) for place in range(len(widths))))
        assert pack(*(values[place] for place in told)) == expected

    check()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2**128 - 1)), max_size=12))
@settings(max_examples=40, database=None)
def test_a_trace_answers_like_a_list(steps: list[tuple[int, int]]) -> None:
    """V4: at every time, before the first change and after the last."""
    trace = compiled(TRACE).deploy()
    with boa.env.anchor():
        key, now, changes = b"\x01" * 32, 5, {}
        for step, amount in steps:
            now += step
            changes[now] = amount
            trace.push(key, now, amount)
        assert trace.latest(key) == changes.get(now, 0)
        for when in range(now + 2):
            past = [since for since in changes if since <= when]
            assert trace.at(key, when) == (changes[max(past)] if past else 0)
        assert trace.at(b"\x02" * 32, now) == 0


def test_a_trace_refuses_the_past_and_what_does_not_fit() -> None:
    """V4"""
    trace, key = compiled(TRACE).deploy(), b"\x03" * 32
    trace.push(key, 2**64 - 1, 2**128 - 1)
    assert trace.at(key, 2**64 - 1) == 2**128 - 1
    with boa.reverts("trace: past"):
        trace.push(key, 2**64 - 2, 1)
    for since, amount in ((2**64, 1), (2**64 - 1, 2**128)):
        with boa.reverts("trace: overflow"):
            trace.push(key, since, amount)
