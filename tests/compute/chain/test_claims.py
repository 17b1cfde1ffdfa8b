"""What the client hashes and signs is what the contract checks: the contract itself is asked in
test_sender; here each field is tampered with, and the hashes are pinned."""

import dataclasses
from hashlib import sha256

import pytest
from eth_account import Account

from compute.chain import Phase, Reverted
from compute.chain.claims import Claim, Domain, attestation, commitment, eval_root_hash
from tests.compute.chain.test_sender import SALT, claim_by, commit, go_to
from tests.integration.devnet import Devnet

DOMAIN = Domain(1, "0x" + "22" * 20)
ACCOUNT = Account.from_key(b"\x01" * 32)
CLAIM = Claim(
    ACCOUNT.address, 7, b"\x02" * 32, b"\x03" * 32, b"\x04" * 32, 5 << 32, 6 << 32, b"\x05" * 32
)

GOLDEN = {
    "digest": "00fb7b9dced2fd8d2b3742d094be1cd05ed17f149dbf01466979b11461583c12",
    "commitment": "b138ae0d9e816d8500dcc1c3a0f324ab6b72466ba5fcf259e8642432bfdcb6e9",
    "root": "1418946e36f51fa8e8ffd125e8766c408bfc8f64c28c05ee71e53ee4baf55c76",
    "root hash": "e8aa8fc5aa0ca4da1dcfde4f64af8ec65e1f6205173225914f63e0bbe79a4c3b",
    "attestation": "684135c5700b1aa264f5d3f43b4aa5cfe470e0b834ed9a9835f021214f6dcaf1",
}


def test_golden_hashes() -> None:
    """Any change here breaks every group that exists."""
    assert CLAIM.digest(DOMAIN).hex() == GOLDEN["digest"]
    assert commitment(CLAIM.digest(DOMAIN), b"\x06" * 32).hex() == GOLDEN["commitment"]
    root = bytes.fromhex(GOLDEN["root"])
    assert eval_root_hash(root).hex() == GOLDEN["root hash"]
    assert attestation(root, ACCOUNT.address).hex() == GOLDEN["attestation"]


def test_the_signature_recovers_to_the_trainer() -> None:
    signature = CLAIM.sign(DOMAIN, ACCOUNT)
    assert len(signature) == 65
    assert Account._recover_hash(CLAIM.digest(DOMAIN), signature=signature) == ACCOUNT.address


def test_only_the_trainer_signs() -> None:
    with pytest.raises(ValueError, match="cannot sign"):
        CLAIM.sign(DOMAIN, Account.from_key(b"\x09" * 32))


CHANGES = [
    {"block_index": 8},
    {"model_hash": bytes(32)},
    {"tip": bytes(32)},
    {"checkpoint_hash": bytes(32)},
    {"loss": 1},
    {"baseline_loss": 1},
    {"eval_root_hash": bytes(32)},
    {"trainer": "0x" + "33" * 20},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_every_field_is_signed(change: dict) -> None:
    assert dataclasses.replace(CLAIM, **change).digest(DOMAIN) != CLAIM.digest(DOMAIN)


def test_chain_and_group_are_signed() -> None:
    digests = {
        CLAIM.digest(domain)
        for domain in (DOMAIN, Domain(2, DOMAIN.voting), Domain(1, "0x" + "44" * 20))
    }
    assert len(digests) == 3


@pytest.mark.parametrize(
    "change",
    [{"loss": 6 << 32}, {"eval_root_hash": bytes(32)}, {"checkpoint_hash": sha256(b"x").digest()}],
    ids=lambda change: next(iter(change)),
)
def test_the_contract_refuses_a_claim_that_was_not_committed(devnet: Devnet, change: dict) -> None:
    group = devnet.chain().group(1)
    go_to(devnet, group, Phase.COMMIT, blocks=1)
    claim = claim_by(devnet, group, "tara")
    commit(devnet, group, "tara", claim)
    go_to(devnet, group, Phase.REVEAL)
    signature = claim.sign(group.domain, devnet.accounts["tara"])
    changed = dataclasses.replace(claim, **change)
    with pytest.raises(Reverted, match="cv: no commitment"):
        devnet.sender("tara").reveal(group, changed, SALT, signature)


def test_the_contract_refuses_anothers_signature(devnet: Devnet) -> None:
    group = devnet.chain().group(1)
    go_to(devnet, group, Phase.COMMIT, blocks=1)
    claim = claim_by(devnet, group, "tara")
    commit(devnet, group, "tara", claim)
    go_to(devnet, group, Phase.REVEAL)
    forged = dataclasses.replace(claim, trainer=devnet.accounts["mallory"].address)
    signature = forged.sign(group.domain, devnet.accounts["mallory"])
    with pytest.raises(Reverted, match="cv: bad signature"):
        devnet.sender("mallory").reveal(group, claim, SALT, signature)


def test_anyone_may_relay_and_the_trainer_is_paid(devnet: Devnet) -> None:
    group = devnet.chain().group(1)
    go_to(devnet, group, Phase.COMMIT, blocks=1)
    claim = claim_by(devnet, group, "tara")
    commit(devnet, group, "tom", claim)
    go_to(devnet, group, Phase.REVEAL)
    signature = claim.sign(group.domain, devnet.accounts["tara"])
    devnet.sender("tom").reveal(group, claim, SALT, signature)
    stored = group.voting.candidate(claim.checkpoint_hash)
    assert stored is not None
    assert (stored.trainer, stored.payer) == (claim.trainer, devnet.accounts["tom"].address)
