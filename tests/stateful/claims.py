"""A trainer's claim as it is signed, committed and revealed; written from the specification."""

from dataclasses import dataclass, replace
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.stateful.world import Account, Group

DOMAIN = keccak(
    text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
CHECKPOINT = keccak(
    text="Checkpoint(address trainer,uint256 blockIndex,bytes32 modelHash,bytes32 trainingSetTip,"
    "bytes32 checkpointHash,uint64 loss,uint64 baselineLoss,bytes32 evalRootHash)"
)
CHAIN_ID = 1


@dataclass(frozen=True)
class Claim:
    """The signed fields, who signs, and the secrets behind the hashes."""

    voting: str
    signer: Account
    trainer: str
    block_index: int
    model_hash: bytes
    tip: bytes
    checkpoint_hash: bytes
    loss: int
    baseline_loss: int
    root: bytes
    salt: bytes = bytes(32)
    chain_id: int = CHAIN_ID

    @classmethod
    def of(
        cls, group: Group, signer: Account, block_index: int, tip: bytes, checkpoint: bytes | str,
        loss: int, baseline_loss: int,
    ) -> "Claim":  # fmt: skip
        """An honest claim; its evaluation's root is derived from the checkpoint's hash."""
        if isinstance(checkpoint, str):
            checkpoint = keccak(text=checkpoint)
        return cls(
            group.voting.address, signer, signer.address, block_index, group.config["model_hash"],
            tip, checkpoint, loss, baseline_loss, keccak(b"root" + checkpoint),
        )  # fmt: skip

    @property
    def root_hash(self) -> bytes:
        return keccak(self.root)

    @property
    def digest(self) -> bytes:
        """What is signed (EIP-712)."""
        domain = encode(
            ["bytes32", "bytes32", "bytes32", "uint256", "address"],
            [
                DOMAIN,
                keccak(text="DecentralizedAI Checkpoint"),
                keccak(text="1"),
                self.chain_id,
                self.voting,
            ],
        )
        struct = encode(
            ["bytes32", "address", "uint256", *["bytes32"] * 3, "uint64", "uint64", "bytes32"],
            [
                CHECKPOINT, self.trainer, self.block_index, self.model_hash, self.tip,
                self.checkpoint_hash, self.loss, self.baseline_loss, self.root_hash,
            ],
        )  # fmt: skip
        return keccak(b"\x19\x01" + keccak(domain) + keccak(struct))

    @property
    def commitment(self) -> bytes:
        return keccak(self.digest + self.salt)

    @property
    def signature(self) -> bytes:
        signed = self.signer.key.sign_msg_hash(self.digest)
        return signed.to_bytes()[:64] + bytes([27 + signed.v])

    def arguments(self, **changes: Any) -> tuple[Any, ...]:
        """Arguments of `reveal`: signed first, changed afterwards."""
        shown = replace(self, **changes)
        return (
            shown.trainer, shown.checkpoint_hash, shown.loss, shown.baseline_loss, shown.root_hash,
            shown.salt, self.signature,
        )  # fmt: skip


def attestation(root: bytes, staker: str) -> bytes:
    """What a keeper who knows `root` puts on its ballot."""
    return keccak(encode(["bytes32", "address"], [root, staker]))


def ballot(*approvals: tuple[bytes, bytes]) -> bytes:
    """What a keeper sends: checkpoint hashes with their words, in rising order."""
    return b"".join(checkpoint + word for checkpoint, word in sorted(approvals))
