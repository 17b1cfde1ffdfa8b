"""What front ends show, as frozen records. Hashes are 32 bytes; NRN and ETH in units of 1e-18;
losses in nats per example as unsigned Q32.32; times in unix seconds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from compute.chain.records import (
    Asked,
    DeltaPeriod,
    Incumbent,
    RevealedClaim,
    Sponsorship,
    Status,
)
from compute.chain.schedule import Block, Phase
from compute.chain.sponsors import Token

if TYPE_CHECKING:
    from compute.checkpoint import HeldOut


@dataclass(frozen=True)
class GroupFacts:
    """Where a group stands at `now`.

    `asked` is what the running block asks of a claim. `leader` would win the running block with
    the ballots `cast` so far: None if nothing is `revealed` yet, or no claim has enough approvals.
    `leading_proposal` is 0 for "no change", None without ballots. What trainers say of examples
    held out is None unless the store has it.
    """

    id: int
    parent_id: int
    model_hash: bytes
    now: int
    block: Block
    phase: Phase
    incumbent: Incumbent
    asked: Asked
    held_out: "HeldOut | None"
    revealed: bool
    cast: int
    leader: bytes | None
    leader_votes: int
    leader_held_out: "HeldOut | None"
    version: int
    proposals: int
    leading_proposal: int | None
    period: DeltaPeriod
    stake: int
    sponsorships: "tuple[SponsorshipFacts, ...]"


@dataclass(frozen=True)
class SponsorshipFacts:
    """Tokens behind a group, and what the token says of itself."""

    sponsorship: Sponsorship
    token: Token


@dataclass(frozen=True)
class OpenClaimFacts:
    """A claim that nobody has judged: its trainer may enter it again with this rank; its bond
    returns at `lapses_at`."""

    checkpoint_hash: bytes
    trainer: str
    loss: int
    rank: int
    block_index: int
    bond: int
    lapses_at: int


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
    """A revealed claim, its rank (the order of its first commitment) and the stake that approves
    it."""

    checkpoint_hash: bytes
    trainer: str
    loss: int
    baseline_loss: int
    rank: int
    votes: int

    @classmethod
    def of(cls, claim: RevealedClaim, votes: int) -> "CandidateFacts":
        """The claim with its votes."""
        about = claim.checkpoint_hash, claim.trainer, claim.loss, claim.baseline_loss
        return cls(*about, claim.seq, votes)


@dataclass(frozen=True)
class BallotFacts:
    """A keeper's ballot: the checkpoints that it approves, none if it found no claim true."""

    staker: str
    approved: tuple[bytes, ...]
    power: int


@dataclass(frozen=True)
class BlockFacts:
    """A block in which something was revealed.

    `winner` is None unless it was accepted, `height` is 0 then. `votes` approve what won, or else
    who has most approvals; `cast` is the stake of all ballots; `quorum` is how many votes of the
    group's `power` a winner needs, beside more than half of those cast. `asked` is the improvement
    a claim had to make. `reward` is what the winner earns in all, `pooled` the keepers' part of it;
    `paid` tells whether it is minted.
    """

    index: int
    start: int
    end: int
    version: int
    status: Status
    height: int
    winner: CandidateFacts | None
    asked: int
    votes: int
    cast: int
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
