"""Rehearse a deployment on a fork of a live chain; nothing there changes.

    brownie networks import networks.yaml
    FORK_RPC=https://… NRN_DEPLOYER_ADDRESS=0x… brownie run fork --network rehearsal

Deploys as that address (unlocked and funded on the fork only), so the addresses and the gas are
those of the real deployment if it comes next. The record goes to `reports/rehearsal/`.
"""

import os

from brownie import accounts, chain, network, web3
from brownie._config import CONFIG
from brownie.network.account import Account

from compute.units import ETHER
from scripts.deploy import DeploymentError, default_folder, deploy


def main() -> None:
    """Entry point of `brownie run fork`."""
    if "fork" not in CONFIG.active_network.get("cmd_settings", {}):
        raise DeploymentError("Not on a fork: use --network rehearsal, see networks.yaml.")
    network.gas_price("auto")  # unlike a fresh development chain, a fork has a base fee
    deployer = _deployer()
    record = default_folder() / f"{chain.id}.json"
    record.unlink(missing_ok=True)
    record.with_suffix(".partial.json").unlink(missing_ok=True)
    first_nonce, first_block = deployer.nonce, len(chain)
    addresses = deploy(deployer)
    blocks = [chain[number] for number in range(first_block, len(chain))]
    gas = sum(block.gasUsed for block in blocks)
    print(f"\nfork of chain {chain.id} at block {first_block - 1}; deployer {deployer}")
    print(f"nonces {first_nonce} to {deployer.nonce - 1}, gas {gas:,} in {len(blocks)} blocks")
    print(f"at 1 gwei that is {gas / 10**9:.6f} ether; the addresses will be:")
    for name, address in addresses.items():
        print(f"  {name:<26}{address}")


def _deployer() -> Account:
    address = os.environ.get("NRN_DEPLOYER_ADDRESS")
    if address is None:
        return accounts[0]
    web3.provider.make_request("anvil_impersonateAccount", [address])
    web3.provider.make_request("anvil_setBalance", [address, hex(10 * ETHER)])
    return accounts.at(address, force=True)
