"""An in-process chain: the project's contracts on py-evm, called through their ABI.

The same sources as on Anvil, without the sockets: a call takes well under a millisecond, so state
machines can afford to ask the contracts everything after every step.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boa
from eth_abi.abi import decode, encode
from eth_utils import keccak, to_checksum_address
from vyper.cli.vyper_compile import compile_files
from vyper.compiler.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
NAMES = (
    "Neuron", "NeuronSale", "StakeVault", "Coinbase", "GroupRegistry", "DeltaRegistry",
    "CheckpointVoting",
)  # fmt: skip
REASON = bytes.fromhex("08c379a0")  # selector of Error(string)


class Reverted(Exception):
    """A call that reverted; `str` is the contract's reason."""


@dataclass(frozen=True)
class Artifact:
    """A compiled contract."""

    abi: list[dict[str, Any]]
    bytecode: bytes


def compile_contracts(names: Sequence[str] = NAMES, root: Path = ROOT) -> dict[str, Artifact]:
    """Compile contracts of the project below `root`."""
    sources = [root / "contracts" / f"{name}.vy" for name in names]
    settings = Settings(evm_version="prague")
    outputs = compile_files(sources, ["abi", "bytecode"], paths=[str(root)], settings=settings)
    return {
        Path(path).stem: Artifact(output["abi"], bytes.fromhex(output["bytecode"][2:]))
        for path, output in outputs.items()
    }


def blueprint(bytecode: bytes) -> bytes:
    """Deployment data of an ERC-5202 blueprint."""
    code = bytes.fromhex("fe7100") + bytecode
    return b"\x61" + len(code).to_bytes(2, "big") + bytes.fromhex("3d81600a3d39f3") + code


def _type(argument: dict[str, Any]) -> str:
    if argument["type"] == "tuple":
        return "(" + ",".join(map(_type, argument["components"])) + ")"
    return argument["type"]


@dataclass(frozen=True)
class Function:
    """One entry of an ABI."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    view: bool

    @classmethod
    def of(cls, entry: dict[str, Any]) -> "Function":
        return cls(
            entry["name"],
            tuple(map(_type, entry["inputs"])),
            tuple(map(_type, entry["outputs"])),
            entry["stateMutability"] in ("view", "pure"),
        )

    @cached_property
    def selector(self) -> bytes:
        return keccak(text=f"{self.name}({','.join(self.inputs)})")[:4]


class Contract:
    """A deployed contract; its functions are attributes, senders are named: `c.f(1, sender=alice)`."""

    def __init__(self, ledger: "Ledger", address: str, abi: list[dict[str, Any]]) -> None:
        self.address = address
        self._ledger = ledger
        functions = [Function.of(entry) for entry in abi if entry["type"] == "function"]
        self._functions = {(f.name, len(f.inputs)): f for f in functions}
        self._names = {f.name for f in functions}

    def __getattr__(self, name: str) -> Any:
        if name not in self._names:
            raise AttributeError(name)

        def call(*arguments: Any, sender: str | None = None, value: int = 0) -> Any:
            function = self._functions[name, len(arguments)]
            return self._ledger.call(self.address, function, arguments, sender, value)

        return call


class Ledger:
    """py-evm with a clock we hold and a count of the calls made."""

    def __init__(self, artifacts: dict[str, Artifact], now: int) -> None:
        self.artifacts = artifacts
        self.calls = 0
        self.reverts = 0
        self._env = boa.Env(fast_mode_enabled=True)
        self._env.enable_fast_mode()
        self.now = now

    @property
    def now(self) -> int:
        """Unix time of the next call, seconds."""
        return self._env.timestamp

    @now.setter
    def now(self, value: int) -> None:
        self._env.timestamp = value

    def account(self, name: str) -> str:
        """A named address."""
        return to_checksum_address(keccak(text=name)[12:])

    def fund(self, account: str, wei: int) -> None:
        """Set the ether of an account."""
        self._env.set_balance(account, wei)

    def balance(self, account: str) -> int:
        """Ether of an account, wei."""
        return self._env.get_balance(account)

    def deploy(self, name: str, *arguments: Any, sender: str) -> Contract:
        """Deploy a contract of the project."""
        artifact = self.artifacts[name]
        entry = next((e for e in artifact.abi if e["type"] == "constructor"), {"inputs": []})
        data = artifact.bytecode + encode([_type(i) for i in entry["inputs"]], arguments)
        return self.at(name, self.deploy_code(data, sender))

    def deploy_code(self, data: bytes, sender: str) -> str:
        """Run deployment data; the new address."""
        address, computation = self._env.deploy(sender=sender, bytecode=data)
        self._check(computation)
        return to_checksum_address(address)

    def at(self, name: str, address: str) -> Contract:
        """A contract of the project at an address."""
        return Contract(self, address, self.artifacts[name].abi)

    def call(
        self,
        address: str,
        function: Function,
        arguments: Sequence[Any],
        sender: str | None,
        value: int,
    ) -> Any:
        self.calls += 1
        computation = self._env.execute_code(
            to_address=address,
            sender=sender or "0x" + "00" * 20,
            value=value,
            data=function.selector + encode(function.inputs, arguments),
            is_modifying=not function.view,
        )
        self._check(computation)
        values = decode(function.outputs, computation.output)
        return values[0] if len(values) == 1 else (values or None)

    def _check(self, computation: Any) -> None:
        if not computation.is_error:
            return
        self.reverts += 1
        output = computation.output
        if output[:4] != REASON:
            raise Reverted(f"no reason: {output.hex()} {computation.error!r}")
        raise Reverted(decode(["string"], output[4:])[0])

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Take back everything done inside, the time as well."""
        with self._env.anchor():
            yield
