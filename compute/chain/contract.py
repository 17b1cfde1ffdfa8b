"""Calldata, answers and logs of one contract, by its ABI. Reads only."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from eth_abi import decode, encode
from eth_abi.exceptions import EncodingError
from eth_utils import is_address, keccak, to_checksum_address

from compute.chain.agreement import Call
from compute.chain.answers import data_bytes
from compute.chain.errors import InvalidArgument, MalformedAnswer
from compute.chain.rpc import Rpc

MAX_RESULT_BYTES = 1 << 16
ZERO_ADDRESS = "0x" + "00" * 20

BlockTag = int | str  # a block number, "latest" or "finalized"


@dataclass(frozen=True)
class Function:
    selector: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class EventType:
    name: str
    topic: bytes
    indexed: tuple[tuple[str, str], ...]  # (name, type), in order
    plain: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Abi:
    """The functions and events of one contract. Vyper's default arguments make names ambiguous: the
    number of arguments picks the function."""

    functions: Mapping[tuple[str, int], Function]
    events: Mapping[bytes, EventType]

    def event(self, name: str) -> EventType:
        return next(event for event in self.events.values() if event.name == name)


@cache
def abi_document(contract: str) -> list[dict[str, Any]]:
    """The ABI shipped with this package, as JSON."""
    return json.loads(files("compute.chain").joinpath(f"abi/{contract}.json").read_bytes())


@cache
def load_abi(contract: str) -> Abi:
    """The ABI shipped with this package, indexed."""
    document = abi_document(contract)
    functions, events = {}, {}
    for entry in document:
        inputs = [(item["name"], _canonical(item)) for item in entry.get("inputs", ())]
        types = tuple(kind for _, kind in inputs)
        if entry["type"] == "function":
            outputs = tuple(_canonical(item) for item in entry["outputs"])
            selector = keccak(text=_signature(entry["name"], types))[:4]
            functions[entry["name"], len(types)] = Function(selector, types, outputs)
        elif entry["type"] == "event":
            topic = keccak(text=_signature(entry["name"], types))
            marked = list(zip(inputs, (item["indexed"] for item in entry["inputs"]), strict=True))
            indexed = tuple(field for field, is_indexed in marked if is_indexed)
            plain = tuple(field for field, is_indexed in marked if not is_indexed)
            events[topic] = EventType(entry["name"], topic, indexed, plain)
    return Abi(functions, events)


class Contract:
    """A contract of a known kind at an address, read through an RPC that is not trusted."""

    def __init__(self, rpc: Rpc, kind: str, address: str) -> None:
        self.kind = kind
        self.address = to_checksum_address(address)
        self.abi = load_abi(kind)
        self._rpc = rpc

    @property
    def rpc(self) -> Rpc:
        """Where it is read."""
        return self._rpc

    def call(self, name: str, *arguments: Any, at: BlockTag = "latest") -> Any:
        """Call a function in the state of block `at`: a value, or a tuple of values.

        Integers come as int, addresses checksummed, bytes32 as bytes. State changes the function
        would make are forgotten. Raises Reverted with the contract's reason.
        """
        return self.call_many([(name, arguments)], at=at)[0]

    def call_many(
        self, calls: Iterable[tuple[str, Sequence[Any]]], at: BlockTag = "latest"
    ) -> list[Any]:
        """Many calls in few round trips, all on the state of block `at`."""
        return call_across([(self, name, arguments) for name, arguments in calls], at)

    def question(self, name: str, arguments: Sequence[Any], at: BlockTag) -> Call:
        """A call as JSON-RPC asks it."""
        tag = hex(at) if isinstance(at, int) else at
        message = {"to": self.address, "data": "0x" + self.calldata(name, arguments).hex()}
        return "eth_call", [message, tag]

    def calldata(self, name: str, arguments: Sequence[Any]) -> bytes:
        """Encode a transaction or call. Raises InvalidArgument."""
        function = self.abi.functions[name, len(arguments)]
        try:
            for kind, value in zip(function.inputs, arguments, strict=True):
                if kind == "bytes32" and len(value) != 32:  # the codec would fill it up
                    raise EncodingError(f"{len(value)} bytes for 32")
            return function.selector + encode(function.inputs, arguments)
        except (EncodingError, TypeError) as error:
            raise InvalidArgument(f"{self.kind}.{name} cannot take that: {error}.") from None

    def decode(self, name: str, arguments: Sequence[Any], answer: Any) -> Any:
        """What an answer to `question` says."""
        function = self.abi.functions[name, len(arguments)]
        data = data_bytes(answer)
        if not data and function.outputs:
            raise MalformedAnswer(
                f"The RPC knows no {self.kind} at {self.address}. Has it caught up? Check that the "
                "deployment file belongs to this chain."
            )
        if len(data) > MAX_RESULT_BYTES:
            raise MalformedAnswer(f"The RPC sent {len(data)} bytes for one call to {self.kind}.")
        values = decode_values(function.outputs, data)
        return values[0] if len(values) == 1 else values


def call_across(
    calls: Sequence[tuple[Contract, str, Sequence[Any]]], at: BlockTag = "latest"
) -> list[Any]:
    """Calls of many contracts of one chain in few round trips: `Contract.call_many`."""
    if not calls:
        return []
    rpc = calls[0][0].rpc
    answers = rpc.batch([contract.question(name, given, at) for contract, name, given in calls])
    return [
        contract.decode(name, given, answer)
        for (contract, name, given), answer in zip(calls, answers, strict=True)
    ]


def checksummed(address: str) -> str:
    """The address as everybody writes it. Raises InvalidArgument if it is none."""
    if not is_address(address):
        raise InvalidArgument(f"'{address[:50]}' is not an address. Check that it is complete.")
    return to_checksum_address(address)


def decode_values(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """ABI-decode strictly; addresses come out checksummed."""
    try:
        values = decode(types, data)
    except Exception as error:  # eth_abi raises a dozen kinds for input it dislikes
        raise MalformedAnswer(f"The RPC sent bytes that are not ({', '.join(types)}).") from error
    return tuple(
        to_checksum_address(value) if kind == "address" else value
        for kind, value in zip(types, values, strict=True)
    )


def _canonical(item: Mapping[str, Any]) -> str:
    kind = str(item["type"])
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(_canonical(part) for part in item['components'])}){kind[5:]}"


def _signature(name: str, types: Sequence[str]) -> str:
    return f"{name}({','.join(types)})"
