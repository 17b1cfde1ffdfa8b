"""Rewards that a group still owes an account, and how to collect them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from eth_utils import keccak

from compute.chain.claims import approvals, attestation
from compute.chain.errors import MalformedAnswer
from compute.chain.group import Group
from compute.chain.records import Candidate, Outcome, Status
from compute.chain.voting import PAID
from compute.units import BPS, EPOCH

if TYPE_CHECKING:
    from compute.chain.sender import Sender
    from compute.chain.transactions import Receipt


class Kind(Enum):
    """The kinds of rewards."""

    BLOCK = "an accepted block"
    KEEPER = "the keeper's share of a block"
    DELTA = "an appended delta"
    BOND = "the bond of a claim"
    CREDIT = "bonds of displaced claims"


@dataclass(frozen=True)
class Reward:
    """`amount` in units of 1e-18 NRN; `number` is a block index, or a version for a delta. A bond
    has its claim's `checkpoint_hash`, a keeper's share the `ballot` that earned it."""

    kind: Kind
    amount: int
    number: int
    checkpoint_hash: bytes = b""
    ballot: bytes = b""


def rewards(group: Group, address: str) -> list[Reward]:
    """List what can be collected for `address` now, without the bonds of claims that did not
    win."""
    winners = group.history.winners()
    blocks = [winner.block_index for winner in winners]
    outcomes = group.voting.outcomes(blocks)
    ballots = group.voting.ballots(blocks, address)
    found: list[Reward] = []
    played = list(zip(winners, outcomes, ballots, strict=True))
    found += _block_rewards(
        group, [w for w, told, _ in played if w.trainer == address and not told.redeemed]
    )
    now = group.head().timestamp
    found += [
        _bond(w)
        for w in winners
        if w.payer == address and w.bond and now >= group.voting.challengeable_until(w)
    ]
    if group.config.keeper_bps:
        unpaid = [w for w, told, mine in played if told.redeemed and mine not in (None, PAID)]
        cast = group.voting.ballots_cast(address) if unpaid else {}
        stored = {w.block_index: mine for w, _, mine in played}
        voted = [
            (w, told)
            for w in unpaid
            if keccak(told := cast.get(w.block_index, b"")) == stored[w.block_index]
        ]
        found += _keeper_rewards(group, voted, address)
    found += _delta_rewards(group, address)
    if credit := group.voting.credit(address):
        found.append(Reward(Kind.CREDIT, credit, 0))
    return found


def open_bonds(group: Group, address: str) -> list[Reward]:
    """Bonds that can be released, which this address paid for claims, its own or others'.

    Reads all of the group's events: slow on an old group.
    """
    events = group.events(group.voting.contract, ["Revealed"], group.head().number)
    hashes = dict.fromkeys(event["checkpoint_hash"] for event in events)
    paid = [
        claim
        for claim in group.voting.revealed(list(hashes))
        if claim.payer == address and claim.bond
    ]
    outcomes = group.voting.outcomes([claim.block_index for claim in paid])
    waiting = _waiting(group, paid)
    return [
        _bond(claim)
        for claim, outcome in zip(paid, outcomes, strict=True)
        if outcome.status is not Status.UNSETTLED and claim not in waiting
    ]


def _waiting(group: Group, claims: Sequence[Candidate]) -> list[Candidate]:
    """Those whose bonds cannot be released yet: they may be challenged, or are not judged and not
    lapsed."""
    now, voting = group.head().timestamp, group.voting
    unjudged = voting.unjudged(claims)
    return [
        claim
        for claim in claims
        if now < voting.challengeable_until(claim)
        or (claim in unjudged and now < voting.lapses_at(claim))
    ]


def of_claim(group: Group, claim: Candidate) -> list[Reward] | None:
    """List what is still to be collected for a claim, for its trainer and for who paid its bond.

    None while the outcome of its block is not written down, or its bond cannot be released yet and
    nothing else is due.
    """
    outcome = group.voting.outcome(claim.block_index)
    if outcome.status is Status.UNSETTLED:
        return None
    found: list[Reward] = []
    if won(group, claim, outcome) and not outcome.redeemed:
        found += _block_rewards(group, [claim])
    if claim.bond and not _waiting(group, [claim]):
        found += [_bond(claim)]
    return None if claim.bond and not found else found


def won(group: Group, claim: Candidate, outcome: Outcome) -> bool:
    """Return whether this claim is the one its block accepted."""
    accepted = outcome.status is Status.ACCEPTED
    return accepted and group.voting.accepted(outcome.height) == claim.checkpoint_hash


def collect(sender: "Sender", group: Group, reward: Reward) -> "Receipt":
    """Send the transaction that pays one reward; a bond that is to be burned is burned."""
    match reward.kind:
        case Kind.BLOCK:
            return sender.redeem(group, reward.number)
        case Kind.KEEPER:
            return sender.claim_keeper(group, reward.number, reward.ballot)
        case Kind.DELTA:
            return sender.redeem_delta(group, reward.number)
        case Kind.BOND:
            return sender.release_bond(group, reward.checkpoint_hash)
        case Kind.CREDIT:
            return sender.withdraw_credit(group)


def _bond(claim: Candidate) -> Reward:
    return Reward(Kind.BOND, claim.bond, claim.block_index, claim.checkpoint_hash)


def shares(group: Group, block_starts: Sequence[int]) -> list[tuple[int, int]]:
    """(whole reward, what of it is the keepers') of accepted blocks that started then."""
    wholes = group.chain.coinbase.block_rewards(group.id, block_starts)
    return [(whole, whole * group.config.keeper_bps // BPS) for whole in wholes]


def _block_rewards(group: Group, won: Sequence[Candidate]) -> list[Reward]:
    amounts = shares(group, [group.slot(claim.block_index).start for claim in won])
    return [
        Reward(Kind.BLOCK, whole - pool, claim.block_index)
        for claim, (whole, pool) in zip(won, amounts, strict=True)
    ]


def _keeper_rewards(
    group: Group, voted: Sequence[tuple[Candidate, bytes]], address: str
) -> list[Reward]:
    """The parts of ballots for winners with a true attestation, where the root is open."""
    roots = group.voting.eval_roots([winner.block_index for winner, _ in voted])
    cast = {
        winner: mine
        for (winner, mine), root in zip(voted, roots, strict=True)
        if root and approvals(mine).get(winner.checkpoint_hash) == attestation(root, address)
    }
    earning = list(cast)
    starts = [group.slot(winner.block_index).start for winner in earning]
    powers = group.chain.vault.powers_at(group.id, address, [start // EPOCH for start in starts])
    votes = group.voting.votes_for([winner.checkpoint_hash for winner in earning])
    if 0 in votes:
        raise MalformedAnswer("The RPC names a winner without votes.")
    return [
        Reward(Kind.KEEPER, pool * power // all_votes, winner.block_index, ballot=cast[winner])
        for winner, power, all_votes, (_, pool) in zip(
            earning, powers, votes, shares(group, starts), strict=True
        )
    ]


def _delta_rewards(group: Group, address: str) -> list[Reward]:
    dues = [due for due in group.deltas.dues() if due.proposer == address]
    credits = [(due.period_start, due.credit) for due in dues]
    amounts = group.chain.coinbase.delta_rewards(group.id, credits)
    return [
        Reward(Kind.DELTA, amount, due.version) for due, amount in zip(dues, amounts, strict=True)
    ]
