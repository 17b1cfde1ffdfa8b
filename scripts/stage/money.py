"""The sale from its first to its last second, and the stakes that follow."""

from collections.abc import Mapping
from typing import Any

from brownie import chain, web3

from compute.units import EPOCH
from scripts.deploy import container
from scripts.stage.cast import Person


def contract(addresses: Mapping[str, str], name: str) -> Any:
    """Brownie contract object of one deployed singleton."""
    return container(name).at(addresses[name])


def warp(to: int) -> None:
    """Mine one block at unix time `to`. Raises ValueError if the chain is already later."""
    # Brownie's chain.mine(timestamp=…) sends Anvil a request that it refuses.
    answer = web3.provider.make_request("evm_mine", [to])
    if "error" in answer:
        raise ValueError(f"The chain cannot go to {to}, it is at {now()}: use a fresh one.")


def now() -> int:
    """Timestamp of the latest block."""
    return int(chain[-1].timestamp)


def next_epoch() -> int:
    """Start of the epoch in which a stake made now begins to count."""
    return (now() // EPOCH + 1) * EPOCH


def hold_sale(addresses: Mapping[str, str], buyers: Mapping[Person, int]) -> int:
    """Each buyer spends its wei; then the sale ends. Returns the tokens issued, in NRN wei."""
    sale = contract(addresses, "NeuronSale")
    warp(sale.START())
    for buyer, wei in buyers.items():
        sale.buy({"from": buyer.account, "value": wei})
    warp(sale.END())
    return int(sale.issued())


def stake(addresses: Mapping[str, str], group_id: int, amounts: Mapping[Person, int]) -> None:
    """Approve and stake NRN wei in a group; it counts from `next_epoch()` on."""
    neuron, vault = contract(addresses, "Neuron"), contract(addresses, "StakeVault")
    for person, amount in amounts.items():
        neuron.approve(vault, amount, {"from": person.account})
        vault.stake(group_id, amount, {"from": person.account})
