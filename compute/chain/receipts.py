"""The outcome of a transaction: its events, or why it failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compute.chain.answers import data_bytes, quantity
from compute.chain.contract import Contract
from compute.chain.errors import MalformedAnswer, Reverted, RpcRefused
from compute.chain.events import Event, decode_log
from compute.chain.flights import Flight
from compute.chain.rpc import Rpc


@dataclass(frozen=True)
class Receipt:
    """A transaction that succeeded, and the events of our contracts in it."""

    transaction_hash: str
    block_number: int
    gas_used: int
    events: tuple[Event, ...]

    def event(self, name: str) -> Event:
        """The first event of this name. Raises KeyError."""
        for event in self.events:
            if event.name == name:
                return event
        raise KeyError(name)


def receipts(rpc: Rpc, flight: Flight) -> list[Mapping[str, Any]]:
    """Of any version of the flight that is in a block: one at most. Raises MalformedAnswer."""
    answers = rpc.batch([("eth_getTransactionReceipt", (h,)) for h in flight.hashes])
    found = [answer for answer in answers if answer is not None]
    if not all(isinstance(a, dict) and isinstance(a.get("logs"), list) for a in found):
        raise MalformedAnswer("The RPC sent a receipt that is none.")
    return found


def read_receipt(
    rpc: Rpc,
    found: Mapping[str, Any],
    flight: Flight,
    message: Mapping[str, str],
    contracts: Sequence[Contract],
) -> Receipt:
    """Read a receipt. Raises Reverted, with the reason that `message` as a call gives."""
    number, gas_used = quantity(found.get("blockNumber")), quantity(found.get("gasUsed"))
    if quantity(found.get("status")) != 1:
        out_of_gas = gas_used >= flight.gas
        raise Reverted("out of gas" if out_of_gas else _reason(rpc, message, number))
    name = found.get("transactionHash")
    known = name if name in flight.hashes else flight.hashes[-1]
    return Receipt(str(known), number, gas_used, _events(found["logs"], contracts))


def _events(logs: list[Any], contracts: Sequence[Contract]) -> tuple[Event, ...]:
    known = {contract.address.lower(): contract for contract in contracts}
    found = []
    for log in logs:
        address = log.get("address") if isinstance(log, Mapping) else None
        emitter = known.get("0x" + data_bytes(address, length=20).hex())
        if emitter is not None and (event := decode_log(emitter, log)) is not None:
            found.append(event)
    return tuple(found)


def _reason(rpc: Rpc, message: Mapping[str, str], number: int) -> str:
    """Replay a failed transaction where it failed, to learn why."""
    for tag in (number, number - 1):
        try:
            rpc.request("eth_call", message, hex(tag))
        except Reverted as reverted:
            return reverted.reason
        except RpcRefused:
            continue
    return "no reason given"
