"""Single modules: the packed records lose nothing, and a trace answers like a list of changes."""

from functools import cache
from typing import Any

import boa
import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from tests.stateful import world
from tests.stateful.world import EVM_VERSION, LIBRARIES

# Module -> record -> width of its fields in bits; `address` is 160.
WIDTHS = {
    "delta_words": {
        "clock": (101, 3, 40, 40, 24, 32, 8, 8),
        "standing": (104, 24, 32, 40),
        "origin": ("address", 40, 8, 20, 20, 3, 1),
    },
    "checkpoint_words": {
        "round": (104, 48, 40, 32, 25, 1),
        "standing": (104, 48, 39, 1, 1, 1),
        "claim": ("address", 64, 25, 7),
        "baseline": (64, 32, 32, 1, 9, 40),
        "outcome": (3, 64, 48, 32, 1, 9, 1, 98),
    },
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


def round_trips(module: str) -> Any:
    """A contract that packs each record of a module and unpacks it again."""
    functions = "".join(
        f"""
@external
@pure
def {record}(record: {module}.{record.title()}) -> (uint256, {module}.{record.title()}):
    word: uint256 = {module}._pack_{record}(record)
    return word, {module}._unpack_{record}(word)
"""
        for record in WIDTHS[module]
    )
    return compiled(
        f"# pragma version 0.4.3\nfrom contracts._modules import {module}\n{functions}"
    ).deploy()


def fields(widths: tuple[int | str, ...]) -> st.SearchStrategy[tuple[Any, ...]]:
    def field(width: int | str) -> st.SearchStrategy[Any]:
        if width == "address":
            return st.binary(min_size=20, max_size=20).map(lambda b: "0x" + b.hex())
        top = 2 ** int(width) - 1
        return st.sampled_from([0, 1, top]) | st.integers(0, top)

    return st.tuples(*map(field, widths))


@pytest.mark.parametrize(("module", "record"), RECORDS)
def test_records_lose_nothing(module: str, record: str) -> None:
    """Every field comes back at any value its width allows: no field touches another."""
    round_trip = getattr(round_trips(module), record)

    @given(fields(WIDTHS[module][record]))
    @settings(max_examples=30, database=None)
    def check(values: tuple[Any, ...]) -> None:
        word, back = round_trip(values)
        assert [str(v).lower() for v in back] == [str(v) for v in values]
        assert (word == 0) == all(int(str(v), 0) == 0 for v in values)

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
