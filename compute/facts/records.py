"""Facts for front ends as frozen records. Hashes are 32 bytes; NRN and ETH in units of 1e-18;
losses in nats per example as unsigned Q32.32; times in unix seconds."""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from compute.about import About
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
    """The state of a group at `now`.

    `asked` is what the running block asks of a claim. `leader` would win the running block with
    the ballots `cast` so far: None if nothing is `revealed` yet, or no claim has enough approvals.
    `leading_proposal` is 0 for "no change", None without ballots. What trainers say of examples
    held out is None unless the store has it, and so is whether the model is `refereed`.
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
    about: About | None
    unit: str
    refereed: bool | None


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
    """An account's holdings in a group: `power` is what it votes with in the running block."""

    group_id: int
    stake: int
    power: int
    rewards: int


@dataclass(frozen=True)
class AccountFacts:
    """An account's holdings, by itself and in each of the groups asked for."""

    address: str
    ether: int
    nrn: int
    stakes: tuple[StakeFacts, ...]


class Bond(Enum):
    """The fates of a claim's bond."""

    HELD = "held until the block is settled"
    OPEN = "held until a later block judges the claim"
    MOVED = "held for a later block, in which the claim was entered again"
    DUE = "returns to who paid it when it is released"
    FORFEIT = "burns when it is released"
    RETURNED = "returned"
    BURNED = "burned"


@dataclass(frozen=True)
class CandidateFacts:
    """A revealed claim, its rank (the order of its first commitment), the stake that approves it,
    and its bond: `payer` and `posted`, NRN in the contract, are None and 0 once that has left the
    contract or has moved to a later block, or are not asked for."""

    checkpoint_hash: bytes
    trainer: str
    loss: int
    baseline_loss: int
    rank: int
    votes: int
    bond: Bond
    payer: str | None
    posted: int

    @classmethod
    def of(
        cls,
        claim: RevealedClaim,
        votes: int,
        bond: Bond = Bond.HELD,
        payer: str | None = None,
        posted: int = 0,
    ) -> "CandidateFacts":
        """The claim with its votes."""
        about = claim.checkpoint_hash, claim.trainer, claim.loss, claim.baseline_loss
        return cls(*about, claim.seq, votes, bond, payer, posted)


@dataclass(frozen=True)
class BallotFacts:
    """A keeper's ballot: an attestation for each checkpoint that it approves, none if it found no
    claim true.

    `earned` is NRN paid, or due if not `paid`; `proven` tells whether it approves the winner and
    shows an evaluation that the opened root bears out.
    """

    staker: str
    approved: dict[bytes, bytes]
    power: int
    earned: int
    paid: bool
    proven: bool


@dataclass(frozen=True)
class BlockFacts:
    """A block in which something was revealed.

    `winner` is None unless it was accepted, `height` is 0 then. `votes` approve what won, or else
    who has most approvals; `cast` is the stake of all ballots; `quorum` is how many votes of the
    group's `power` a winner needs, beside more than half of those cast. `asked` is the improvement
    a claim had to make. `reward` is what the winner earns in all, `pooled` the keepers' part of it;
    `paid` tells whether it is minted, `root_open` whether the winner's evaluation is public, so
    that keepers can be paid. A bond that nobody has decided about returns at `lapses_at`.
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
    root_open: bool
    lapses_at: int
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
    """A trainer's record in a group. `earned` is without the keepers' part, paid or not yet;
    `best_loss` is the least that was accepted, None without."""

    address: str
    claims: int
    accepted: int
    best_loss: int | None
    earned: int


@dataclass(frozen=True)
class KeeperFacts:
    """A keeper's record in a group: it cast `ballots` in so many of the `blocks` since its first.
    `power` is that of its last ballot, `earned` what they brought, paid or not yet."""

    address: str
    ballots: int
    blocks: int
    with_winner: int
    power: int
    earned: int


@dataclass(frozen=True)
class SupplyFacts:
    """NRN there are, were `issued` by the sale and `minted` since, and staked in all groups."""

    supply: int
    issued: int
    minted: int
    staked: int


@dataclass(frozen=True)
class ExitFacts:
    """Stake that somebody asked back: `withdraw(release_epoch)` pays it from `release_at` on."""

    release_epoch: int
    release_at: int
    amount: int
