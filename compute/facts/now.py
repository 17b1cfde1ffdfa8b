"""The present state, read from chain and store."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from compute.chain import Group
from compute.chain.awards import awards
from compute.chain.events import read_events
from compute.chain.rewards import rewards
from compute.chain.shared import Shared
from compute.chain.sponsors import Token, sponsorships
from compute.chain.voting import LAPSE_EPOCHS
from compute.facts.records import (
    AccountFacts,
    CandidateFacts,
    DeltaFacts,
    ExitFacts,
    GroupFacts,
    OpenClaimFacts,
    SponsorshipFacts,
    StakeFacts,
    SupplyFacts,
)
from compute.facts.sayings import about_of, refereed, unit_of
from compute.storage import StorageError, Store
from compute.units import EPOCH

if TYPE_CHECKING:
    from compute.checkpoint import HeldOut


def group_facts(group: Group, store: Store | None = None) -> GroupFacts:
    """Read where a group stands now, with trainers' held-out losses if `store` has them."""
    now = group.head().timestamp
    slot, incumbent, last = group.slot_at(now), group.voting.incumbent(), group.voting.open_block()
    running = last if last is not None and last.block_index == slot.index else None
    leading, leader = group.deltas.leader(), running.leader if running else None
    version, _ = group.deltas.tip_at(slot.start)
    return GroupFacts(
        id=group.id,
        parent_id=group.parent_id,
        model_hash=group.model_hash,
        now=now,
        block=slot,
        phase=slot.phase(now),
        incumbent=incumbent,
        asked=group.voting.asked(),
        held_out=_held_out(store, incumbent.checkpoint_hash),
        revealed=running is not None,
        leader=leader,
        cast=running.cast if running else 0,
        leader_votes=group.voting.votes(leader) if leader else 0,
        leader_held_out=_held_out(store, leader) if leader else None,
        version=version,
        proposals=len(group.deltas.proposals()),
        leading_proposal=leading.proposal_id if leading else None,
        period=group.deltas.period(),
        stake=group.chain.vault.group_stake(group.id),
        sponsorships=_sponsorships(group),
        about=about_of(store, group.model_hash),
        unit=unit_of(store, group.model_hash),
        refereed=refereed(store, group.model_hash),
    )


def _sponsorships(group: Group) -> tuple[SponsorshipFacts, ...]:
    found = [one for one in sponsorships(group) if one.left]
    tokens = {token: Token.read(group.chain, token) for token in {one.token for one in found}}
    return tuple(SponsorshipFacts(one, tokens[one.token]) for one in found)


def open_claim_facts(group: Group) -> list[OpenClaimFacts]:
    """Claims that nobody has judged and whose bonds have not returned, best rank first."""
    chain, head = group.chain, group.head()
    since = max(group.genesis_time, (head.timestamp // EPOCH - LAPSE_EPOCHS) * EPOCH)
    first = chain.heads.block_at(since, group.first_block, head.number)
    events = read_events(chain.rpc, group.voting.contract, ["Revealed"], first, head.number)
    hashes = list(dict.fromkeys(event["checkpoint_hash"] for event in events))
    claims = group.voting.unjudged(group.voting.revealed(hashes))
    return [
        OpenClaimFacts(
            claim.checkpoint_hash,
            claim.trainer,
            claim.loss,
            claim.seq,
            claim.block_index,
            claim.bond,
            group.voting.lapses_at(claim),
        )
        for claim in sorted(claims, key=lambda claim: claim.seq)
    ]


def _held_out(store: Store | None, checkpoint: bytes) -> "HeldOut | None":
    try:
        if store is None or not store.has(checkpoint):
            return None
        from compute.checkpoint import InvalidCheckpoint, held_out_of  # NumPy is slow to import

        try:
            return held_out_of(store, checkpoint)
        except InvalidCheckpoint:
            return None
    except StorageError:
        return None


def account_facts(chain: Shared, address: str, groups: Iterable[Group]) -> AccountFacts:
    """Read what an account owns, and has in each of these groups."""
    return AccountFacts(
        address,
        chain.ether_of(address),
        chain.neuron.balance_of(address),
        tuple(_stake(group, address) for group in groups),
    )


def _stake(group: Group, address: str) -> StakeFacts:
    found = stake_facts(group, address)
    return replace(found, rewards=sum(reward.amount for reward in rewards(group, address)))


def stake_facts(group: Group, address: str) -> StakeFacts:
    """Read what an account has in a group, but for rewards, which take long to find."""
    vault, slot = group.chain.vault, group.slot_at(group.head().timestamp)
    power = vault.power_at(group.id, address, slot.start // EPOCH)
    return StakeFacts(group.id, vault.stake_of(group.id, address), power, 0)


def exit_facts(chain: Shared, address: str) -> list[ExitFacts]:
    """Stake that an account asked back and has not withdrawn, the first to be released first."""
    vault, first = chain.vault, chain.deployment.block
    events = read_events(
        chain.rpc, vault.contract, ["ExitRequested"], first, chain.head().number, staker=address
    )
    epochs = sorted({event["release_epoch"] for event in events})
    amounts = [vault.exit_amount(address, epoch) for epoch in epochs]
    return [
        ExitFacts(epoch, epoch * EPOCH, amount)
        for epoch, amount in zip(epochs, amounts, strict=True)
        if amount
    ]


def supply_facts(chain: Shared) -> SupplyFacts:
    """Read how many tokens there are, and where they come from."""
    return SupplyFacts(
        chain.neuron.total_supply(),
        chain.sale.issued(),
        chain.coinbase.minted(),
        chain.vault.total_stake(),
    )


def lineage_facts(group: Group) -> list[DeltaFacts]:
    """Every version of the training set, newest first, through the parents of a fork."""
    version, _ = group.deltas.tip_at(group.head().timestamp)
    genesis, records = group.deltas.lineage(version)
    won = awards(group)
    found = [DeltaFacts(0, genesis)]
    for record in records:
        award = won.get(record.version)
        told = (award.proposal, award.votes, award.reward, award.paid) if award else ()
        found.append(DeltaFacts(record.version, record.delta_hash, record.proposer, *told))
    return found[::-1]


def candidate_facts(group: Group, block_index: int) -> list[CandidateFacts]:
    """Claims revealed in one block, best first."""
    claims = group.voting.candidates(block_index)
    votes = group.voting.votes_for([claim.checkpoint_hash for claim in claims])
    return [CandidateFacts.of(claim, stake) for claim, stake in zip(claims, votes, strict=True)]
