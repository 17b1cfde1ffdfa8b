"""Derive the salt of a commitment from the key alone: secret and repeatable.

A signature of the key by RFC 6979 is the same every time, and nobody else can make it. So who has
the key, the chain and the store can finish a claim whose journal is lost. What is signed says what
it is for, so that no wallet signs it by mistake for something else, and names claim and group, so
that one salt that became public tells nothing of another.
"""

from typing import TYPE_CHECKING

from eth_utils import keccak

from compute.chain.claims import Domain

if TYPE_CHECKING:
    from compute.chain.accounts import LocalAccount

_TYPES = {
    "SecretSalt": [
        {"name": "warning", "type": "string"},
        {"name": "blockIndex", "type": "uint256"},
        {"name": "checkpointHash", "type": "bytes32"},
    ]
}
_WARNING = "Whoever sees this signature can open my commitment. Sign it nowhere but in nrn."


def salt_of(
    account: "LocalAccount", domain: Domain, block_index: int, checkpoint_hash: bytes
) -> bytes:
    """32 bytes for the commitment of this account's claim to this checkpoint in this block."""
    signed = account.sign_typed_data(
        {
            "name": "DecentralizedAI secret salt",
            "version": "1",
            "chainId": domain.chain_id,
            "verifyingContract": domain.voting,
        },
        _TYPES,
        {"warning": _WARNING, "blockIndex": block_index, "checkpointHash": checkpoint_hash},
    )
    return keccak(bytes(signed.signature))
