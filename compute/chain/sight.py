"""One endpoint's present view of the chain and of one account."""

from dataclasses import dataclass

from compute.chain.answers import quantity
from compute.chain.errors import MalformedAnswer
from compute.chain.flights import Flight
from compute.chain.rpc import Rpc

PATIENCE_BLOCKS = 3  # that may pass a transaction by


@dataclass(frozen=True)
class Sight:
    """The head (its time in unix seconds, its base fee in wei per gas, None where there is none),
    the account's next nonce in blocks (`mined`) and in all (`known`), its balance in wei."""

    number: int
    time: int
    base_fee: int | None
    mined: int
    known: int
    balance: int

    def passed_by(self, flight: Flight) -> bool:
        """Return whether blocks left it out, so that something is to be done about it."""
        return self.number - flight.sent_in >= PATIENCE_BLOCKS

    def nobody_precedes(self, flight: Flight) -> bool:
        """Return whether nothing is known to use the nonce before a flight's: a reorganisation took
        back what did, or an endpoint named too high a one."""
        return flight.nonce > self.mined >= self.known and self.passed_by(flight)


def look(rpc: Rpc, address: str) -> Sight:
    """Look, in one request. Raises MalformedAnswer and what `Rpc.batch` raises."""
    block, *counts = rpc.batch(
        [
            ("eth_getBlockByNumber", ("latest", False)),
            ("eth_getTransactionCount", (address, "latest")),
            ("eth_getTransactionCount", (address, "pending")),
            ("eth_getBalance", (address, "latest")),
        ]
    )
    if not isinstance(block, dict):
        raise MalformedAnswer("The RPC has no latest block. Is it still synchronising?")
    base = block.get("baseFeePerGas")
    return Sight(
        quantity(block.get("number")),
        quantity(block.get("timestamp")),
        None if base is None else quantity(base),
        *map(quantity, counts),
    )
