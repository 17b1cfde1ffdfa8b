"""What front ends show, as frozen records. Hashes are 32 bytes; NRN and ETH in units of 1e-18;
losses in nats per example as unsigned Q32.32; times in unix seconds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from compute.chain.records import DeltaPeriod, Incumbent, RevealedClaim, Status
from compute.chain.schedule import Block, Phase

if TYPE_CHECKING:
    from compute.checkpoint import HeldOut


@dataclass(frozen=True)
class GroupFacts:
    """Where a group stands at `now`.

    `leader` is the candidate in front in the running block: None if nothing is `revealed` yet, or
    if "none valid" leads. `leading_proposal` is 0 for "no change", None without ballots. What
    trainers say of examples held out is None unless the store has it.
    """

    id: int
    parent_id: int
    model_hash: bytes
    now: int
    block: Block
    phase: Phase
    incumbent: Incumbent
    held_out: "HeldOut | None"
    revealed: bool
    leader: bytes | None
    leader_votes: int
    leader_held_out: "HeldOut | None"
    version: int
    proposals: int
    leading_proposal: int | None
    period: DeltaPeriod
    stake: int


@dataclass(frozen=True)
class StakeFacts:
    """What an account has in a group: `power` is what it votes with in the running block."""

    group_id: int
    stake: int
    power: int
    rewards: int


@dataclass(frozen=True)
class AccountFacts:
    """What an account owns, and what it has in each of the groups asked for."""

    address: str
    ether: int
    nrn: int
    stakes: tuple[StakeFacts, ...]


@dataclass(frozen=True)
class CandidateFacts:
    """A revealed claim and the stake that voted for it."""

    checkpoint_hash: bytes
    trainer: str
    loss: int
    baseline_loss: int
    votes: int

    @classmethod
    def of(cls, claim: RevealedClaim, votes: int) -> "CandidateFacts":
        """The claim with its votes."""
        return cls(claim.checkpoint_hash, claim.trainer, claim.loss, claim.baseline_loss, votes)


@dataclass(frozen=True)
class BallotFacts:
    """A keeper's vote; for None it is "none valid"."""

    staker: str
    checkpoint_hash: bytes | None
    power: int


@dataclass(frozen=True)
class BlockFacts:
    """A block in which something was revealed.

    `winner` is None unless it was accepted, `height` is 0 then. `votes` are those of what leads or
    won, "none valid" included; `quorum` is how many of the group's `power` it needs. `reward` is
    what the winner earns in all, `pooled` the keepers' part of it; `paid` tells whether it is
    minted.
    """

    index: int
    start: int
    end: int
    version: int
    status: Status
    height: int
    winner: CandidateFacts | None
    votes: int
    power: int
    quorum: int
    reward: int
    pooled: int
    paid: bool
    candidates: tuple[CandidateFacts, ...]
    ballots: tuple[BallotFacts, ...]


@dataclass(frozen=True)
class DeltaFacts:
    """A version of the training set; version 0 has no proposer.

    `proposal`, `votes` and `paid` are None while `finalize` has yet to write them, the `reward`
    also where events do not tell it.
    """

    version: int
    delta_hash: bytes
    proposer: str | None = None
    proposal: int | None = None
    votes: int | None = None
    reward: int | None = None
    paid: bool | None = None


@dataclass(frozen=True)
class TrainerFacts:
    """What a trainer did in a group. `earned` is without the keepers' part, paid or not yet;
    `best_loss` is the least that was accepted, None without."""

    address: str
    claims: int
    accepted: int
    best_loss: int | None
    earned: int
