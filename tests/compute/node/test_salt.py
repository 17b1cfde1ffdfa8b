"""A salt that the key gives again, and that tells nothing of another."""

from dataclasses import replace

from eth_account import Account

from compute.chain.claims import Domain
from compute.node.salt import salt_of

KEY, OTHER = (Account.from_key(bytes([n]) * 32) for n in (7, 8))
DOMAIN = Domain(31337, "0x" + "22" * 20)


def test_the_same_claim_has_the_same_salt_and_no_other_has() -> None:
    salts = [
        salt_of(KEY, DOMAIN, 5, b"\x01" * 32),
        salt_of(OTHER, DOMAIN, 5, b"\x01" * 32),
        salt_of(KEY, DOMAIN, 6, b"\x01" * 32),
        salt_of(KEY, DOMAIN, 5, b"\x02" * 32),
        salt_of(KEY, replace(DOMAIN, chain_id=1), 5, b"\x01" * 32),
        salt_of(KEY, replace(DOMAIN, voting="0x" + "33" * 20), 5, b"\x01" * 32),
    ]
    assert salt_of(Account.from_key(bytes([7]) * 32), DOMAIN, 5, b"\x01" * 32) == salts[0]
    assert len(set(salts)) == len(salts) and all(len(salt) == 32 for salt in salts)
