"""Functions for `brownie console`: tables of the protocol, and a clock to turn.

`from scripts.console import advance, block, groups, me, period, wait`
"""

from typing import Any

from brownie import accounts, chain, web3
from rich.console import Console
from rich.table import Table

from compute.chain import Group, connect
from compute.facts import account_facts, candidate_facts, group_facts
from compute.units import DAY, ETHER, NRN, nats
from scripts.deploy import default_folder
from scripts.stage.money import now, warp

HOUR = 3_600


def groups() -> None:
    """All training groups."""
    table = _table("groups", "group", "parent", "stake NRN", "block", "phase", "version", "loss")
    for group in _chain().groups():
        facts = group_facts(group)
        incumbent = facts.incumbent
        table.add_row(
            str(facts.id),
            str(facts.parent_id or "-"),
            _nrn(facts.stake),
            str(facts.block.index),
            facts.phase.name.lower(),
            str(facts.version),
            f"{nats(incumbent.loss):.4f}" if incumbent.known else "unknown",
        )
    Console().print(table)


def block(group_id: int, index: int | None = None) -> None:
    """The candidates of a block of a group; the running block if no index is given."""
    group = training_group(group_id)
    slot = group.slot_at(now()) if index is None else group.slot(index)
    title = f"group {group_id}, block {slot.index}"
    table = _table(title, "checkpoint", "trainer", "loss", "baseline", "votes NRN")
    for claim in candidate_facts(group, slot.index):
        table.add_row(
            claim.checkpoint_hash.hex()[:12] + "…",
            _short(claim.trainer),
            f"{nats(claim.loss):.4f}",
            f"{nats(claim.baseline_loss):.4f}",
            _nrn(claim.votes),
        )
    Console().print(table)
    Console().print(
        f"reveals {_in(slot.reveal_at)}, votes {_in(slot.vote_at)}, end {_in(slot.end)}"
    )


def period(group_id: int) -> None:
    """The proposals that can be voted on in the running delta period of a group."""
    group = training_group(group_id)
    running, leader = group.deltas.period(), group.deltas.leader()
    title = f"group {group_id}, delta period {running.index}"
    table = _table(title, "proposal", "proposer", "delta", "votes NRN", "leads")
    for proposal in group.deltas.proposals():
        leads = leader is not None and leader.proposal_id == proposal.id
        table.add_row(
            str(proposal.id),
            _short(proposal.proposer),
            proposal.delta_hash.hex()[:12] + "…",
            _nrn(proposal.votes),
            "yes" * leads,
        )
    Console().print(table)
    Console().print(f"end {_in(running.start + running.length)}")


def me(account: Any = None) -> None:
    """Ether, NRN and stakes of an account; of accounts[0] if none is given."""
    protocol = _chain()
    facts = account_facts(protocol, str(account or accounts[0]), protocol.groups())
    table = _table(facts.address, "", "amount")
    table.add_row("ether", f"{facts.ether / ETHER:,.4f}")
    table.add_row("NRN", _nrn(facts.nrn))
    for stake in facts.stakes:
        table.add_row(f"staked in group {stake.group_id}", _nrn(stake.stake))
    Console().print(table)


def advance(group_id: int) -> None:
    """Turn a development chain's clock to the next window of a group's block."""
    slot = training_group(group_id).slot_at(now())
    warp(next(edge for edge in (slot.reveal_at, slot.vote_at, slot.end) if edge > now()))
    block(group_id)


def wait(days: int = 0, hours: int = 0) -> None:
    """Let time pass on a development chain."""
    warp(now() + days * DAY + hours * HOUR)


def training_group(group_id: int) -> Group:
    """A group as `compute.chain` reads it."""
    return _chain().group(group_id)


def _chain() -> Any:
    return connect(web3.provider.endpoint_uri, deployment=default_folder() / f"{chain.id}.json")


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _short(address: str) -> str:
    return f"{address[:8]}…{address[-4:]}"


def _nrn(amount: int) -> str:
    return f"{amount / NRN:,.2f}"


def _in(time: int) -> str:
    minutes = (time - now()) // 60
    return f"in {minutes // 60} h {minutes % 60} min" if minutes >= 0 else "past"
