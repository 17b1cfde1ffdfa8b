"""The people: well-known development keys in encrypted keystores, with a little ether."""

import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from brownie import accounts
from brownie.network.account import LocalAccount
from eth_account import Account
from eth_account.signers.local import LocalAccount as LocalSigner

from compute.units import ETHER

MNEMONIC = "test test test test test test test test test test test junk"
FIRST_INDEX = 10  # Anvil owns the ten accounts before
LIGHT_SCRYPT = 4_096  # the keys are public anyway; eleven processes decrypt at once


@dataclass(frozen=True)
class Person:
    """One actor: name, Brownie account for the set-up, keystore file for its own processes."""

    name: str
    account: LocalAccount
    keystore: Path

    @property
    def address(self) -> str:
        return str(self.account.address)


def key(index: int) -> LocalSigner:
    """The key of a development account; Anvil holds those below FIRST_INDEX too."""
    Account.enable_unaudited_hdwallet_features()
    return Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}")


def assemble(names: Iterable[str], folder: Path) -> dict[str, Person]:
    """Create the people, write their keystores to `folder`, fund each with 500 ether.

    The password is NRN_PASSWORD; a random one is set for this process tree if there is none.
    """
    password = os.environ.setdefault("NRN_PASSWORD", secrets.token_hex(16))
    folder.mkdir(parents=True, exist_ok=True)
    people = {}
    for index, name in enumerate(names, start=FIRST_INDEX):
        secret = key(index).key
        keystore = folder / f"{name}.json"
        document = Account.encrypt(secret, password, kdf="scrypt", iterations=LIGHT_SCRYPT)
        keystore.touch(mode=0o600)
        keystore.write_text(json.dumps(document))
        people[name] = Person(name, accounts.add(secret), keystore)
        accounts[0].transfer(people[name].account, 500 * ETHER)
    return people
