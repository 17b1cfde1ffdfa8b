"""What a group still owes an account, and how to collect it."""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from compute.chain.claims import attestation, ballot
from compute.chain.errors import MalformedAnswer
from compute.chain.group import Group
from compute.chain.records import Candidate, Outcome, Status
from compute.chain.schedule import EPOCH

if TYPE_CHECKING:
    from compute.chain.sender import Sender
    from compute.chain.transactions import Receipt

BPS = 10_000


class Kind(Enum):
    """What it is for."""

    BLOCK = "an accepted block"
    KEEPER = "the keeper's share of a block"
    DELTA = "an appended delta"
    BOND = "the bond of a claim"
    CREDIT = "bonds of displaced claims"


@dataclass(frozen=True)
class Reward:
    """`amount` in units of 1e-18 NRN; `number` is a block index, or a version for a delta."""

    kind: Kind
    amount: int
    number: int
    checkpoint_hash: bytes = b""


def rewards(group: Group, address: str) -> list[Reward]:
    """What can be collected for `address` now, without the bonds of claims that did not win."""
    winners = group.history.winners()
    blocks = [winner.block_index for winner in winners]
    outcomes = group.voting.outcomes(blocks)
    ballots = group.voting.ballots(blocks, address)
    found: list[Reward] = []
    for winner, outcome, mine in zip(winners, outcomes, ballots, strict=True):
        if winner.trainer == address and not outcome.redeemed:
            whole, pool = _shares(group, winner)
            found.append(Reward(Kind.BLOCK, whole - pool, winner.block_index))
        if winner.payer == address and winner.bond_open:
            found.append(_bond(group, winner))
        if group.config.keeper_bps and outcome.redeemed and mine:
            found += _keeper_share(group, winner, mine, address)
    for due in group.deltas.dues():
        if due.proposer == address:
            amount = group.chain.coinbase.delta_reward(group.id, due.period_start, due.credit)
            found.append(Reward(Kind.DELTA, amount, due.version))
    if credit := group.voting.credit(address):
        found.append(Reward(Kind.CREDIT, credit, 0))
    return found


def open_bonds(group: Group, address: str) -> list[Reward]:
    """Bonds that this address paid for settled claims, its own or others'.

    Reads all of the group's events: slow on an old group.
    """
    hashes = dict.fromkeys(event["checkpoint_hash"] for event in group.history.events(["Revealed"]))
    paid = [
        claim
        for claim in group.voting.revealed(list(hashes))
        if claim.payer == address and claim.bond_open
    ]
    outcomes = group.voting.outcomes([claim.block_index for claim in paid])
    return [
        _bond(group, claim)
        for claim, outcome in zip(paid, outcomes, strict=True)
        if outcome.status is not Status.UNSETTLED
    ]


def of_claim(group: Group, claim: Candidate) -> list[Reward] | None:
    """What is still to be collected for a claim, for its trainer and for who paid its bond.

    None while the outcome of its block is not written down.
    """
    outcome = group.voting.outcome(claim.block_index)
    if outcome.status is Status.UNSETTLED:
        return None
    found = [_bond(group, claim)] if claim.bond_open else []
    if won(group, claim, outcome) and not outcome.redeemed:
        whole, pool = _shares(group, claim)
        found.append(Reward(Kind.BLOCK, whole - pool, claim.block_index))
    return found


def won(group: Group, claim: Candidate, outcome: Outcome) -> bool:
    """Whether this claim is the one its block accepted."""
    accepted = outcome.status is Status.ACCEPTED
    return accepted and group.voting.accepted(outcome.height) == claim.checkpoint_hash


def collect(sender: "Sender", group: Group, reward: Reward) -> "Receipt":
    """Send the transaction that pays one reward; a bond that is to be burned is burned."""
    match reward.kind:
        case Kind.BLOCK:
            return sender.redeem(group, reward.number)
        case Kind.KEEPER:
            return sender.claim_keeper(group, reward.number)
        case Kind.DELTA:
            return sender.redeem_delta(group, reward.number)
        case Kind.BOND:
            return sender.release_bond(group, reward.checkpoint_hash)
        case Kind.CREDIT:
            return sender.withdraw_credit(group)


def _bond(group: Group, claim: Candidate) -> Reward:
    return Reward(Kind.BOND, group.config.bond, claim.block_index, claim.checkpoint_hash)


def _shares(group: Group, winner: Candidate) -> tuple[int, int]:
    """(whole reward of a block, what of it is the keepers')."""
    start = group.slot(winner.block_index).start
    whole = group.chain.coinbase.block_reward(group.id, start)
    return whole, whole * group.config.keeper_bps // BPS


def _keeper_share(group: Group, winner: Candidate, mine: bytes, address: str) -> list[Reward]:
    """The part of a ballot for the winner with a true attestation, once the root is open."""
    n = winner.block_index
    root = group.voting.eval_root(n)
    if root is None or mine != ballot(winner.checkpoint_hash, attestation(root, address)):
        return []
    votes = group.voting.votes(winner.checkpoint_hash)
    if votes == 0:
        raise MalformedAnswer("The RPC names a winner without votes.")
    power = group.chain.vault.power_at(group.id, address, group.slot(n).start // EPOCH)
    _, pool = _shares(group, winner)
    return [Reward(Kind.KEEPER, pool * power // votes, n)]
