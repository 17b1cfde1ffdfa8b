"""Transactions that land, once each, for all processes of an account.

One is on its way at a time: the gas estimate of the next runs on what it left, so an action that
already happened reverts in the estimate ("cv: commitment exists") instead of being paid for again.
What is on its way stands in a `Book` before it leaves. Whoever waits, for it or behind it, sends it
again when the network lost it and raises its fee when blocks pass it by. A transaction that must
land before a deadline takes the place of housekeeping, and of what is too late.
"""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

from compute.chain.answers import data_bytes, quantity
from compute.chain.contract import Contract, checksummed
from compute.chain.errors import (
    AccountError,
    ChainError,
    InvalidArgument,
    MalformedAnswer,
    NoFunds,
    RpcRefused,
    RpcUnavailable,
    TooExpensive,
    TooLate,
    TransactionPending,
    TransactionReplaced,
)
from compute.chain.flights import Book, Flight, Page, Wish
from compute.chain.prices import Price, price, question
from compute.chain.receipts import Receipt, read_receipt, receipts
from compute.chain.rpc import Rpc
from compute.chain.sight import Sight, look
from compute.chain.spending import Spending
from compute.units import ETHER

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

GAS_MARGIN = (3, 2)  # the transaction may find a period to roll that the estimate did not
MAX_GAS = 1 << 32
PATIENCE_SECONDS = 15  # until it is sent again if the endpoint does not know it
LANDING_SECONDS = 36  # of chain time that a transaction needs, at the end of a window
VANISHED_SECONDS = 30  # without a receipt after its nonce was used: replicas lag
# Once something may have been sent, none of these says that it was not.
UNCLEAR = RpcUnavailable, RpcRefused, MalformedAnswer, AccountError
ALREADY_THERE = re.compile("already known|known transaction|already imported", re.IGNORECASE)


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
        spending: Spending,
        *,
        timeout: float = 180.0,
    ) -> None:
        self.address: str = account.address
        self.balance = 0  # wei, as last seen
        self._rpc = rpc
        self._chain_id = chain_id
        self._account = account
        self._contracts = contracts
        self._spending = spending
        self._timeout = timeout
        self._one_at_a_time = Lock()

    def transact(
        self,
        contract: Contract,
        name: str,
        *arguments: Any,
        value: int = 0,
        before: int = 0,
        yields: bool = False,
    ) -> Receipt:
        """Call a function and wait until it is in a block; `before` and `yields` as in `Wish`.

        An equal call that was sent for this account, and whose outcome nobody was told, is waited
        for instead of being sent once more.

        Raises Reverted with the contract's reason (before anything is sent, where it can be
        foreseen), NoFunds, TooExpensive, TooLate, RpcUnavailable, TransactionReplaced, or
        TransactionPending if the outcome is not known yet.
        """
        try:
            given = [checksummed(a) if isinstance(a, str) else a for a in arguments]
            data = "0x" + contract.calldata(name, given).hex()
        except (ValueError, TypeError, KeyError):
            values = ", ".join(str(a)[:80] for a in arguments)
            raise InvalidArgument(f"{contract.kind}.{name} cannot take ({values}).") from None
        wish = Wish(contract.address, data, value, name, before, yields)
        with self._one_at_a_time:
            flight = self._depart(wish)
            return self._arrive(flight, contract)

    @cached_property
    def _book(self) -> Book:
        block = self._rpc.request("eth_getBlockByNumber", "0x0", False)
        genesis = data_bytes(block.get("hash") if isinstance(block, dict) else None, length=32)
        folder = self._spending.accounts / f"{self._chain_id}-{self.address}"
        return Book(folder, genesis.hex())

    # Until it is on its way

    def _depart(self, wish: Wish) -> Flight:
        began = time.monotonic()
        for pause in _pauses():
            with self._book.opened(self._rpc.pause) as page:
                sight = look(self._rpc, self.address)
                self.balance = sight.balance
                page.forget_old(sight.mined)
                flight = self._turn_of(wish, page, sight)
            if flight is not None:
                return flight
            if time.monotonic() - began > self._timeout:
                raise TransactionPending(
                    f"{self.address} has a transaction (nonce {sight.mined}) that no block takes. "
                    f"Nothing was sent for {wish.name}. Raise --max-fee, or wait for it.",
                    "",
                )
            self._rpc.pause(pause)
        raise AssertionError

    def _turn_of(self, wish: Wish, page: Page, sight: Sight) -> Flight | None:
        """Send the wish if it is its turn, or find it already sent; None: wait."""
        for flight in page.flights:
            same = replace(flight.wish, before=wish.before) == wish
            if same and self._book.is_orphan(flight) and not self._failed(flight, page):
                ours = replace(flight, owner=self._book.owner)
                page.put(ours)
                return ours
        ahead = page.ahead(sight.mined)
        if not ahead:
            return None if sight.known > sight.mined else self._send(wish, page, sight, None)
        if sight.nobody_precedes(ahead[0]):
            return self._send(wish, page, sight, None)
        if self._may_take_place(wish, ahead[0], sight):
            return self._send(wish, page, sight, ahead[0])
        self._tend(ahead[0], page, sight)
        return None

    def _failed(self, flight: Flight, page: Page) -> bool:
        """Return whether it is in a block without having had an effect; it is forgotten then."""
        failed = any(quantity(found.get("status")) != 1 for found in receipts(self._rpc, flight))
        if failed:
            page.drop(flight)
        return failed

    def _may_take_place(self, wish: Wish, other: Flight, sight: Sight) -> bool:
        if not sight.passed_by(other):
            return False
        too_late = 0 < other.wish.before <= sight.time
        return too_late or (other.wish.yields and wish.before > 0)

    def _send(self, wish: Wish, page: Page, sight: Sight, over: Flight | None) -> Flight:
        """Sign and send the wish, in the place of `over` if given. What is not said to be refused
        may have been sent."""
        if wish.before and sight.time + LANDING_SECONDS >= wish.before:
            raise TooLate(
                f"{max(0, wish.before - sight.time)} s are left for {wish.name}, and a block may "
                f"take {LANDING_SECONDS}. Nothing was sent."
            )
        gas, market = self._costs(wish, sight)
        wanted = market if over is None else market.above(over.max_fee, over.tip)
        offer = wanted.within(gas, self._spending.max_fee, wish.name)
        if sight.balance < gas * offer.max_fee + wish.value:
            raise self._no_funds(wish, sight.balance, gas * offer.max_fee + wish.value)
        flight = Flight(
            wish, self._book.owner, sight.mined if over is None else over.nonce, gas,
            offer.max_fee, offer.tip, (), int(time.time()), sight.number, int(time.time()),
        )  # fmt: skip
        flight, raw = self._signed(flight)
        page.put(flight)
        try:
            self._rpc.request("eth_sendRawTransaction", raw)
        except RpcRefused as refused:
            if not ALREADY_THERE.search(str(refused)) and self._is_unknown(flight):
                page.drop(flight) if over is None else page.put(over)
                raise
        except (RpcUnavailable, MalformedAnswer):
            pass  # it may have arrived
        return flight

    def _costs(self, wish: Wish, sight: Sight) -> tuple[int, Price]:
        """The gas to allow, and the price of one. Raises Reverted with the contract's reason."""
        if sight.balance < wish.value:
            raise self._no_funds(wish, sight.balance, wish.value)
        try:
            estimate, prices = self._rpc.batch(
                [("eth_estimateGas", (wish.message(self.address),)), question(sight.base_fee)]
            )
        except RpcRefused as error:
            if "insufficient funds" in str(error).lower():
                raise self._no_funds(wish, sight.balance, 0) from None
            raise
        gas = quantity(estimate) * GAS_MARGIN[0] // GAS_MARGIN[1]
        if not 0 < gas < MAX_GAS:
            raise MalformedAnswer(f"The RPC wants {gas:.3g} gas for {wish.name}.")
        return gas, price(sight.base_fee, prices)

    def _no_funds(self, wish: Wish, balance: int, cost: int) -> NoFunds:
        needed = f" and needs up to {cost / ETHER:.3g}" if cost else ""
        return NoFunds(
            f"{self.address} has {balance / ETHER:.3g} ETH{needed} for {wish.name}. "
            "Send it some ETH and try again."
        )

    # While it is on its way

    def _arrive(self, flight: Flight, contract: Contract) -> Receipt:
        message, contracts = flight.wish.message(self.address), (*self._contracts, contract)
        deadline = time.monotonic() + self._timeout
        vanished: float | None = None
        for pause in _pauses():
            try:
                flight, found, sight = self._watch(flight)
                if found is not None:
                    return read_receipt(self._rpc, found, flight, message, contracts)
                gone = sight.mined > flight.nonce
                vanished = (vanished or time.monotonic()) if gone else None
                late = 0 < flight.wish.before <= sight.time
            except UNCLEAR:
                late = False
            if vanished and time.monotonic() - vanished > VANISHED_SECONDS:
                self._forget(flight)
                raise TransactionReplaced(
                    f"Another transaction of {self.address} took the place of {flight.wish.name} "
                    f"(nonce {flight.nonce}); it had no effect."
                )
            if late or time.monotonic() > deadline:
                raise self._pending(flight)
            self._rpc.pause(pause)
        raise AssertionError

    def _watch(self, flight: Flight) -> tuple[Flight, Mapping[str, Any] | None, Sight]:
        """The flight as it is now, its receipt if it is in a block; helps it on if it is not."""
        found = receipts(self._rpc, flight)
        sight = look(self._rpc, self.address)
        if found:
            self._forget(flight)
            return flight, found[0], sight
        with self._book.opened(self._rpc.pause) as page:
            current = [f for f in page.flights if f.nonce == flight.nonce]
            if not current or current[0].wish != flight.wish:
                return flight, None, sight  # something else took its place
            return self._tend(current[0], page, sight), None, sight

    def _tend(self, flight: Flight, page: Page, sight: Sight) -> Flight:
        """Send a flight again that the network lost, or with a higher fee if blocks pass it by."""
        first = page.ahead(sight.mined)[:1]
        if first and first[0].nonce < flight.nonce:
            self._tend(first[0], page, sight)
        elif sight.nobody_precedes(flight):
            with suppress(ChainError):  # nothing happens, but that its turn comes
                self._send(Wish(self.address, "0x", 0, "a free nonce", 0, True), page, sight, None)
        overdue = time.time() - flight.sent_at >= PATIENCE_SECONDS
        passed = sight.passed_by(flight)
        if flight.nonce < sight.mined or not (overdue or passed):
            return flight
        # some nodes drop what is too cheap, so ask that first
        too_cheap = flight.max_fee <= (sight.base_fee or 0)
        worth_more = passed and not 0 < flight.wish.before <= sight.time
        if worth_more and (too_cheap or not self._is_unknown(flight)):
            flight = self._raised(flight, sight)
        flight, raw = self._signed(replace(flight, sent_in=sight.number, sent_at=int(time.time())))
        page.put(flight)
        with suppress(RpcRefused, RpcUnavailable, MalformedAnswer):  # known, or tried again later
            self._rpc.request("eth_sendRawTransaction", raw)
        return flight

    def _raised(self, flight: Flight, sight: Sight) -> Flight:
        method, arguments = question(sight.base_fee)
        market = price(sight.base_fee, self._rpc.request(method, *arguments))
        wanted = market.above(flight.max_fee, flight.tip)
        try:
            offer = wanted.within(flight.gas, self._spending.max_fee, flight.wish.name)
        except TooExpensive:
            return flight
        return replace(flight, max_fee=offer.max_fee, tip=offer.tip)

    def _is_unknown(self, flight: Flight) -> bool:
        """Return whether the endpoint does not know the latest version."""
        try:
            return self._rpc.request("eth_getTransactionByHash", flight.hashes[-1]) is None
        except ChainError:
            return False

    def _forget(self, flight: Flight) -> None:
        with self._book.opened(self._rpc.pause) as page:
            if any(f.nonce == flight.nonce and f.wish == flight.wish for f in page.flights):
                page.drop(flight)

    def _pending(self, flight: Flight) -> TransactionPending:
        return TransactionPending(
            f"Transaction {flight.hashes[-1]} ({flight.wish.name}) may have been sent, and no "
            "block is known to hold it. Look for it before you repeat the command; repeated "
            "within the hour, it waits for this one and sends no second.",
            flight.hashes[-1],
        )

    def _signed(self, flight: Flight) -> tuple[Flight, str]:
        """The flight with its present version's hash, and that version's bytes."""
        signed = self._account.sign_transaction(flight.transaction(self._chain_id))
        name = "0x" + bytes(signed.hash).hex()
        hashes = tuple(h for h in flight.hashes if h != name)
        return replace(flight, hashes=(*hashes, name)), "0x" + bytes(signed.raw_transaction).hex()


def _pauses() -> Iterator[float]:
    pause = 0.02
    while True:
        yield pause
        pause = min(2.0, pause * 1.5)
