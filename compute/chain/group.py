"""One training group: its terms, its time grid, and views of its two contracts.

Contracts materialise results late: a block is settled, and a delta appended, by the first
transaction after the deadline. The views here are rolled: they say what such a transaction would
find, so what a reader does never depends on whether somebody has already called.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from compute.chain import deltas, history, voting
from compute.chain.claims import Domain
from compute.chain.contract import ZERO_ADDRESS, Contract
from compute.chain.errors import MalformedAnswer
from compute.chain.events import Follower
from compute.chain.records import (
    AcceptedBlock,
    Candidate,
    Current,
    DeltaDue,
    DeltaLeader,
    DeltaPeriod,
    DeltaRecord,
    GroupConfig,
    Head,
    Incumbent,
    OpenBlock,
    Outcome,
    Proposal,
    RevealedClaim,
)
from compute.chain.schedule import Block, Phase, Schedule
from compute.units import DAY

if TYPE_CHECKING:
    from compute.chain.chain import Chain

MAX_PERIOD = 56 * DAY  # seconds; no window or period of the protocol is longer

_TERMS = (
    "MODEL_HASH",
    "COMMIT_WINDOW",
    "REVEAL_WINDOW",
    "VOTE_WINDOW",
    "QUORUM_BPS",
    "BOND",
    "MIN_IMPROVEMENT",
    "KEEPER_BPS",
    "GENESIS_TIME",
)


@dataclass(frozen=True)
class Group:
    """A group and everything about it that never changes. `parent_id` is 0 unless it is a fork."""

    id: int
    parent_id: int
    voting: str
    deltas: str
    config: GroupConfig
    genesis_time: int
    base_version: int
    chain: "Chain" = field(repr=False, compare=False)
    voting_contract: Contract = field(repr=False, compare=False)
    deltas_contract: Contract = field(repr=False, compare=False)
    schedule: Schedule = field(repr=False, compare=False)
    known_proposals: dict[tuple[bytes, bytes], int] = field(
        default_factory=dict, repr=False, compare=False
    )  # (delta hash, tip it made) -> proposal id: found once, good for ever

    @classmethod
    def read(cls, chain: "Chain", group_id: int) -> "Group":
        """Read the terms of an existing group."""
        parent_id, deltas_at, voting_at = chain.registry.contract.call_many(
            [("parent_of", (group_id,)), ("deltas_of", (group_id,)), ("voting_of", (group_id,))]
        )
        if parent_id >= group_id or ZERO_ADDRESS in (deltas_at, voting_at):
            raise MalformedAnswer(f"The RPC describes a group {group_id} that cannot be.")
        ballots = Contract(chain.rpc, "CheckpointVoting", voting_at)
        patches = Contract(chain.rpc, "DeltaRegistry", deltas_at)
        terms: dict[str, Any] = dict(
            zip(
                (*_TERMS, "genesis"),
                ballots.call_many([(name, ()) for name in _TERMS] + [("accepted", (0,))]),
                strict=True,
            )
        )
        base_version, quorum, delta_period = patches.call_many(
            [("BASE_VERSION", ()), ("QUORUM_BPS", ()), ("period", ())]
        )
        config = GroupConfig(
            model_hash=terms["MODEL_HASH"],
            genesis_checkpoint=terms["genesis"],
            genesis_tip=patches.call("tip_of", base_version),
            commit_window=terms["COMMIT_WINDOW"],
            reveal_window=terms["REVEAL_WINDOW"],
            vote_window=terms["VOTE_WINDOW"],
            checkpoint_quorum_bps=terms["QUORUM_BPS"],
            delta_quorum_bps=quorum,
            delta_period=delta_period[1],
            bond=terms["BOND"],
            min_improvement=terms["MIN_IMPROVEMENT"],
            keeper_bps=terms["KEEPER_BPS"],
        )
        schedule = Schedule(
            terms["GENESIS_TIME"], config.commit_window, config.reveal_window, config.vote_window
        )
        if not 0 < schedule.period <= MAX_PERIOD:
            raise MalformedAnswer(f"The RPC describes a group {group_id} without a time grid.")
        return cls(
            group_id,
            parent_id,
            voting_at,
            deltas_at,
            config,
            schedule.genesis_time,
            base_version,
            chain,
            ballots,
            patches,
            schedule,
        )

    @property
    def model_hash(self) -> bytes:
        return self.config.model_hash

    @property
    def domain(self) -> Domain:
        """What a signed claim is bound to."""
        return Domain(self.chain.chain_id, self.voting)

    # Time

    def head(self) -> Head:
        """The chain's latest block, no older than the group."""
        head = self.chain.head()
        if head.timestamp < self.genesis_time:
            raise MalformedAnswer(
                "The node's latest block is older than the group. Wait until it has caught up."
            )
        return head

    def slot(self, index: int) -> Block:
        """The block with this index."""
        return self.schedule.slot(index)

    def slot_at(self, time: int) -> Block:
        """The block that contains `time`."""
        return self.schedule.slot_at(time)

    def phase(self, now: int) -> Phase:
        """What the block that contains `now` accepts."""
        return self.schedule.slot_at(now).phase(now)

    # Checkpoints

    def current(self) -> Current:
        """The block that is open now, rolled."""
        return voting.current(self)

    def incumbent(self) -> Incumbent:
        """The checkpoint to beat, rolled."""
        return voting.incumbent(self)

    def open_block(self) -> OpenBlock | None:
        """The last block in which something was revealed; None before the first."""
        return voting.open_block(self)

    def settleable(self) -> int | None:
        """The index of a block that is over and waits for `settle`."""
        return voting.settleable(self)

    def accepted(self, height: int) -> bytes | None:
        """The checkpoint hash at this height (0 = genesis), None if there is none yet."""
        return voting.accepted(self, height)

    def outcome(self, block_index: int) -> Outcome:
        """How a block ended, as far as it is settled."""
        return voting.outcome(self, block_index)

    def candidate(self, checkpoint_hash: bytes) -> Candidate | None:
        """The claim on this checkpoint, if it was ever revealed."""
        return voting.candidate(self, checkpoint_hash)

    def candidates(self, block_index: int) -> list[RevealedClaim]:
        """Claims revealed in a block, best first: by (loss, seq)."""
        return voting.candidates(self, block_index)

    def is_used(self, checkpoint_hash: bytes) -> bool:
        """Whether the hash was ever revealed here; such a hash is refused for ever."""
        return self.voting_contract.call("is_used", checkpoint_hash)

    def ballot(self, block_index: int, staker: str) -> bytes | None:
        """What the staker's vote in a block was stored as: see `claims.ballot`."""
        return voting.ballot(self, block_index, staker)

    def votes(self, checkpoint_hash: bytes) -> int:
        """Stake that voted for a candidate."""
        return self.voting_contract.call("votes", checkpoint_hash)

    def commitment(self, commitment: bytes, *, final: bool = False) -> int | None:
        """The seq of a commitment; with `final`, only if no reorg can undo it (rule F1)."""
        return voting.commitment(self, commitment, at=self.chain.final() if final else "latest")

    def credit(self, address: str) -> int:
        """NRN of displaced bonds that `withdraw_credit` returns."""
        return self.voting_contract.call("credit", address)

    def eval_root(self, block_index: int) -> bytes | None:
        """The evaluation root opened for an accepted block."""
        root = self.voting_contract.call("eval_root", block_index)
        return root if any(root) else None

    def accepted_blocks(self) -> list[AcceptedBlock]:
        """Every accepted block of this group (not of its parents), by height."""
        return history.accepted_blocks(self)

    # Training set

    def tip_at(self, time: int) -> tuple[int, bytes]:
        """(version, tip) in force at `time`, rolled. `time` must not be in the future."""
        return deltas.tip_at(self, time)

    def tip_of(self, version: int) -> bytes:
        """The tip of a version that is written down; 32 zero bytes for one that is not."""
        return self.deltas_contract.call("tip_of", version)

    def lineage(self, version: int) -> tuple[bytes, list[DeltaRecord]]:
        """Genesis delta hash and every delta up to `version`, through the parents of a fork.

        Raises NoSuchVersion.
        """
        return history.lineage(self, version)

    def proposals(self) -> list[Proposal]:
        """Proposals on top of the tip that is in force now: those one can vote for."""
        return deltas.proposals(self)

    def proposal(self, proposal_id: int) -> Proposal:
        """Any proposal ever made. Raises NoSuchProposal."""
        return deltas.proposal(self, proposal_id)

    def period(self) -> DeltaPeriod:
        """The delta period that runs now, rolled."""
        return deltas.period(self)

    def leader(self) -> DeltaLeader | None:
        """The proposal in front in the period that runs now; None without ballots."""
        return deltas.leader(self)

    def due(self, version: int) -> DeltaDue | None:
        """What the proposer of a version can still redeem."""
        return deltas.due(self, version)

    def finalizable(self) -> bool:
        """Whether a delta period is over and waits for `finalize`."""
        return deltas.finalizable(self)

    # Events

    def first_block(self) -> int:
        """The chain block in which the group was created."""
        return history.first_block(self)

    def follow_blocks(self, names: list[str]) -> Follower:
        """A follower of final CheckpointVoting events, from the group's creation."""
        return Follower(
            self.chain.heads,
            self.voting_contract,
            names,
            self.first_block(),
            until=self.chain.final,
        )
