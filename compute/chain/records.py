"""The contracts' state as frozen records. Hashes are 32 bytes; NRN in its smallest unit (1e-18);
losses in nats per example as unsigned Q32.32; times in unix seconds."""

from dataclasses import dataclass
from enum import IntEnum

from compute.chain.schedule import Phase


@dataclass(frozen=True)
class GroupConfig:
    """The terms of a group; immutable once created. A fork takes genesis_* from its parent."""

    model_hash: bytes
    genesis_checkpoint: bytes
    genesis_tip: bytes
    commit_window: int
    reveal_window: int
    vote_window: int
    checkpoint_quorum_bps: int
    delta_quorum_bps: int
    delta_period: int
    bond: int
    min_improvement: int
    max_improvement: int
    keeper_bps: int


@dataclass(frozen=True)
class Head:
    """A block of the chain itself."""

    number: int
    hash: bytes
    timestamp: int


@dataclass(frozen=True)
class Current:
    """The block that is open now, with everything overdue already taken into account."""

    block_index: int
    phase: Phase
    version: int
    tip: bytes
    baseline_known: bool
    baseline_loss: int


@dataclass(frozen=True)
class Asked:
    """The terms of a block for a claim: the least improvement, and the bond that a reveal posts,
    which is 0 while nobody could vote."""

    improvement: int
    bond: int


@dataclass(frozen=True)
class Incumbent:
    """The checkpoint to beat. `loss` holds on training-set `version` and only if `known`."""

    checkpoint_hash: bytes
    height: int
    loss: int
    version: int
    known: bool


class Status(IntEnum):
    """How a block ended. UNSETTLED: still open, not settled yet, or nothing was revealed."""

    UNSETTLED = 0
    ACCEPTED = 1
    REJECTED = 2
    NO_QUORUM = 3
    REFUTED = 4  # accepted, and found false by the referee


@dataclass(frozen=True)
class Outcome:
    """Of one block; loss, height and redeemed mean something only if accepted. `cast` is the stake
    of all ballots."""

    status: Status
    loss: int
    height: int
    redeemed: bool
    cast: int


@dataclass(frozen=True)
class Candidate:
    """A revealed claim as the contract stores it. `seq` is its rank, the order of its first
    commitment; `block_index` the block it was entered in last; `bond` what is still posted."""

    checkpoint_hash: bytes
    trainer: str
    loss: int
    payer: str
    seq: int
    block_index: int
    bond: int


@dataclass(frozen=True)
class RevealedClaim:
    """A claim as it was revealed, in the terms keepers check."""

    checkpoint_hash: bytes
    trainer: str
    loss: int
    baseline_loss: int
    eval_root_hash: bytes
    seq: int
    block_index: int


@dataclass(frozen=True)
class OpenBlock:
    """The last block in which something was revealed; `leader` would win now, or has won."""

    block_index: int
    leader: bytes | None
    cast: int
    settled: bool


@dataclass(frozen=True)
class AcceptedBlock:
    """One step of the group's history."""

    height: int
    block_index: int
    checkpoint_hash: bytes
    trainer: str
    loss: int
    baseline_loss: int
    version: int
    tip: bytes
    eval_root_hash: bytes


@dataclass(frozen=True)
class AppendedDelta:
    """An appended delta: `version` is the one it made, on top of `parent_tip`."""

    delta_hash: bytes
    parent_tip: bytes
    proposer: str
    version: int


@dataclass(frozen=True)
class Proposal:
    """A delta somebody proposed. `votes` counts in the period that runs now."""

    id: int
    proposer: str
    parent_version: int
    proposed_at: int
    delta_hash: bytes
    votes: int


@dataclass(frozen=True)
class DeltaPeriod:
    """The voting period that runs now. `next_length` applies from the one after it; `end` includes
    the extensions that late ballots brought."""

    index: int
    start: int
    length: int
    next_length: int
    end: int

    @property
    def review(self) -> int:
        """Seconds a proposal must lie open before it can be voted on."""
        return self.length // 7


@dataclass(frozen=True)
class DeltaLeader:
    """The proposal in front; id 0 is "no change"."""

    proposal_id: int
    votes: int


@dataclass(frozen=True)
class DeltaDue:
    """A delta's reward that is not redeemed yet."""

    version: int
    proposer: str
    period_start: int
    credit: int


@dataclass(frozen=True)
class Sponsorship:
    """Tokens behind a group's next accepted blocks, in the token's smallest units.

    Paid for are the accepted blocks of `heights` (first, last) that begin in [since, until), with
    `per_block` each while something is `left`.
    """

    id: int
    group_id: int
    sponsor: str
    token: str
    left: int
    per_block: int
    since: int
    until: int
    heights: tuple[int, int]
