"""A claim on its way through strangers' hands: what goes in comes out, anything else is refused."""

import json
from dataclasses import replace
from typing import Any

import pytest
from eth_account import Account
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from compute import canonical
from compute.chain.claims import Claim, Domain, commitment
from compute.chain.handover import MAX_BYTES, Handover, InvalidHandover, Opened
from compute.chain.signatures import is_signed
from tests.integration.devnet import Devnet
from tests.support.safe_wallet import Safe

KEY = Account.from_key(keccak(text="trainer"))
DOMAIN = Domain(31337, "0x5FbDB2315678afecb367f032d93F642f64180aa3")
CLAIM = Claim(KEY.address, 7, b"\x01" * 32, b"\x02" * 32, b"\x03" * 32, 5, 9, b"\x04" * 32)
SALT = b"\x05" * 32
OPENED = Opened(CLAIM, SALT, CLAIM.sign(DOMAIN, KEY))
SEALED = Handover(DOMAIN, 7, commitment(CLAIM.digest(DOMAIN), SALT))


def test_it_says_nothing_until_it_is_opened() -> None:
    """Not even whose it is."""
    document = canonical.decode(SEALED.encode())
    assert set(document) == {
        "format", "chain_id", "voting", "block_index", "commitment", "opened"
    }  # fmt: skip
    assert document["opened"] is None
    assert Handover.decode(SEALED.encode()) == SEALED


def test_opened_it_comes_back_whole() -> None:
    opened = SEALED.open(OPENED)
    assert Handover.decode(opened.encode()) == opened
    assert opened.opened == OPENED


@pytest.mark.parametrize("field", ["trainer", "loss", "checkpoint_hash", "eval_root_hash"])
def test_another_claim_does_not_open_it(field: str) -> None:
    values = {"trainer": "0x" + "11" * 20, "loss": 4}
    other = replace(CLAIM, **{field: values.get(field, b"\x09" * 32)})
    with pytest.raises(InvalidHandover):
        SEALED.open(replace(OPENED, claim=other))


def altered(**changes: Any) -> bytes:
    """The opened document with some members changed; `None` leaves one out."""
    document = json.loads(SEALED.open(OPENED).encode())
    for name, value in changes.items():
        part = document if name in document else document["opened"]
        if value is None:
            del part[name]
        else:
            part[name] = value
    return canonical.encode(document)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "decentralizedai/claim/2"}, {"chain_id": 1}, {"chain_id": True},
        {"chain_id": 1 << 64}, {"voting": DOMAIN.voting.lower()}, {"voting": 7}, {"block_index": 8},
        {"block_index": -1}, {"commitment": "00" * 32}, {"commitment": "00" * 31},
        {"opened": {}}, {"opened": []}, {"trainer": None}, {"loss": 4}, {"loss": "5"},
        {"salt": "05" * 31 + " 0"}, {"salt": "AB" * 32}, {"signature": "0"},
        {"signature": "00" * 1025}, {"signature": None}, {"tip": ["00"]}, {"extra": 1},
    ],
    ids=str,
)  # fmt: skip
def test_anything_altered_is_refused(changes: dict[str, Any]) -> None:
    if "extra" in changes:
        document = canonical.encode({**json.loads(SEALED.encode()), **changes})
    else:
        document = altered(**changes)
    with pytest.raises(InvalidHandover):
        Handover.decode(document)


@given(st.binary(max_size=200) | st.just(b"[" * 100_000) | st.just(b"0" * (MAX_BYTES + 1)))
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidHandover):
        Handover.decode(data)


def test_who_signed(devnet: Devnet) -> None:
    """A key, or a Safe of two of three owners that is asked."""
    rpc = devnet.chain().rpc
    assert is_signed(rpc, DOMAIN, CLAIM, OPENED.signature)
    mallory = Account.from_key(keccak(text="mallory"))
    forged = replace(CLAIM, trainer=mallory.address)
    for claim, signature in [
        (CLAIM, forged.sign(DOMAIN, mallory)), (forged, OPENED.signature), (CLAIM, b""),
        (CLAIM, bytes(65)), (CLAIM, OPENED.signature[:64]), (CLAIM, OPENED.signature * 2),
        (CLAIM, b"\xff" * 65), (CLAIM, b"\xff" * 64 + b"\x1b"),
        (replace(CLAIM, loss=4), OPENED.signature),
    ]:  # fmt: skip
        assert not is_signed(rpc, DOMAIN, claim, signature)
    owners = [Account.from_key(keccak(text=f"owner {number}")) for number in range(3)]
    safe = Safe(devnet.web3, devnet.web3.eth.accounts[0], owners, threshold=2)
    claim = replace(CLAIM, trainer=safe.address)
    digest = claim.digest(DOMAIN)
    assert is_signed(rpc, DOMAIN, claim, safe.sign(digest))
    for bad in (safe.sign(digest, signers=1), safe.sign(keccak(digest)), b""):
        assert not is_signed(rpc, DOMAIN, claim, bad)
    silent = replace(CLAIM, trainer=devnet.chain().neuron.contract.address)  # code, but no wallet
    assert not is_signed(rpc, DOMAIN, silent, OPENED.signature)
