"""The contracts that do single steps, compiled from their sources and run in this process.

A call is a lean one into pyrevm where it can be imported, else into titanoboa's EVM, which is a
hundred times slower.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from eth_utils.crypto import keccak
from vyper.compiler import compile_from_file_input
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.settings import Settings

from compute.trace.leaf import CHUNK
from tests.stateful import world

CALLER = "0x" + "00" * 19 + "01"
NO_WORD = 2**256 - 1
BY_NUMBER = ("StepsNumbers", "StepsElementary", "StepsFolds", "StepsLoss")

State = tuple[int, int, int]


class Machine:
    """An EVM with the contracts that were asked for."""

    def __init__(self) -> None:
        import pyrevm

        self._evm = pyrevm.EVM(spec_id=world.EVM_VERSION.upper(), gas_limit=2**50)

    def deploy(self, code: bytes) -> str:
        return str(self._evm.deploy(CALLER, code))

    def call(self, to: str, data: bytes) -> bytes:
        """Raises `Reverted`."""
        try:
            return bytes(self._evm.message_call(CALLER, to, data))
        except RuntimeError as error:
            raise world.Reverted(_reason(str(error))) from None

    def gas(self) -> int:
        """Of the last call, with the transaction's own."""
        last = self._evm.result
        return last.gas_used if last else 0


def _reason(message: str) -> str:
    """What a contract says that refuses, from pyrevm's words."""
    found = re.search(r"output: 0x08c379a0([0-9a-f]*)", message)
    data = bytes.fromhex(found.group(1)) if found else bytes(64)
    return data[64 : 64 + int.from_bytes(data[32:64], "big")].decode()


class SlowMachine:
    """The same in titanoboa's EVM."""

    def deploy(self, code: bytes) -> str:
        return world.deploy_code(CALLER, code)

    def call(self, to: str, data: bytes) -> bytes:
        return world.call_raw(to, data, reads=True)


@cache
def machine() -> Machine | SlowMachine:
    try:
        return Machine()
    except ImportError:
        return SlowMachine()


@cache
def _compiled(name: str) -> dict[str, str]:
    bundle = FilesystemInputBundle([world.ROOT])
    return compile_from_file_input(
        bundle.load_file(Path("contracts", f"{name}.vy")),
        input_bundle=bundle,
        settings=Settings(evm_version=world.EVM_VERSION),
        output_formats=["bytecode", "bytecode_runtime"],
    )


def size(name: str) -> int:
    """Bytes of the deployed code."""
    return len(_compiled(name)["bytecode_runtime"].removeprefix("0x")) // 2


@cache
def address(name: str) -> str:
    code = bytes.fromhex(_compiled(name)["bytecode"].removeprefix("0x"))
    return machine().deploy(code + (_packed(32, 0) if name == "StepsJudge" else b""))


@cache
def _selector(signature: str) -> bytes:
    return keccak(text=signature)[:4]


def _call(name: str, signature: str, data: bytes) -> list[int]:
    answer = machine().call(address(name), _selector(signature) + data)
    return [int.from_bytes(answer[i : i + 32], "big") for i in range(0, len(answer), 32)]


def _packed(*numbers: int) -> bytes:
    return b"".join(n.to_bytes(32, "big") for n in numbers)


def rule(code: int, dtype: int, of_operand: int, parameter: int = 0) -> int:
    """As the contracts read it; `parameter` is signed."""
    return code | dtype << 16 | of_operand << 24 | (parameter & (2**64 - 1)) << 32


def result(name: str, rule: int, words: Sequence[int]) -> int:
    """One step.  Raises `Reverted` where the contract refuses."""
    data = _packed(rule, 64, len(words), *words)
    return _call(name, "result(uint256,uint256[])", data)[0]


def start(name: str, rule: int) -> State:
    return _state(_call(name, "start(uint256)", _packed(rule)))


def fold(name: str, rule: int, state: State, first_term: int, words: Sequence[int]) -> State:
    """One chunk."""
    data = _packed(rule, *state, first_term, 192, len(words), *words)
    return _state(_call(name, "fold(uint256,uint256[3],uint256,uint256[])", data))


def finish(name: str, rule: int, state: State) -> int:
    return _call(name, "finish(uint256,uint256[3])", _packed(rule, *state))[0]


def head(row: bytes) -> tuple[int, int, int, bool, str]:
    """Rule, elements, terms, is it a fold, its contract."""
    data = _packed(32, len(row)) + row.ljust(-(-len(row) // 32) * 32, b"\0")
    found, elements, terms, folds, _, steps = _call("StepsJudge", "shape(bytes)", data)
    return found, elements, terms, bool(folds), BY_NUMBER[steps]


def reads(
    row: bytes, element: int, first_term: int, indices: Sequence[int]
) -> tuple[list[int], bool]:
    """What to read next, and whether that is all."""
    padded = row.ljust(-(-len(row) // 32) * 32, b"\0")
    data = _packed(128, element, first_term, 160 + len(padded), len(row)) + padded
    data += _packed(len(indices), *indices)
    found = _call("StepsJudge", "reads(bytes,uint256,uint256,uint256[])", data)
    return found[3 : 3 + found[2]], bool(found[1])


def _state(words: Sequence[int]) -> State:
    high, middle, low = words
    return high, middle, low


Resolve = Callable[[int], int]


def element(row: bytes, number: int, resolve: Resolve) -> int:
    """An element of a row, from reading to result; `resolve` gives the word of an item."""
    found, _, terms, folds, name = head(row)
    if not folds:
        return result(name, found, _words(row, number, 0, resolve))
    state = start(name, found)
    for first in range(0, max(1, terms), CHUNK):
        state = fold(name, found, state, first, _words(row, number, first, resolve))
    return finish(name, found, state)


def _words(row: bytes, number: int, first_term: int, resolve: Resolve) -> list[int]:
    items, all_ = reads(row, number, first_term, [])
    if not all_:
        items, all_ = reads(row, number, first_term, [resolve(item) for item in items])
    assert all_
    return [resolve(item) for item in items]
