"""Rolled views of CheckpointVoting."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from compute.chain import deltas
from compute.chain.contract import BlockTag
from compute.chain.errors import MalformedAnswer
from compute.chain.events import read_events
from compute.chain.records import (
    Candidate,
    Current,
    Incumbent,
    OpenBlock,
    Outcome,
    RevealedClaim,
    Status,
)
from compute.units import BPS, EPOCH

if TYPE_CHECKING:
    from compute.chain.group import Group

MAX_LOSS = 2**64 - 1
EMPTY = bytes(32)


def current(group: "Group") -> Current:
    """The block that contains chain time now."""
    head = group.head()
    slot = group.slot_at(head.timestamp)
    version, tip = deltas.tip_at(group, slot.start, at=head.number)
    best = incumbent(group, at=head.number)
    return Current(
        slot.index,
        slot.phase(head.timestamp),
        version,
        tip,
        best.known and best.version == version,
        best.loss,
    )


def incumbent(group: "Group", at: BlockTag = "latest") -> Incumbent:
    """The incumbent, with a block that is over but not settled already counted."""
    head = group.chain.head(at)
    checkpoint_hash, (loss, version, height, known) = group.voting_contract.call_many(
        [("incumbent", ()), ("baseline", ())], at=head.number
    )
    standing = Incumbent(checkpoint_hash, height, loss, version, known)
    block = open_block(group, at=head.number)
    if block is None or block.settled or head.timestamp < group.slot(block.block_index).end:
        return standing
    if block.leader is None or not _has_quorum(group, block, head.number):
        return standing
    winner = candidate(group, block.leader, at=head.number)
    if winner is None:
        raise MalformedAnswer("The RPC names a leader that nobody revealed.")
    version, _ = deltas.tip_at(group, group.slot(block.block_index).start, at=head.number)
    return replace(
        standing,
        checkpoint_hash=block.leader,
        height=height + 1,
        loss=winner.loss,
        version=version,
        known=True,
    )


def _has_quorum(group: "Group", block: OpenBlock, at: BlockTag) -> bool:
    epoch = group.slot(block.block_index).start // EPOCH
    power = group.chain.vault.contract.call("group_power_at", group.id, epoch, at=at)
    return block.votes > 0 and block.votes * BPS >= power * group.config.checkpoint_quorum_bps


def open_block(group: "Group", at: BlockTag = "latest") -> OpenBlock | None:
    """The contract's `state()`."""
    block, votes, seq, settled, leader = group.voting_contract.call("state", at=at)
    if block == 0:
        return None
    return OpenBlock(block - 1, leader if seq else None, votes, settled)  # seq 0 is "none valid"


def settleable(group: "Group") -> int | None:
    """Index of a block whose time is over and whose outcome is not written yet."""
    head = group.head()
    block = open_block(group, at=head.number)
    if block is None or block.settled or head.timestamp < group.slot(block.block_index).end:
        return None
    return block.block_index


def accepted(group: "Group", height: int) -> bytes | None:
    """Checkpoint hash at a height."""
    checkpoint_hash = group.voting_contract.call("accepted", height)
    return None if checkpoint_hash == EMPTY else checkpoint_hash


def outcome(group: "Group", block_index: int) -> Outcome:
    """The contract's record of a block."""
    return outcomes(group, [block_index])[0]


def outcomes(group: "Group", block_indices: Sequence[int]) -> list[Outcome]:
    """The contract's records of many blocks."""
    answers = group.voting_contract.call_many([("outcome", (n,)) for n in block_indices])
    if any(status > Status.NO_QUORUM for status, *_ in answers):
        raise MalformedAnswer("The RPC gives a block an outcome that does not exist.")
    return [Outcome(Status(status), *rest) for status, *rest in answers]


def candidate(group: "Group", checkpoint_hash: bytes, at: BlockTag = "latest") -> Candidate | None:
    """The stored claim; None for a hash never revealed and for the genesis checkpoint."""
    return _candidate(
        checkpoint_hash, *group.voting_contract.call("candidate", checkpoint_hash, at=at)
    )


def winners(group: "Group", height: int) -> list[Candidate]:
    """The accepted claims at heights 1..height."""
    hashes = group.voting_contract.call_many(
        [("accepted", (number,)) for number in range(1, height + 1)]
    )
    return revealed(group, hashes)


def revealed(group: "Group", hashes: Sequence[bytes]) -> list[Candidate]:
    """The stored claims on checkpoints of which it is known that they were revealed."""
    answers = group.voting_contract.call_many([("candidate", (digest,)) for digest in hashes])
    found = [_candidate(digest, *answer) for digest, answer in zip(hashes, answers, strict=True)]
    known = [claim for claim in found if claim is not None]
    if len(known) < len(hashes):
        raise MalformedAnswer("The RPC does not know a claim that it says was revealed.")
    return known


def _candidate(
    checkpoint_hash: bytes, trainer: str, loss: int, payer: str, seq: int, block: int, open_: bool
) -> Candidate | None:
    if block == 0:
        return None
    if loss > MAX_LOSS:
        raise MalformedAnswer("The RPC gives a loss that does not fit 64 bits.")
    return Candidate(checkpoint_hash, trainer, loss, payer, seq, block - 1, open_)


def candidates(group: "Group", block_index: int) -> list[RevealedClaim]:
    """Read from Revealed events; an earlier commitment of the same hash displaces the later one."""
    slot = group.slot(block_index)
    head = group.head()
    if head.timestamp < slot.reveal_at:
        return []
    heads, lowest = group.chain.heads, group.chain.deployment.block
    first = heads.block_at(slot.reveal_at, lowest, head.number)
    last = heads.block_at(slot.vote_at, first, head.number) - 1
    standing: dict[bytes, RevealedClaim] = {}
    for event in read_events(
        group.chain.rpc, group.voting_contract, ["Revealed"], first, last, block_index=block_index
    ):
        standing[event["checkpoint_hash"]] = RevealedClaim(
            event["checkpoint_hash"],
            event["trainer"],
            event["loss"],
            event["baseline_loss"],
            event["eval_root_hash"],
            event["seq"],
            block_index,
        )
    return sorted(standing.values(), key=lambda claim: (claim.loss, claim.seq))


def ballot(group: "Group", block_index: int, staker: str) -> bytes | None:
    """The stored ballot; None without a vote."""
    stored = group.voting_contract.call("ballot", block_index, staker)
    return None if stored == EMPTY else stored


def commitment(group: "Group", value: bytes, at: BlockTag = "latest") -> int | None:
    """The seq of a commitment in the state of block `at`."""
    seq, _ = group.voting_contract.call("commitment", value, at=at)
    return seq or None
