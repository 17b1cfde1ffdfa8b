"""A protocol to play with: `brownie run devnet -I`, or `run("devnet")` in `brownie console`.

Deploys on the development chain, holds the sale, stakes for three keepers in one group whose data
(4,000 MNIST images) and first checkpoint lie in `reports/devnet/store`, and moves the clock to the
start of the first block in which the stakes count. Keystores for `nrn` lie in
`reports/devnet/accounts`.
"""

import os
import shutil
from pathlib import Path

from brownie import accounts, web3

from compute.roles.founder import found
from compute.storage import open_store
from compute.units import DAY, ETHER
from scripts.console import training_group
from scripts.deploy import ROOT, deploy
from scripts.stage import quiet
from scripts.stage.cast import Person, assemble
from scripts.stage.content import digits, network
from scripts.stage.money import contract, hold_sale, next_epoch, stake, warp

FOLDER = ROOT / "reports" / "devnet"
KEEPERS = ("kate", "kim", "kurt")
TRAINERS = ("tara", "tom", "tess")
HOUR = 3_600


def main() -> None:
    """Entry point of `brownie run devnet`."""
    os.environ.setdefault("NRN_PASSWORD", "devnet")
    shutil.rmtree(FOLDER, ignore_errors=True)
    with quiet():
        addresses = deploy(accounts[0])
        people = assemble((*KEEPERS, *TRAINERS), FOLDER / "accounts")
        issued = hold_sale(addresses, {person: ETHER for person in people.values()})
        group_id = create_group(addresses, people["kate"], FOLDER / "store")
        stake(addresses, group_id, {people[name]: issued // 10 for name in KEEPERS})
        # the first block in which the stakes count, from its beginning
        warp(training_group(group_id).slot_at(next_epoch()).end)
    print(
        f"\ndevnet: group {group_id} waits at {web3.provider.endpoint_uri}; the password of the "
        f"keystores in {FOLDER.relative_to(ROOT)}/accounts is in NRN_PASSWORD (devnet).\n"
        "Try in the console:\n"
        "  from scripts.console import advance, block, groups, me, period\n"
        "  groups()\n  block(1)\n  period(1)\n  me(accounts[10])\n  advance(1)\n"
    )


def create_group(addresses: dict[str, str], founder: Person, store: Path) -> int:
    """Store the content of a MNIST group and create it with the documented defaults."""
    founding = found(network(), digits().genesis, open_store(str(store)))
    registry = contract(addresses, "GroupRegistry")
    terms = (
        founding.model_hash,
        founding.genesis_checkpoint,
        founding.genesis_tip,
        4 * HOUR,  # commit window
        HOUR // 2,  # reveal window
        3 * HOUR // 2,  # vote window
        3_334,  # checkpoint quorum, basis points
        2_000,  # delta quorum, basis points
        7 * DAY,  # delta period
        registry.MIN_BOND(),
        2**16,  # least improvement, Q32.32 nats
        2**28,  # and where it stops to grow
        2_000,  # keepers' share, basis points
    )
    registry.create_group(terms, {"from": founder.account})
    return int(registry.n_groups())
