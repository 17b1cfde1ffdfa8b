"""Rolled views of DeltaRegistry."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from compute.chain.contract import ZERO_ADDRESS, BlockTag
from compute.chain.errors import MalformedAnswer, NoSuchProposal
from compute.chain.records import DeltaDue, DeltaLeader, DeltaPeriod, Proposal
from compute.units import DAY

if TYPE_CHECKING:
    from compute.chain.group import Group

MAX_DELTAS = 100_000  # centuries of them
MAX_PROPOSALS = 1_000  # read at once, newest first: a flood must not stop a reader


def tip_at(group: "Group", time: int, at: BlockTag = "latest") -> tuple[int, bytes]:
    """What `sync(time)` would return, without sending it."""
    return group.deltas_contract.call("sync", time, at=at)


def period(group: "Group") -> DeltaPeriod:
    """The period that contains chain time now."""
    head = group.head()
    start, length, pending, index = group.deltas_contract.call("period", at=head.number)
    if length == 0 or pending == 0:
        raise MalformedAnswer("The RPC gives a delta period without length.")
    end = start + length
    if head.timestamp < end:
        return DeltaPeriod(index, start, length, pending)
    skipped = (head.timestamp - end) // pending
    return DeltaPeriod(index + 1 + skipped, end + skipped * pending, pending, pending)


def finalizable(group: "Group") -> bool:
    """Whether the stored period is over."""
    head = group.head()
    start, length, _, _ = group.deltas_contract.call("period", at=head.number)
    return head.timestamp >= start + length


def leader(group: "Group") -> DeltaLeader | None:
    """The leader of the period that runs now."""
    if finalizable(group):
        return None
    proposal_id, votes = group.deltas_contract.call("leader")
    return DeltaLeader(proposal_id, votes) if votes else None


def proposals(group: "Group") -> list[Proposal]:
    """Votable proposals, oldest first, at most the newest MAX_PROPOSALS."""
    head = group.head()
    version, _ = tip_at(group, head.timestamp, at=head.number)
    count = group.deltas_contract.call("n_proposals", at=head.number)
    numbers = range(max(1, count - MAX_PROPOSALS + 1), count + 1)
    running = period(group).index
    calls: list[tuple[str, Sequence[int]]] = [("proposal", (number,)) for number in numbers]
    calls += [("tally", (running, number)) for number in numbers]
    answers = group.deltas_contract.call_many(calls, at=head.number)
    stored, votes = answers[: len(numbers)], answers[len(numbers) :]
    found = [_proposal(*facts) for facts in zip(numbers, stored, votes, strict=True)]
    return [proposal for proposal in found if proposal.parent_version == version]


def proposal(group: "Group", proposal_id: int) -> Proposal:
    """One proposal, votable or not."""
    stored, votes = group.deltas_contract.call_many(
        [("proposal", (proposal_id,)), ("tally", (period(group).index, proposal_id))]
    )
    if stored[0] == ZERO_ADDRESS:
        raise NoSuchProposal(
            f"Group {group.id} has no proposal {proposal_id}. See `nrn delta proposals {group.id}`."
        )
    return _proposal(proposal_id, stored, votes)


def _proposal(number: int, stored: tuple[str, int, int, bytes], votes: int) -> Proposal:
    proposer, parent_version, proposed_at, delta_hash = stored
    return Proposal(number, proposer, parent_version, proposed_at, delta_hash, votes)


def settled_version(group: "Group") -> int:
    """The newest version that is written down. One there was no time for is refused."""
    head = group.head()
    version = group.deltas_contract.call("version", at=head.number)
    check_version(group, version, head.timestamp)
    return version


def check_version(group: "Group", version: int, now: int) -> None:
    """Refuse a version that there was no time for: periods last a day at least."""
    if version - group.base_version > min((now - group.genesis_time) // DAY, MAX_DELTAS):
        raise MalformedAnswer(f"The RPC claims {version} deltas in too short a time.")


def due(group: "Group", version: int) -> DeltaDue | None:
    """Unpaid reward of a version."""
    proposer, period_start, credit = group.deltas_contract.call("due", version)
    return None if proposer == ZERO_ADDRESS else DeltaDue(version, proposer, period_start, credit)


def dues(group: "Group") -> list[DeltaDue]:
    """Unpaid rewards of all versions."""
    versions = range(group.base_version + 1, settled_version(group) + 1)
    answers = group.deltas_contract.call_many([("due", (version,)) for version in versions])
    found = [DeltaDue(version, *answer) for version, answer in zip(versions, answers, strict=True)]
    return [due for due in found if due.proposer != ZERO_ADDRESS]
