"""The past of a group, from its contracts and their events, checked against the hash chain."""

from typing import TYPE_CHECKING

from eth_utils import keccak

from compute.chain import deltas, voting
from compute.chain.errors import MalformedAnswer, NoSuchVersion
from compute.chain.events import read_events
from compute.chain.records import AcceptedBlock, DeltaRecord

if TYPE_CHECKING:
    from compute.chain.group import Group

MAX_HEIGHT = 100_000  # decades of the shortest blocks


def first_block(group: "Group") -> int:
    """The first chain block not older than the group."""
    chain = group.chain
    return chain.heads.block_at(group.genesis_time, chain.deployment.block, chain.head().number)


def settled_height(group: "Group") -> int:
    """How many accepted blocks are written down. More than there was time for is refused."""
    head = group.head()
    _, _, height, _ = group.voting_contract.call("baseline", at=head.number)
    if height > min(group.slot_at(head.timestamp).index, MAX_HEIGHT):
        raise MalformedAnswer(f"The RPC claims {height} accepted blocks in too short a time.")
    return height


def accepted_blocks(group: "Group") -> list[AcceptedBlock]:
    """By height, 1 first."""
    return [_accepted_block(group, number) for number in range(1, settled_height(group) + 1)]


def _accepted_block(group: "Group", height: int) -> AcceptedBlock:
    checkpoint_hash = voting.accepted(group, height)
    stored = voting.candidate(group, checkpoint_hash) if checkpoint_hash else None
    if stored is None:
        raise MalformedAnswer(f"The RPC does not know the accepted block at height {height}.")
    claim = next(
        (
            claim
            for claim in voting.candidates(group, stored.block_index)
            if claim.checkpoint_hash == checkpoint_hash
        ),
        None,
    )
    if claim is None or (claim.trainer, claim.loss) != (stored.trainer, stored.loss):
        raise MalformedAnswer(f"The RPC hides or changes the claim accepted at height {height}.")
    version, tip = deltas.tip_at(group, group.slot(stored.block_index).start)
    return AcceptedBlock(
        height,
        stored.block_index,
        stored.checkpoint_hash,
        stored.trainer,
        stored.loss,
        claim.baseline_loss,
        version,
        tip,
        claim.eval_root_hash,
    )


def lineage(group: "Group", version: int) -> tuple[bytes, list[DeltaRecord]]:
    """Genesis and deltas 1..version. The hash chain is checked, so no delta can be forged or left
    out; the proposer of each rests on the RPC's word, but its manifest names the proposer too."""
    if version <= group.base_version and group.parent_id:
        return lineage(group.chain.group(group.parent_id), version)
    head = group.head()
    newest, _ = deltas.tip_at(group, head.timestamp, at=head.number)
    deltas.check_version(group, newest, head.timestamp)
    if version > newest:
        raise NoSuchVersion(
            f"The training set of group {group.id} is at version {newest}, not {version}."
        )
    if group.parent_id:
        genesis, records = lineage(group.chain.group(group.parent_id), group.base_version)
    else:
        genesis, records = group.config.genesis_tip, []
    tip = group.config.genesis_tip
    for number in range(group.base_version + 1, version + 1):
        proposal_id, delta_hash, next_tip = _appended(group, number)
        if keccak(tip + delta_hash) != next_tip:
            raise MalformedAnswer(f"The RPC sent a delta {number} that breaks the hash chain.")
        proposer = deltas.proposal(group, proposal_id).proposer
        records.append(DeltaRecord(delta_hash, tip, proposer, number))
        tip = next_tip
    return genesis, records


def _appended(group: "Group", version: int) -> tuple[int, bytes, bytes]:
    """(proposal id, delta hash, tip) of a version, also of one that `finalize` has yet to write."""
    contract = group.deltas_contract
    stored, delta_hash, tip = contract.call_many(
        [("version", ()), ("delta_of", (version,)), ("tip_of", (version,))]
    )
    if version <= stored:
        return _proposal_of(group, version, delta_hash, tip), delta_hash, tip
    _, tip = deltas.tip_at(group, group.chain.now())
    proposal_id, _ = contract.call("leader")
    return proposal_id, contract.call("proposal_delta", proposal_id), tip


def _proposal_of(group: "Group", version: int, delta_hash: bytes, tip: bytes) -> int:
    known = group.known_proposals
    if (delta_hash, tip) not in known:
        head = group.head()
        for event in read_events(
            group.chain.rpc,
            group.deltas_contract,
            ["DeltaAppended"],
            first_block(group),
            head.number,
            version=version,
        ):
            known[event["delta_hash"], event["tip"]] = event["proposal_id"]
    try:
        return known[delta_hash, tip]
    except KeyError:
        raise MalformedAnswer(f"The RPC does not know who proposed delta {version}.") from None
