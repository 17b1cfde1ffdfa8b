"""The whole protocol in one process, from the very sources of `contracts/`.

Everything is a lean call into titanoboa's EVM: no transaction wrappers, no source maps. A call
that reverts raises `Reverted` with the contract's reason. `Calls` counts what was sent and read.

`EVM_VERSION` in the environment names the upgrade of Ethereum that is compiled for and whose rules
the EVM has; by default cancun, the oldest that a network of networks.yaml asks for.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import boa
import snekmate.utils
from boa.util.abi import Address
from boa.vm.py_evm import GENESIS_PARAMS
from eth._utils.address import generate_contract_address
from eth.chains.mainnet import MainnetChain
from eth.db.atomic import AtomicDB
from eth.tools.builder import chain as builder
from eth_abi.abi import decode, encode
from eth_keys.datatypes import PrivateKey
from eth_utils.crypto import keccak
from vyper.compiler.output import build_abi_output

from economy.abi import Method, methods_of, type_of

ROOT = Path(__file__).parents[2]
EVM_VERSION = os.environ.get("EVM_VERSION", "cancun")
LIBRARIES = Path(next(iter(snekmate.utils.__path__))).parents[1]
ZERO = "0x" + "00" * 20
NOTHING = bytes(32)
NRN = 10**18
DAY = 86_400
EPOCH = 7 * DAY
FOUR_YEARS = 1_461 * DAY
MIN_BOND = 50 * NRN
RATE = 1_000  # NRN wei per wei
CHALLENGE = 3 * DAY  # seconds after its block in which a claim may be challenged
CHALLENGE_BOND = 10**17  # wei
STEPS = ("StepsNumbers", "StepsElementary", "StepsFolds", "StepsLoss")
_REFEREE_NONCE = 8 + len(STEPS) + 2  # after the rest, and what it is made of
T0 = 1_800_000_000
MAX = 2**256 - 1

CONFIG: dict[str, Any] = {
    "model_hash": keccak(text="model"),
    "genesis_checkpoint": keccak(text="genesis checkpoint"),
    "genesis_tip": keccak(text="genesis training set"),
    "commit_window": 4 * 3_600,
    "reveal_window": 1_800,
    "vote_window": 5_400,
    "checkpoint_quorum_bps": 3_334,
    "delta_quorum_bps": 2_000,
    "delta_period": 7 * DAY,
    "bond": MIN_BOND,
    "min_improvement": 1,
    "max_improvement": 1,
    "keeper_bps": 2_000,
}

Log = tuple[str, list[bytes], bytes]  # the contract that tells it, topics, data
Calls: Counter[str] = Counter()
_meters: list[list[int]] = []  # see `metered`
_listeners: list[list[Log]] = []  # see `heard`
SOURCES: dict[str, str] = {}  # contracts of the tests' own, by name


class Reverted(Exception):
    """The contract refused; the message is its reason, empty for the compiler's own checks."""


@dataclass(frozen=True)
class Account:
    """A key whose transactions and signatures the tests make."""

    key: PrivateKey
    address: str

    @classmethod
    def numbered(cls, number: int) -> "Account":
        key = PrivateKey(number.to_bytes(32, "big"))
        return cls(key, key.public_key.to_address())


@dataclass(frozen=True)
class Contract:
    """A deployed contract: `contract.function(*arguments, sender=..., value=...)`."""

    name: str
    address: str

    def __getattr__(self, function: str) -> Any:
        if all(name != function for name, _ in _methods(self.name)):
            raise AttributeError(f"{self.name} has no function {function}")

        def call(*arguments: Any, sender: str = ZERO, value: int = 0) -> Any:
            method = _methods(self.name)[function, len(arguments)]
            return _call(self.address, method, arguments, sender, value)

        return call

    def told(self, logs: list[Log]) -> list[tuple[str, dict[str, Any]]]:
        """The events of this contract among these: name, values."""
        events = {
            keccak(text=_signature(e)): e for e in _compiled(self.name).abi if e["type"] == "event"
        }
        return [
            _values(events[topics[0]], topics[1:], data)
            for address, topics, data in logs
            if address == self.address
        ]


@dataclass(frozen=True)
class Group:
    """The two contracts of a group, its clock and what it was created with."""

    id: int
    parent: int
    voting: Contract
    deltas: Contract
    config: dict[str, Any]
    genesis_time: int

    @property
    def period(self) -> int:
        c = self.config
        return int(c["commit_window"] + c["reveal_window"] + c["vote_window"])

    def block(self, now: int) -> int:
        return (now - self.genesis_time) // self.period

    def start(self, block_index: int) -> int:
        return self.genesis_time + block_index * self.period

    def reveal_at(self, block_index: int) -> int:
        return self.start(block_index) + int(self.config["commit_window"])

    def vote_at(self, block_index: int) -> int:
        return self.reveal_at(block_index) + int(self.config["reveal_window"])


class World:
    """The eight contracts, a sale about to open and a handful of people with ether."""

    def __init__(self, deployer: int = 100) -> None:
        boa.env.enable_fast_mode()
        self.people = [Account.numbered(number) for number in range(1, 8)]
        self.beneficiary = Account.numbered(99).address
        self.now = T0
        self.start, self.end = T0 + DAY, T0 + 31 * DAY
        self._deploy(Account.numbered(deployer).address)
        for person in self.people:
            give_ether(person.address, 10**24)

    def _deploy(self, deployer: str) -> None:
        blueprints = [_deploy_blueprint(deployer, n) for n in ("DeltaRegistry", "CheckpointVoting")]
        names = ("NeuronSale", "StakeVault", "Coinbase", "GroupRegistry", "Neuron")
        sale, vault, coinbase, registry, nrn = (created(deployer, nonce) for nonce in range(2, 7))
        self._deployer, self.referee_address = deployer, created(deployer, _REFEREE_NONCE)
        arguments = (
            (nrn, self.start, self.end, RATE, self.beneficiary, 730 * DAY),
            (nrn, registry),
            (nrn, sale, vault, registry),
            (nrn, vault, coinbase, self.referee_address, *blueprints, MIN_BOND),
            (sale, coinbase),
        )
        self.sale, self.vault, self.coinbase, self.registry, self.nrn = (
            deploy(deployer, name, *values) for name, values in zip(names, arguments, strict=True)
        )
        assert self.nrn.address == nrn
        self.sponsorship = deploy(deployer, "Sponsorship", vault, registry)

    @cached_property
    def referee(self) -> Contract:
        """Deployed when it is asked for: its contracts take seconds to compile."""
        names = (*STEPS, "StepsSources")
        deployed = {name: deploy(self._deployer, name) for name in names}
        steps = [deployed[name].address for name in STEPS]
        judge = deploy(self._deployer, "StepsJudge", steps)
        arguments = (self.registry.address, judge.address, deployed["StepsSources"].address)
        referee = deploy(self._deployer, "Referee", *arguments, CHALLENGE_BOND)
        assert referee.address == self.referee_address
        return referee

    @property
    def now(self) -> int:
        """Unix time of the next call."""
        return int(boa.env.evm.patch.timestamp)

    @now.setter
    def now(self, timestamp: int) -> None:
        boa.env.evm.patch.timestamp = timestamp

    @property
    def epoch(self) -> int:
        return self.now // EPOCH

    def sell(self, *amounts: int) -> None:
        """Open the sale, sell these NRN wei to the people in order, and let it end."""
        self.now = self.start
        for person, amount in zip(self.people, amounts, strict=False):
            self.sale.buy(sender=person.address, value=amount // RATE)
        self.now = self.end

    def create_group(self, creator: str = ZERO, **changes: Any) -> Group:
        """Create a group with `CONFIG` and these changes."""
        config = CONFIG | changes
        number = self.registry.create_group(tuple(config.values()), sender=creator)
        return self._group(number, config)

    def fork_group(self, parent: int, height: int, version: int, **changes: Any) -> Group:
        """Fork a group with `CONFIG` and these changes."""
        config = CONFIG | {"model_hash": keccak(text="wider model")} | changes
        number = self.registry.fork_group(parent, height, version, tuple(config.values()))
        return self._group(number, config)

    def allow(self, *spenders: Contract) -> None:
        """Let contracts take anybody's tokens: bonds and stakes."""
        for person in self.people:
            for spender in spenders:
                self.nrn.approve(spender.address, MAX, sender=person.address)

    def _group(self, number: int, config: dict[str, Any]) -> Group:
        voting = Contract("CheckpointVoting", self.registry.voting_of(number))
        deltas = Contract("DeltaRegistry", self.registry.deltas_of(number))
        self.allow(voting)
        return Group(number, self.registry.parent_of(number), voting, deltas, config, self.now)


@contextmanager
def rehearsal() -> Iterator[None]:
    """Undo on exit all that happens inside, the clock included."""
    with boa.env.anchor():
        yield


@contextmanager
def metered() -> Iterator[list[int]]:
    """Gas of each call that is sent inside, as a transaction of its own whose storage is cold,
    before refunds. What was done before cannot be undone any more."""
    gas: list[int] = []
    _meters.append(gas)
    try:
        yield gas
    finally:
        _meters.remove(gas)


@contextmanager
def heard() -> Iterator[list[Log]]:
    """All that contracts tell in calls that are sent inside."""
    logs: list[Log] = []
    _listeners.append(logs)
    try:
        yield logs
    finally:
        _listeners.remove(logs)


def _signature(event: dict[str, Any]) -> str:
    return f"{event['name']}({','.join(map(type_of, event['inputs']))})"


def _values(event: dict[str, Any], topics: list[bytes], data: bytes) -> tuple[str, dict[str, Any]]:
    """Of indexed fields the topics, of the others the data."""
    inputs, indexed = event["inputs"], iter(topics)
    plain = iter(decode([type_of(item) for item in inputs if not item["indexed"]], data))
    return event["name"], {
        item["name"]: decode([type_of(item)], next(indexed))[0] if item["indexed"] else next(plain)
        for item in inputs
    }


def deploy(deployer: str, name: str, *arguments: Any) -> Contract:
    """Deploy one contract of this project."""
    compiled = _compiled(name)
    entry: dict[str, Any] = next(
        (e for e in compiled.abi if e["type"] == "constructor"), {"inputs": []}
    )
    code = compiled.bytecode + encode([type_of(item) for item in entry["inputs"]], arguments)
    return Contract(name, deploy_code(deployer, code))


def deploy_code(deployer: str, code: bytes) -> str:
    """Run creation code; the new contract's address."""
    address, result = boa.env.deploy(sender=_address(deployer), bytecode=code)
    if result.is_error:
        raise Reverted(_reason(result.output))
    return str(address).lower()


def created(deployer: str, nonce: int) -> str:
    """Address of the contract that an account creates with a nonce."""
    return "0x" + generate_contract_address(_address(deployer).canonical_address, nonce).hex()


def ether_of(address: str) -> int:
    """Balance in wei."""
    return int(boa.env.get_balance(_address(address)))


def give_ether(address: str, wei: int) -> None:
    boa.env.set_balance(_address(address), wei)


@dataclass(frozen=True)
class _Compiled:
    bytecode: bytes
    abi: list[dict[str, Any]]


@cache
def _compiled(name: str) -> _Compiled:
    boa.interpret.set_search_paths([str(LIBRARIES), str(ROOT)])
    options = {"evm_version": EVM_VERSION}
    if name in SOURCES:
        data = boa.loads_partial(SOURCES[name], compiler_args=options).compiler_data
    else:
        source = str(ROOT / "contracts" / f"{name}.vy")
        data = boa.load_partial(source, compiler_args=options).compiler_data
    return _Compiled(data.bytecode, build_abi_output(data))


@cache
def _methods(name: str) -> dict[tuple[str, int], Method]:
    return methods_of(_compiled(name).abi)


@cache
def _address(text: str) -> Address:
    return Address(text)


def _deploy_blueprint(deployer: str, name: str) -> str:
    code = bytes.fromhex("fe7100") + _compiled(name).bytecode  # ERC-5202
    copier = b"\x61" + len(code).to_bytes(2, "big") + bytes.fromhex("3d81600a3d39f3")
    return deploy_code(deployer, copier + code)


def _call(to: str, method: Method, arguments: tuple[Any, ...], sender: str, value: int) -> Any:
    Calls["reads" if method.reads else "calls"] += 1
    data = method.selector + encode(method.inputs, arguments)
    output = call_raw(to, data, sender, value, method.reads)
    values = decode(method.outputs, output)
    return values[0] if len(values) == 1 else values


def call_raw(
    to: str, data: bytes, sender: str = ZERO, value: int = 0, reads: bool = False
) -> bytes:
    """Call any contract with any data; what it returns."""
    target = _address(to)
    if _meters and not reads:
        boa.env.evm.vm.state.lock_changes()
    result = boa.env.evm.execute_code(
        sender=_address(sender),
        to=target,
        gas=30_000_000,
        gas_price=0,
        value=value,
        bytecode=boa.env.evm.get_code(target),
        data=data,
        is_static=reads,
        fake_codesize=None,
        start_pc=0,
        ir_executor=None,
        contract=None,
    )
    if result.is_error:
        raise Reverted(_reason(result.output))
    if not reads:
        of_data = 4 * data.count(0) + 16 * (len(data) - data.count(0))
        for meter in _meters:
            meter.append(21_000 + of_data + int(result.get_gas_used()))
        for listener in _listeners:
            listener += [_log(*entry) for entry in result.get_log_entries()]
    return bytes(result.output)


def _log(address: bytes, topics: tuple[int, ...], data: bytes) -> Log:
    return "0x" + address.hex(), [topic.to_bytes(32, "big") for topic in topics], data


def _reason(output: bytes) -> str:
    if output[:4] == keccak(text="Error(string)")[:4]:
        return str(decode(["string"], output[4:])[0])
    return ""


def _obey(version: str) -> None:
    """Give titanoboa's EVM, which is still empty, the rules of one upgrade."""
    rules = getattr(builder, f"{version}_at")(1)
    chain = builder.build(MainnetChain, rules)
    boa.env.evm.chain = chain.from_genesis(AtomicDB(), GENESIS_PARAMS)
    boa.env.evm._init_vm()


_obey(EVM_VERSION)
