"""What the tests of the contracts share: group parameters, and claims as their trainers sign them.

Written from the specification and not imported from the client, so that each checks the other.
"""

from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode
from eth_utils import keccak

HOUR = 3_600
DAY = 24 * HOUR
EPOCH = 7 * DAY
CHALLENGE = 3 * DAY  # after its block a claim may be challenged so long
FOUR_YEARS = 1_461 * DAY
ETHER = 10**18
ZERO = "0x" + "00" * 20
MIN_BOND = ETHER


@dataclass(frozen=True)
class Config:
    """`IGroupRegistry.GroupConfig`; windows and periods in seconds, the bond in NRN wei."""

    model_hash: bytes = b"\x01" * 32
    genesis_checkpoint: bytes = b"\x02" * 32
    genesis_tip: bytes = b"\x03" * 32
    commit_window: int = 4 * HOUR
    reveal_window: int = HOUR // 2
    vote_window: int = 3 * HOUR // 2
    checkpoint_quorum_bps: int = 3_334
    delta_quorum_bps: int = 2_000
    delta_period: int = 7 * DAY
    bond: int = MIN_BOND
    min_improvement: int = 1
    max_improvement: int = 1
    keeper_bps: int = 0

    def fields(self) -> tuple[Any, ...]:
        return tuple(vars(self).values())


@dataclass(frozen=True)
class Claim:
    """What a trainer signs, and what it takes to reveal it."""

    trainer: str
    block_index: int
    model_hash: bytes
    tip: bytes
    checkpoint_hash: bytes
    loss: int
    baseline_loss: int
    root: bytes
    salt: bytes = b"\x05" * 32

    @property
    def root_hash(self) -> bytes:
        return keccak(self.root)

    def digest(self, voting: str, chain_id: int = 1) -> bytes:
        """EIP-712 digest for the voting contract at `voting`."""
        domain = encode(
            ["bytes32", "bytes32", "bytes32", "uint256", "address"],
            [
                keccak(
                    text="EIP712Domain(string name,string version,"
                    "uint256 chainId,address verifyingContract)"
                ),
                keccak(text="DecentralizedAI Checkpoint"),
                keccak(text="1"),
                chain_id,
                voting,
            ],
        )
        struct = encode(
            ["bytes32", "address", "uint256", *["bytes32"] * 3, "uint64", "uint64", "bytes32"],
            [
                keccak(
                    text="Checkpoint(address trainer,uint256 blockIndex,bytes32 modelHash,"
                    "bytes32 trainingSetTip,bytes32 checkpointHash,uint64 loss,"
                    "uint64 baselineLoss,bytes32 evalRootHash)"
                ),
                self.trainer,
                self.block_index,
                self.model_hash,
                self.tip,
                self.checkpoint_hash,
                self.loss,
                self.baseline_loss,
                self.root_hash,
            ],
        )
        return keccak(b"\x19\x01" + keccak(domain) + keccak(struct))

    def commitment(self, voting: str, chain_id: int = 1) -> bytes:
        return keccak(self.digest(voting, chain_id) + self.salt)

    def arguments(self, key: Any, voting: str, chain_id: int = 1) -> tuple[Any, ...]:
        """Arguments of `reveal`, signed with `key`."""
        signature = key.unsafe_sign_hash(self.digest(voting, chain_id)).signature
        return (
            self.trainer,
            self.checkpoint_hash,
            self.loss,
            self.baseline_loss,
            self.root_hash,
            self.salt,
            bytes(signature),
        )


def attestation(root: bytes, staker: str) -> bytes:
    """What a keeper who knows `root` puts on its ballot."""
    return keccak(encode(["bytes32", "address"], [root, staker]))


def ballot(staker: str, *claims: Claim) -> bytes:
    """What a keeper sends who has evaluated these claims: their hashes rising, each attested."""
    ranked = sorted(claims, key=lambda claim: claim.checkpoint_hash)
    return b"".join(c.checkpoint_hash + attestation(c.root, staker) for c in ranked)
