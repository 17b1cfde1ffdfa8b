"""Tables for `brownie console`: `from scripts.tables import block, groups, me, period`."""

from typing import Any

from brownie import accounts, chain, web3
from rich.console import Console
from rich.table import Table

from compute.chain import Group, connect
from scripts.deploy import default_folder

WEI = 10**18
NATS = 2**32


def groups() -> None:
    """All training groups."""
    table = _table("groups", "group", "parent", "stake NRN", "block", "phase", "version", "loss")
    for group in _chain().groups():
        current, vault = group.current(), group.chain.vault
        table.add_row(
            str(group.id),
            str(group.parent_id or "-"),
            _nrn(vault.group_stake(group.id)),
            str(current.block_index),
            current.phase.name.lower(),
            str(current.version),
            f"{current.baseline_loss / NATS:.4f}" if current.baseline_known else "unknown",
        )
    Console().print(table)


def block(group_id: int, index: int | None = None) -> None:
    """The candidates of a block of a group; the running block if no index is given."""
    group = _group(group_id)
    slot = group.slot_at(chain[-1].timestamp) if index is None else group.slot(index)
    title = f"group {group_id}, block {slot.index}"
    table = _table(title, "checkpoint", "trainer", "loss", "baseline", "votes NRN")
    for claim in group.candidates(slot.index):
        table.add_row(
            claim.checkpoint_hash.hex()[:16],
            claim.trainer,
            f"{claim.loss / NATS:.4f}",
            f"{claim.baseline_loss / NATS:.4f}",
            _nrn(group.votes(claim.checkpoint_hash)),
        )
    Console().print(table)
    Console().print(
        f"reveals {_in(slot.reveal_at)}, votes {_in(slot.vote_at)}, end {_in(slot.end)}"
    )


def period(group_id: int) -> None:
    """The proposals that can be voted on in the running delta period of a group."""
    group = _group(group_id)
    running, leader = group.period(), group.leader()
    table = _table(
        f"group {group_id}, delta period {running.index}", "proposal", "proposer", "delta", "leads"
    )
    for proposal in group.proposals():
        leads = leader is not None and leader.proposal_id == proposal.id
        table.add_row(
            str(proposal.id), proposal.proposer, proposal.delta_hash.hex()[:16], "yes" * leads
        )
    Console().print(table)
    Console().print(f"end {_in(running.start + running.length)}")


def me(account: Any = None) -> None:
    """Ether, NRN and stakes of an account; of accounts[0] if none is given."""
    address, protocol = str(account or accounts[0]), _chain()
    table = _table(address, "", "amount")
    table.add_row("ether", f"{protocol.ether_of(address) / WEI:,.4f}")
    table.add_row("NRN", _nrn(protocol.neuron.balance_of(address)))
    for group in protocol.groups():
        table.add_row(
            f"staked in group {group.id}", _nrn(protocol.vault.stake_of(group.id, address))
        )
    Console().print(table)


def _chain() -> Any:
    return connect(web3.provider.endpoint_uri, deployment=default_folder() / f"{chain.id}.json")


def _group(group_id: int) -> Group:
    return _chain().group(group_id)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _nrn(amount: int) -> str:
    return f"{amount / WEI:,.2f}"


def _in(time: int) -> str:
    minutes = (time - chain[-1].timestamp) // 60
    return f"in {minutes // 60} h {minutes % 60} min" if minutes >= 0 else "past"
