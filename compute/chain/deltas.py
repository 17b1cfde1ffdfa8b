"""The training set of a group: rolled reads of its DeltaRegistry."""

from collections.abc import Sequence
from typing import NamedTuple, Optional

from eth_utils import keccak

from compute.chain.contract import ZERO_ADDRESS, BlockTag
from compute.chain.errors import MalformedAnswer, NoSuchProposal, NoSuchVersion
from compute.chain.events import Event
from compute.chain.records import AppendedDelta, DeltaDue, DeltaLeader, DeltaPeriod, Proposal
from compute.chain.terms import Terms
from compute.units import DAY

MAX_DELTAS = 100_000  # centuries of them
MAX_PROPOSALS = 1_000  # read at once, newest first: a flood must not stop a reader


class _Appended(NamedTuple):
    delta_hash: bytes
    tip: bytes
    proposer: str


class Deltas:
    """The versions of a training set, and the proposals on top of the last."""

    def __init__(self, terms: Terms, parent: Optional["Deltas"]) -> None:
        self.contract = terms.deltas_contract
        self.address = self.contract.address
        self._terms = terms
        self._parent = parent
        self._proposers: dict[tuple[bytes, bytes], str] = {}  # of (hash, tip): never changes

    # Versions

    def tip_at(self, time: int, at: BlockTag = "latest") -> tuple[int, bytes]:
        """(version, tip) in force at `time`, which must not be in the future.

        What `sync(time)` would return, without sending it.
        """
        return self.tips_at([time], at)[0]

    def tips_at(self, times: Sequence[int], at: BlockTag = "latest") -> list[tuple[int, bytes]]:
        """(version, tip) in force at each of `times`."""
        return self.contract.call_many([("sync", (time,)) for time in times], at=at)

    def tip_of(self, version: int) -> bytes:
        """The tip of a version that is written down; 32 zero bytes for one that is not."""
        return self.contract.call("tip_of", version)

    def settled_version(self) -> int:
        """The newest version that is written down."""
        head = self._terms.head()
        return self._possible(self.contract.call("version", at=head.number), head.timestamp)

    def _possible(self, version: int, now: int) -> int:
        """Refuse a version that there was no time for: periods last a day at least."""
        terms = self._terms
        if version - terms.base_version > min((now - terms.genesis_time) // DAY, MAX_DELTAS):
            raise MalformedAnswer(f"The RPC claims {version} deltas in too short a time.")
        return version

    def lineage(self, version: int) -> tuple[bytes, list[AppendedDelta]]:
        """Genesis delta hash and deltas 1..version, through the parents of a fork.

        The hash chain is checked, so no delta can be forged or left out; the proposer of each rests
        on the RPC's word, but its manifest names the proposer too. Raises NoSuchVersion.
        """
        base = self._terms.base_version
        if self._parent is not None and version <= base:
            return self._parent.lineage(version)
        head = self._terms.head()
        newest, tip = self.tip_at(head.timestamp, at=head.number)
        if version > self._possible(newest, head.timestamp):
            raise NoSuchVersion(
                f"The training set of group {self._terms.id} is at version {newest}, not {version}."
            )
        genesis, records = self._terms.config.genesis_tip, list[AppendedDelta]()
        if self._parent is not None:
            genesis, records = self._parent.lineage(base)
        return genesis, records + self._chained(self._appended(version, head.number, tip))

    def _chained(self, appended: Sequence["_Appended"]) -> list[AppendedDelta]:
        """Deltas of this group alone, their hash chain checked."""
        tip, records = self._terms.config.genesis_tip, []
        for number, delta in enumerate(appended, self._terms.base_version + 1):
            if keccak(tip + delta.delta_hash) != delta.tip:
                raise MalformedAnswer(f"The RPC sent a delta {number} that breaks the hash chain.")
            records.append(AppendedDelta(delta.delta_hash, tip, delta.proposer, number))
            tip = delta.tip
        return records

    def _appended(self, version: int, at: int, newest: bytes) -> list["_Appended"]:
        """Up to `version`; `finalize` may have yet to write the last, whose tip is `newest`."""
        stored = self.contract.call("version", at=at)
        if version > stored + 1:
            raise MalformedAnswer(f"The RPC knows of {version} deltas and has {stored}.")
        written = range(self._terms.base_version + 1, min(version, stored) + 1)
        names = ("delta_of", "tip_of")
        answers = self.contract.call_many([(name, (n,)) for name in names for n in written], at)
        hashes, tips = answers[: len(written)], answers[len(written) :]
        proposers = self._proposers_of(list(zip(hashes, tips, strict=True)), at)
        if version > stored:
            leading = self.contract.call("leader", at=at)[0]
            proposer, *_, delta_hash = self.contract.call("proposal", leading, at=at)
            hashes.append(delta_hash)
            tips.append(newest)
            proposers.append(proposer)
        return [_Appended(*facts) for facts in zip(hashes, tips, proposers, strict=True)]

    def _proposers_of(self, appended: Sequence[tuple[bytes, bytes]], at: int) -> list[str]:
        """Who proposed each (delta hash, tip)."""
        known = self._proposers

        def check(events: Sequence[Event]) -> None:
            told = {(e["delta_hash"], e["tip"]): e["proposal_id"] for e in events}
            if any(key not in told for key in appended):
                raise MalformedAnswer(
                    "The RPC does not know who proposed a delta that was appended."
                )
            calls = [("proposal", (told[key],)) for key in appended]
            answers = self.contract.call_many(calls, at)
            for key, (proposer, *_, delta_hash) in zip(appended, answers, strict=True):
                if delta_hash != key[0]:
                    raise MalformedAnswer("The RPC confuses the proposals of deltas.")
                known[key] = proposer

        if any(key not in known for key in appended):
            self._terms.kept_events(self.contract, ["DeltaAppended"], at, check)
        return [known[key] for key in appended]

    # The vote

    def period(self) -> DeltaPeriod:
        """The delta period that runs now."""
        head = self._terms.head()
        start, length, pending, index, end = self.contract.call("period", at=head.number)
        if length == 0 or pending == 0:
            raise MalformedAnswer("The RPC gives a delta period without length.")
        if head.timestamp < end:
            return DeltaPeriod(index, start, length, pending, end)
        skipped = (head.timestamp - end) // pending
        begun = end + skipped * pending
        return DeltaPeriod(index + 1 + skipped, begun, pending, pending, begun + pending)

    def finalizable(self) -> bool:
        """Return whether a delta period is over and waits for `finalize`."""
        head = self._terms.head()
        *_, end = self.contract.call("period", at=head.number)
        return head.timestamp >= end

    def leader(self) -> DeltaLeader | None:
        """The proposal in front in the period that runs now; None without ballots."""
        if self.finalizable():
            return None
        proposal_id, votes = self.contract.call("leader")
        return DeltaLeader(proposal_id, votes) if votes else None

    def proposals(self) -> list[Proposal]:
        """Proposals on top of the tip that is in force now: those one can vote for.

        Oldest first, of the newest MAX_PROPOSALS.
        """
        head = self._terms.head()
        version, _ = self.tip_at(head.timestamp, at=head.number)
        count = self.contract.call("n_proposals", at=head.number)
        numbers = range(max(1, count - MAX_PROPOSALS + 1), count + 1)
        found = self._read(numbers, at=head.number)
        return [proposal for proposal in found if proposal.parent_version == version]

    def proposal(self, proposal_id: int) -> Proposal:
        """Any proposal ever made. Raises NoSuchProposal."""
        (found,) = self._read([proposal_id])
        if found.proposer == ZERO_ADDRESS:
            number = self._terms.id
            raise NoSuchProposal(
                f"Group {number} has no proposal {proposal_id}. See `nrn delta proposals {number}`."
            )
        return found

    def _read(self, numbers: Sequence[int], at: BlockTag = "latest") -> list[Proposal]:
        running = self.period().index
        calls: list[tuple[str, Sequence[int]]] = [("proposal", (number,)) for number in numbers]
        calls += [("tally", (running, number)) for number in numbers]
        answers = self.contract.call_many(calls, at=at)
        stored, votes = answers[: len(numbers)], answers[len(numbers) :]
        return [
            _proposal(number, facts, tally)
            for number, facts, tally in zip(numbers, stored, votes, strict=True)
        ]

    # Rewards

    def due(self, version: int) -> DeltaDue | None:
        """Return what the proposer of a version can still redeem."""
        return next(iter(self._dues([version])), None)

    def dues(self) -> list[DeltaDue]:
        """Return what the proposers of all versions of this group can still redeem."""
        return self._dues(range(self._terms.base_version + 1, self.settled_version() + 1))

    def _dues(self, versions: Sequence[int]) -> list[DeltaDue]:
        answers = self.contract.call_many([("due", (version,)) for version in versions])
        found = [DeltaDue(number, *due) for number, due in zip(versions, answers, strict=True)]
        return [due for due in found if due.proposer != ZERO_ADDRESS and due.credit]


def _proposal(number: int, stored: tuple[str, int, int, bytes], votes: int) -> Proposal:
    proposer, parent_version, proposed_at, delta_hash = stored
    return Proposal(number, proposer, parent_version, proposed_at, delta_hash, votes)
