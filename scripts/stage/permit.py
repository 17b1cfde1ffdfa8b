"""Signed approvals (ERC-2612)."""

from collections.abc import Sequence
from typing import Any

from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount

NEVER = 2**40  # a deadline in unix seconds that does not come
FIELDS = {
    "owner": "address",
    "spender": "address",
    "value": "uint256",
    "nonce": "uint256",
    "deadline": "uint256",
}


def permit(
    domain: Sequence[Any], owner: LocalAccount, spender: str, value: int, nonce: int
) -> tuple[Any, ...]:
    """The arguments of `permit`, signed; `domain` is what the token's `eip712Domain` returns."""
    _, name, version, chain_id, verifier, *_ = domain
    signed = owner.sign_message(
        encode_typed_data(
            {
                "name": name,
                "version": version,
                "chainId": chain_id,
                "verifyingContract": verifier,
            },
            {"Permit": [{"name": field, "type": kind} for field, kind in FIELDS.items()]},
            dict(zip(FIELDS, (owner.address, spender, value, nonce, NEVER), strict=True)),
        )
    )
    signature = (signed.v, signed.r.to_bytes(32), signed.s.to_bytes(32))
    return owner.address, spender, value, NEVER, *signature
