"""Votes and reward of each version of the data, read from events.

Unlike the deltas themselves these rest on the RPC's word.
"""

from dataclasses import dataclass

from compute.chain.group import Group


@dataclass(frozen=True)
class Award:
    """`votes` and `reward` in wei of NRN; the reward is None where events do not tell it."""

    proposal: int
    votes: int
    reward: int | None
    paid: bool


def awards(group: Group) -> dict[int, Award]:
    """By version, those of a fork's parents among them, as far as they are written down."""
    found = awards(group.parent) if group.parent else {}
    found = {version: award for version, award in found.items() if version <= group.base_version}
    head = group.head().number
    votes = 0
    appended: dict[int, tuple[int, int]] = {}
    for event in group.events(group.deltas.contract, ["PeriodFinalized", "DeltaAppended"], head):
        if event.name == "PeriodFinalized":
            votes = event["votes"]
        else:
            appended[event["version"]] = event["proposal_id"], votes
    rewards = _rewards(group, head)
    if len(rewards) != len(appended):
        rewards = [(None, False)] * len(appended)
    for version, (reward, paid) in zip(sorted(appended), rewards, strict=True):
        found[version] = Award(*appended[version], reward, paid)
    return found


def _rewards(group: Group, last: int) -> list[tuple[int | None, bool]]:
    """(reward, paid?) of each version in order: each has a period of its own, later than the
    version before."""
    coinbase = group.chain.coinbase
    events = group.events(coinbase.contract, ["DeltaCoinbase"], last, group_id=group.id)
    rewards = [(event["period_start"], event["reward"], True) for event in events]
    dues = group.deltas.dues()
    amounts = coinbase.delta_rewards(group.id, [(due.period_start, due.credit) for due in dues])
    rewards += [
        (due.period_start, amount, False) for due, amount in zip(dues, amounts, strict=True)
    ]
    return [(reward, paid) for _, reward, paid in sorted(rewards)]
