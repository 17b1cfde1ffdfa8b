"""The contracts that do single steps, compiled from their sources and run in this process.

`CONTRACTS_ROOT` in the environment names another folder with `contracts/` and `interfaces/`: the
same tests then judge altered sources (`scripts/mutate.py`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pyrevm
from eth_utils.crypto import keccak
from vyper.compiler import compile_from_file_input
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.settings import Settings

ROOT = Path(os.environ.get("CONTRACTS_ROOT", Path(__file__).parents[2]))
CALLER = "0x" + "00" * 19 + "01"
NO_WORD = 2**256 - 1
WORDS = "uint256[]"

State = tuple[int, int, int]


@cache
def creation_code(name: str) -> bytes:
    bundle = FilesystemInputBundle([ROOT])
    found = compile_from_file_input(
        bundle.load_file(Path("contracts", f"{name}.vy")),
        input_bundle=bundle,
        settings=Settings(evm_version="cancun"),
        output_formats=["bytecode"],
    )
    return bytes.fromhex(found["bytecode"].removeprefix("0x"))


@cache
def _evm() -> pyrevm.EVM:
    return pyrevm.EVM(spec_id="CANCUN", gas_limit=2**50)


@cache
def address(name: str) -> str:
    return str(_evm().deploy(CALLER, creation_code(name)))


def size(name: str) -> int:
    """Bytes of runtime code."""
    return len(_evm().get_code(address(name)))


@cache
def _selector(signature: str) -> bytes:
    return keccak(text=signature)[:4]


def _call(name: str, signature: str, data: bytes) -> bytes:
    return bytes(_evm().message_call(CALLER, address(name), _selector(signature) + data))


def gas() -> int:
    """Of the last call, without the transaction's own."""
    return int(_evm().result.gas_used)


def _packed(*numbers: int) -> bytes:
    return b"".join(n.to_bytes(32, "big") for n in numbers)


def rule(code: int, dtype: int, of_operand: int, parameter: int = 0) -> int:
    """As the contracts read it; `parameter` is signed."""
    return code | dtype << 16 | of_operand << 24 | (parameter & (2**64 - 1)) << 32


def result(name: str, rule: int, words: Sequence[int]) -> int:
    """One step.  Raises RuntimeError where the contract refuses."""
    data = _packed(rule, 64, len(words), *words)
    return int.from_bytes(_call(name, f"result(uint256,{WORDS})", data), "big")


def start(name: str, rule: int) -> State:
    return _state(_call(name, "start(uint256)", _packed(rule)))


def fold(name: str, rule: int, state: State, first_term: int, words: Sequence[int]) -> State:
    """One chunk."""
    data = _packed(rule, *state, first_term, 192, len(words), *words)
    return _state(_call(name, f"fold(uint256,uint256[3],uint256,{WORDS})", data))


def finish(name: str, rule: int, state: State) -> int:
    data = _packed(rule, *state)
    return int.from_bytes(_call(name, "finish(uint256,uint256[3])", data), "big")


def head(row: bytes) -> tuple[int, int, int, bool, int]:
    """Rule, elements, terms, is it a fold, number of its contract."""
    data = _packed(32, len(row)) + row.ljust(-(-len(row) // 32) * 32, b"\0")
    answer = _call("StepsPlaces", "head(bytes)", data)
    rule, elements, terms, folds, steps = _numbers(answer)
    return rule, elements, terms, bool(folds), steps


def reads(
    row: bytes, element: int, first_term: int, words: Sequence[int]
) -> tuple[list[int], bool]:
    """What to read next, and whether that is all."""
    padded = row.ljust(-(-len(row) // 32) * 32, b"\0")
    data = _packed(128, element, first_term, 160 + len(padded), len(row)) + padded
    data += _packed(len(words), *words)
    found = _numbers(_call("StepsPlaces", f"reads(bytes,uint256,uint256,{WORDS})", data))
    return found[3 : 3 + found[2]], bool(found[1])


def _numbers(data: bytes) -> list[int]:
    return [int.from_bytes(data[i : i + 32], "big") for i in range(0, len(data), 32)]


def _state(data: bytes) -> State:
    high, middle, low = _numbers(data)
    return high, middle, low
