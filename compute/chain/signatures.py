"""Check a trainer's signature on a claim: by key, or by asking a contract wallet (ERC-1271)."""

from eth_abi import encode
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from compute.chain.answers import data_bytes
from compute.chain.claims import Claim, Domain
from compute.chain.errors import Reverted
from compute.chain.rpc import Rpc

IS_VALID_SIGNATURE = bytes.fromhex("1626ba7e")  # the selector, and the answer "yes"


def is_signed(rpc: Rpc, domain: Domain, claim: Claim, signature: bytes) -> bool:
    """Return whether `signature` is the trainer's on this claim, as the contract will see it
    now."""
    if data_bytes(rpc.request("eth_getCode", claim.trainer, "latest")):
        return _wallet_accepts(rpc, claim.trainer, claim.digest(domain), signature)
    if len(signature) != 65 or signature[64] not in (27, 28):
        return False
    try:
        return claim.signer(domain, signature) == claim.trainer
    except (BadSignature, ValidationError):
        return False


def _wallet_accepts(rpc: Rpc, wallet: str, digest: bytes, signature: bytes) -> bool:
    data = IS_VALID_SIGNATURE + encode(["bytes32", "bytes"], [digest, signature])
    try:
        answer = rpc.request("eth_call", {"to": wallet, "data": "0x" + data.hex()}, "latest")
    except Reverted:
        return False
    return data_bytes(answer) == IS_VALID_SIGNATURE.ljust(32, b"\0")
