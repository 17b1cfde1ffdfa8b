"""An EVM in this process, and contracts as Python objects.

Calls have no fee: gas is no part of the model, as it is always a loss on top.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import pyrevm

from economy.abi import Method

GAS = 2**50
WORD = 32


class Reverted(Exception):
    """The contract refused; the message is its reason, empty for the compiler's own checks."""


class Evm:
    """An empty chain with a clock that only its user turns."""

    def __init__(self, now: int) -> None:
        self._evm = pyrevm.EVM(spec_id="CANCUN", gas_limit=GAS)
        self.calls = 0
        self.now = now

    @property
    def now(self) -> int:
        """Unix time of the next call."""
        return self._now

    @now.setter
    def now(self, timestamp: int) -> None:
        self._now = timestamp
        self._evm.set_block_env(pyrevm.BlockEnv(timestamp=timestamp, gas_limit=GAS))

    def deploy(self, deployer: str, code: bytes) -> str:
        """Run creation code; the new contract's address."""
        return str(self._evm.deploy(deployer, code)).lower()

    def place(self, address: str, code: bytes) -> None:
        """Put runtime code at an address."""
        self._evm.insert_account_info(address, pyrevm.AccountInfo(code=code))

    def give_ether(self, address: str, wei: int) -> None:
        """Set a balance, in wei."""
        self._evm.set_balance(address, wei)

    def ether_of(self, address: str) -> int:
        """Balance in wei."""
        return int(self._evm.get_balance(address))

    def call(self, sender: str, to: str, data: bytes, value: int, reads: bool) -> bytes:
        """Send a call. Raises `Reverted`."""
        self.calls += 1
        try:
            answer = self._evm.message_call(sender, to, data, value, is_static=reads)
        except RuntimeError as error:
            raise Reverted(_reason(str(error))) from None
        return bytes(answer)


@dataclass(frozen=True)
class Contract:
    """A deployed contract: `contract.function(*arguments, sender=..., value=...)`."""

    evm: Evm
    address: str
    methods: dict[tuple[str, int], Method] = field(repr=False)

    def __getattr__(self, function: str) -> Any:
        def call(*arguments: Any, sender: str = NOBODY, value: int = 0) -> Any:
            method = self.methods[function, len(arguments)]
            data = method.selector + encode(method.inputs, arguments)
            answer = self.evm.call(sender, self.address, data, value, method.reads)
            values = decode(method.outputs, answer)
            return values[0] if len(values) == 1 else values

        return call


NOBODY = "0x" + "00" * 19 + "01"


def encode(types: tuple[str, ...], values: tuple[Any, ...]) -> bytes:
    """ABI encoding of words, structs of words and byte strings."""
    flat: list[Any] = []
    for value in values:
        flat += value if isinstance(value, tuple) else (value,)
    strings = {index for index, kind in enumerate(types) if kind == "bytes"}
    head, tail = b"", b""
    for index, value in enumerate(flat):
        if index in strings and len(flat) == len(types):
            head += word(WORD * len(flat) + len(tail))
            tail += word(len(value)) + value.ljust(-(-len(value) // WORD) * WORD, b"\0")
        else:
            head += word(value)
    return head + tail


def word(value: int | str | bytes) -> bytes:
    """A number, an address or 32 bytes as a word."""
    if isinstance(value, bytes):
        return value
    number = int(value, 16) if isinstance(value, str) else int(value)
    return number.to_bytes(WORD, "big")


def decode(types: tuple[str, ...], data: bytes) -> tuple[Any, ...]:
    """Values of words; an address as text."""
    return tuple(_value(kind, data[WORD * n : WORD * (n + 1)]) for n, kind in enumerate(types))


def _value(kind: str, data: bytes) -> Any:
    if kind == "bytes32":
        return data
    if kind == "address":
        return "0x" + data[12:].hex()
    number = int.from_bytes(data, "big")
    return bool(number) if kind == "bool" else number


def _reason(message: str) -> str:
    match = re.search(r"output: 0x08c379a0([0-9a-f]*)", message)
    if not match:
        return "" if "Revert" in message else message
    data = bytes.fromhex(match.group(1))
    return data[64 : 64 + int.from_bytes(data[32:64], "big")].decode()
