"""One endpoint's present view of the chain and of one account."""

from dataclasses import dataclass

from compute.chain.answers import quantity
from compute.chain.errors import MalformedAnswer
from compute.chain.rpc import Rpc


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
