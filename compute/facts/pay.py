"""Estimate a group's pay per day from its recent blocks."""

from dataclasses import dataclass

from compute.chain import Group
from compute.units import BPS, DAY, EPOCH

LATELY = 30 * DAY


@dataclass(frozen=True)
class Pay:
    """`blocks` accepted in a day of late; units of 1e-18 NRN that all trainers together, and the
    keepers for each NRN of the stake that may vote, got in it at today's reward."""

    blocks: float
    trainers: int
    keepers: float


def pay_of(group: Group) -> Pay:
    """From the blocks accepted in the last thirty days, or since the group began."""
    head = group.head()
    since = max(group.genesis_time, head.timestamp - LATELY)
    winners = group.history.winners(head)
    recent = [w for w in winners if group.slot(w.block_index).start >= since]
    days = max(group.schedule.period, head.timestamp - since) / DAY
    blocks = len(recent) / days
    slot = group.slot_at(head.timestamp)
    reward = group.chain.coinbase.block_reward(group.id, slot.start)
    (power,) = group.chain.vault.group_powers_at(group.id, [slot.start // EPOCH])
    kept = reward * group.config.keeper_bps // BPS
    each = blocks * kept / power if power else 0.0
    return Pay(blocks, round(blocks * (reward - kept)), each)
