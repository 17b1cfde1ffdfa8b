"""What a group still owes an account, and how to collect it."""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from compute.chain import history
from compute.chain.claims import attestation, ballot
from compute.chain.events import read_events
from compute.chain.records import Candidate, Status
from compute.chain.schedule import EPOCH

if TYPE_CHECKING:
    from compute.chain.group import Group
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


def rewards(group: "Group", address: str) -> list[Reward]:
    """What can be collected for `address` now, without the bonds of claims that did not win."""
    winners = _winners(group)
    found = [reward for winner in winners for reward in _of_block(group, winner, address)]
    for version in range(group.base_version + 1, group.deltas_contract.call("version") + 1):
        due = group.due(version)
        if due is not None and due.proposer == address:
            amount = group.chain.coinbase.delta_reward(group.id, due.period_start, due.credit)
            found.append(Reward(Kind.DELTA, amount, version))
    if credit := group.credit(address):
        found.append(Reward(Kind.CREDIT, credit, 0))
    return found


def open_bonds(group: "Group", address: str) -> list[Reward]:
    """Bonds of settled claims of this trainer. Reads the group's events: slow on an old group."""
    events = read_events(
        group.chain.rpc, group.voting_contract, ["Revealed"], history.first_block(group),
        group.chain.head().number, trainer=address,
    )  # fmt: skip
    claims = [group.candidate(event["checkpoint_hash"]) for event in events]
    return [
        Reward(Kind.BOND, group.config.bond, claim.block_index, claim.checkpoint_hash)
        for claim in claims
        if claim is not None
        and claim.bond_open
        and group.outcome(claim.block_index).status is not Status.UNSETTLED
    ]


def collect(sender: "Sender", group: "Group", reward: Reward) -> "Receipt":
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


def _winners(group: "Group") -> list[Candidate]:
    height = history.settled_height(group)
    calls = [("accepted", (number,)) for number in range(1, height + 1)]
    hashes = group.voting_contract.call_many(calls)
    found = [group.candidate(checkpoint_hash) for checkpoint_hash in hashes]
    return [candidate for candidate in found if candidate is not None]


def _of_block(group: "Group", winner: Candidate, address: str) -> list[Reward]:
    n, found = winner.block_index, []
    outcome = group.outcome(n)
    whole = group.chain.coinbase.block_reward(group.id, group.slot(n).start)
    pool = whole * group.config.keeper_bps // BPS
    if winner.trainer == address and not outcome.redeemed:
        found.append(Reward(Kind.BLOCK, whole - pool, n))
    if winner.payer == address and winner.bond_open:
        found.append(Reward(Kind.BOND, group.config.bond, n, winner.checkpoint_hash))
    if pool and outcome.redeemed and (root := group.eval_root(n)) is not None:
        mine = ballot(winner.checkpoint_hash, attestation(root, address))
        if group.ballot(n, address) == mine:
            power = group.chain.vault.power_at(group.id, address, group.slot(n).start // EPOCH)
            share = pool * power // group.votes(winner.checkpoint_hash)
            found.append(Reward(Kind.KEEPER, share, n))
    return found
