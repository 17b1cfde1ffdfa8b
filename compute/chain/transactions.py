"""One transaction at a time, never twice.

Before a transaction is made, all earlier ones of the account must be in a block; so what the gas
estimate runs on includes them, and an action that already happened reverts in the estimate
("cv: commitment exists") instead of being paid for again. After signing there is one transaction
hash: whatever the network does, that hash is what we send again and wait for.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from web3 import Web3
from web3.exceptions import Web3Exception
from web3.providers.base import BaseProvider
from web3.types import RPCEndpoint, RPCResponse, TxParams, Wei

from compute.chain.contract import Contract, abi_document, checksummed
from compute.chain.errors import (
    InvalidArgument,
    MalformedAnswer,
    NoFunds,
    Reverted,
    RpcRefused,
    RpcUnavailable,
    TransactionPending,
)
from compute.chain.events import Event, decode_log
from compute.chain.rpc import Rpc, data_bytes, quantity
from compute.units import ETHER

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

GAS_MARGIN = (3, 2)  # the transaction may find a period to roll that the estimate did not
MAX_FEE = ETHER  # a lying RPC may suggest any price


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


class _Provider(BaseProvider):
    """Lets web3 speak through our bounded transport; errors are already ours."""

    def __init__(self, rpc: Rpc) -> None:
        super().__init__()
        self._rpc = rpc

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        return {"jsonrpc": "2.0", "id": 1, "result": self._rpc.request(method, *params)}


class Transactor:
    """Signs with one account and sees each transaction into a block.

    Args:
        contracts: those whose events are reported in receipts.
        timeout: seconds to wait for a block, before TransactionPending.
    """

    def __init__(
        self,
        rpc: Rpc,
        chain_id: int,
        account: "LocalAccount",
        contracts: Sequence[Contract],
        *,
        timeout: float = 180.0,
    ) -> None:
        self.address: str = account.address
        self._rpc = rpc
        self._chain_id = chain_id
        self._account = account
        self._contracts = contracts
        self._timeout = timeout
        self._web3 = Web3(_Provider(rpc))
        self._one_at_a_time = Lock()

    def transact(self, contract: Contract, name: str, *arguments: Any, value: int = 0) -> Receipt:
        """Call a function and wait until it is in a block.

        Raises Reverted with the contract's reason (before anything is sent, where it can be
        foreseen), NoFunds, RpcUnavailable, or TransactionPending if the outcome is not known yet.
        """
        bound = self._web3.eth.contract(
            address=Web3.to_checksum_address(contract.address), abi=abi_document(contract.kind)
        )
        try:
            call = bound.functions[name](
                *(checksummed(a) if isinstance(a, str) else a for a in arguments)
            )
        except (Web3Exception, ValueError, TypeError):
            values = ", ".join(str(a)[:80] for a in arguments)
            raise InvalidArgument(f"{contract.kind}.{name} cannot take ({values}).") from None
        with self._one_at_a_time:
            self._wait_for_earlier()
            try:
                transaction = self._prepare(call, name, value)
            except (Web3Exception, ValueError, TypeError, KeyError, AttributeError) as error:
                raise MalformedAnswer(
                    f"The RPC at {self._rpc.url} gave an answer that makes no sense: {error}."
                ) from error
            signed = self._account.sign_transaction(cast(Any, transaction))
            transaction_hash = "0x" + bytes(signed.hash).hex()
            self._broadcast("0x" + bytes(signed.raw_transaction).hex(), transaction_hash)
            return self._receipt(transaction, transaction_hash, contract)

    def _prepare(self, call: Any, name: str, value: int) -> TxParams:
        sender = Web3.to_checksum_address(self.address)
        terms: TxParams = {"from": sender, "value": Wei(value), "chainId": self._chain_id}
        balance = quantity(self._rpc.request("eth_getBalance", self.address, "latest"))
        if balance < value:
            raise self._no_funds(name, balance, value)
        try:
            estimate = call.estimate_gas(terms)
        except RpcRefused as error:
            if "insufficient funds" in str(error).lower():
                raise self._no_funds(name, balance, value) from None
            raise
        terms["gas"] = estimate * GAS_MARGIN[0] // GAS_MARGIN[1]
        terms["nonce"] = self._web3.eth.get_transaction_count(sender)
        if "baseFeePerGas" not in self._web3.eth.get_block("latest"):
            terms["gasPrice"] = self._web3.eth.gas_price  # Rootstock: priced the old way
        transaction: TxParams = call.build_transaction(terms)
        price = transaction.get("maxFeePerGas", transaction.get("gasPrice", 0))
        fee = terms["gas"] * int(price)
        if fee > MAX_FEE:
            raise RpcRefused(
                f"The RPC wants up to {fee / ETHER:.3g} ETH of gas for {name}, more than "
                f"{MAX_FEE / ETHER:g}. Wait for a calmer hour, or ask another RPC."
            )
        if balance < fee + value:
            raise self._no_funds(name, balance, fee + value)
        return transaction

    def _no_funds(self, name: str, balance: int, cost: int) -> NoFunds:
        needed = f" and needs up to {cost / ETHER:.3g}" if cost else ""
        return NoFunds(
            f"{self.address} has {balance / ETHER:.3g} ETH{needed} for {name}. "
            "Send it some ETH and try again."
        )

    def _wait_for_earlier(self) -> None:
        deadline = time.monotonic() + self._timeout
        for pause in _pauses():
            counts = self._rpc.batch(
                [("eth_getTransactionCount", (self.address, tag)) for tag in ("latest", "pending")]
            )
            mined, known = (quantity(count) for count in counts)
            if known <= mined:
                return
            if time.monotonic() > deadline:
                raise TransactionPending(
                    f"{self.address} has a transaction (nonce {mined}) that no block takes. "
                    "Wait for it, or replace it with your wallet.",
                    "",
                )
            time.sleep(pause)

    def _broadcast(self, raw: str, transaction_hash: str) -> None:
        try:
            self._rpc.request("eth_sendRawTransaction", raw)
        except (RpcRefused, RpcUnavailable) as error:
            # An attempt that seemed to fail may have arrived: "already known", "nonce too low".
            try:
                known = self._rpc.request("eth_getTransactionByHash", transaction_hash)
            except RpcUnavailable:
                raise TransactionPending(
                    f"The RPC went away while transaction {transaction_hash} was sent. "
                    "Look for it before you repeat the command.",
                    transaction_hash,
                ) from error
            if known is None:
                raise

    def _receipt(self, transaction: TxParams, transaction_hash: str, contract: Contract) -> Receipt:
        deadline = time.monotonic() + self._timeout
        for pause in _pauses():
            try:
                answer = self._rpc.request("eth_getTransactionReceipt", transaction_hash)
            except RpcUnavailable:
                answer = None
            if answer is not None:
                break
            if time.monotonic() > deadline:
                raise TransactionPending(
                    f"Transaction {transaction_hash} is sent but in no block after "
                    f"{self._timeout:g} s. Do not send it again; look for it later.",
                    transaction_hash,
                )
            time.sleep(pause)
        if not isinstance(answer, dict) or not isinstance(answer.get("logs"), list):
            raise MalformedAnswer("The RPC sent a receipt that is none.")
        number, gas_used = quantity(answer.get("blockNumber")), quantity(answer.get("gasUsed"))
        if quantity(answer.get("status")) != 1:
            raise Reverted(self._reason(transaction, number, gas_used))
        return Receipt(transaction_hash, number, gas_used, self._events(answer["logs"], contract))

    def _events(self, logs: list[Any], contract: Contract) -> tuple[Event, ...]:
        known = {c.address.lower(): c for c in (*self._contracts, contract)}
        found = []
        for log in logs:
            address = log.get("address") if isinstance(log, Mapping) else None
            emitter = known.get("0x" + data_bytes(address, length=20).hex())
            if emitter is not None and (event := decode_log(emitter, log)) is not None:
                found.append(event)
        return tuple(found)

    def _reason(self, transaction: TxParams, number: int, gas_used: int) -> str:
        """Replay a failed transaction where it failed, to learn why."""
        if gas_used >= transaction["gas"]:
            return "out of gas"
        message = {
            "from": self.address,
            "to": transaction["to"],
            "data": transaction["data"],
            "value": hex(transaction["value"]),
        }
        for tag in (number, number - 1):
            try:
                self._rpc.request("eth_call", message, hex(tag))
            except Reverted as reverted:
                return reverted.reason
            except RpcRefused:
                continue
        return "no reason given"


def _pauses() -> Iterator[float]:
    pause = 0.02
    while True:
        yield pause
        pause = min(2.0, pause * 1.5)
