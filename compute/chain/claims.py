"""EIP-712 claims, which trainers sign and keepers attest, and the hashes around them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eth_abi import encode
from eth_utils import keccak

if TYPE_CHECKING:
    from eth_account.messages import SignableMessage
    from eth_account.signers.local import LocalAccount

MAX_APPROVALS = 4  # of one ballot
NONE_APPROVED = bytes(32)  # in the place of a checkpoint, where events tell of an empty ballot
_APPROVAL = 64  # bytes

_TYPES: dict[str, list[dict[str, str]]] = {
    "Checkpoint": [
        {"name": "trainer", "type": "address"},
        {"name": "blockIndex", "type": "uint256"},
        {"name": "modelHash", "type": "bytes32"},
        {"name": "trainingSetTip", "type": "bytes32"},
        {"name": "checkpointHash", "type": "bytes32"},
        {"name": "loss", "type": "uint64"},
        {"name": "baselineLoss", "type": "uint64"},
        {"name": "evalRootHash", "type": "bytes32"},
    ]
}


@dataclass(frozen=True)
class Domain:
    """A signature counts on one chain, for one group's CheckpointVoting."""

    chain_id: int
    voting: str


@dataclass(frozen=True)
class Claim:
    """A trainer's statement: this checkpoint has this loss. Losses in Q32.32 nats per example."""

    trainer: str
    block_index: int
    model_hash: bytes
    tip: bytes
    checkpoint_hash: bytes
    loss: int
    baseline_loss: int
    eval_root_hash: bytes

    def digest(self, domain: Domain) -> bytes:
        """The EIP-712 digest: what is signed and what the commitment hides."""
        message = self._signable(domain)
        return keccak(b"\x19\x01" + message.header + message.body)

    def sign(self, domain: Domain, account: "LocalAccount") -> bytes:
        """The 65-byte signature of the trainer."""
        if account.address != self.trainer:
            raise ValueError(f"The claim is of {self.trainer}; {account.address} cannot sign it.")
        return self.signature_of(domain, account)

    def signature_of(self, domain: Domain, account: "LocalAccount") -> bytes:
        """An account's 65 bytes over the claim: the trainer's, or for a contract that is."""
        return bytes(account.sign_message(self._signable(domain)).signature)

    def signer(self, domain: Domain, signature: bytes) -> str:
        """The address whose key made this signature. Raises for one that is none."""
        from eth_account import Account

        return Account.recover_message(self._signable(domain), signature=signature)

    def _signable(self, domain: Domain) -> "SignableMessage":
        from eth_account.messages import encode_typed_data  # slow to import

        message: dict[str, Any] = {
            "trainer": self.trainer,
            "blockIndex": self.block_index,
            "modelHash": self.model_hash,
            "trainingSetTip": self.tip,
            "checkpointHash": self.checkpoint_hash,
            "loss": self.loss,
            "baselineLoss": self.baseline_loss,
            "evalRootHash": self.eval_root_hash,
        }
        return encode_typed_data(
            {
                "name": "DecentralizedAI Checkpoint",
                "version": "1",
                "chainId": domain.chain_id,
                "verifyingContract": domain.voting,
            },
            _TYPES,
            message,
        )


def commitment(digest: bytes, salt: bytes) -> bytes:
    """Hash a claim with its salt, as published before the reveal; the salt is 32 secret random
    bytes."""
    return keccak(encode(["bytes32", "bytes32"], [digest, salt]))


def eval_root_hash(root: bytes) -> bytes:
    """The trainer's public promise of an evaluation root."""
    return keccak(root)


def attestation(root: bytes, staker: str) -> bytes:
    """A keeper's proof of evaluation: worthless to anybody who copies it."""
    return keccak(encode(["bytes32", "address"], [root, staker]))


def ballot(approved: Mapping[bytes, bytes]) -> bytes:
    """A ballot as it is cast: each approved checkpoint hash and its attestation, hashes rising."""
    if len(approved) > MAX_APPROVALS:
        raise ValueError(f"a ballot approves {MAX_APPROVALS} claims at most")
    return b"".join(digest + approved[digest] for digest in sorted(approved))


def approvals(cast: bytes) -> dict[bytes, bytes]:
    """Attestation by approved checkpoint hash. Raises ValueError for bytes that are no ballot."""
    if len(cast) % _APPROVAL or len(cast) > _APPROVAL * MAX_APPROVALS:
        raise ValueError("the bytes are no ballot")
    starts = range(0, len(cast), _APPROVAL)
    return {cast[at : at + 32]: cast[at + 32 : at + _APPROVAL] for at in starts}
