"""`nrn status`: where everything stands, and what to do next."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group as Lines
from rich.table import Table
from rich.text import Text

from compute.cli.command import command
from compute.cli.session import Session
from compute.cli.values import Amount, Digest, Loss, Moment, Span

if TYPE_CHECKING:
    from compute.chain import Group

DOING = ("training and committing", "revealing", "voting")
BAR = 24  # characters


def register(root: typer.Typer) -> None:
    """Add the command to the program."""
    command(root, "status")(status)


def status(
    session: Session,
    group_id: Annotated[
        int | None, typer.Argument(metavar="[GROUP]", min=1, help="All groups by default.")
    ] = None,
) -> None:
    """Where everything stands: blocks, losses, leaders, your stake and rewards, what to do next.

    Example: nrn status --account alice
    """
    chain, address = session.chain, session.address
    now = chain.now()
    groups = chain.groups() if group_id is None else [chain.group(group_id)]
    document = {
        "chain": chain.chain_id,
        "now": Moment(now),
        "account": None if address is None else _wallet(session, address),
        "groups": [_group(session, group, now) for group in groups],
    }
    session.out.show(_page(document), document)


def _wallet(session: Session, address: str) -> dict[str, Any]:
    return {
        "address": address,
        "eth": Amount(session.chain.ether_of(address)),
        "nrn": Amount(session.chain.neuron.balance_of(address)),
    }


def _group(session: Session, group: "Group", now: int) -> dict[str, Any]:
    slot, current, incumbent = group.slot_at(now), group.voting.current(), group.voting.incumbent()
    leader, period, candidate = (
        group.deltas.leader(),
        group.deltas.period(),
        group.voting.open_block(),
    )
    running = candidate is not None and candidate.block_index == slot.index
    leading = candidate.leader if candidate and running and candidate.leader else None
    facts = {
        "group": group.id,
        "block": slot.index,
        "phase": current.phase,
        "phase_ends_in": Span(slot.phase_end(now) - now),
        "block_elapsed": Span(now - slot.start),
        "block_length": Span(slot.end - slot.start),
        "height": incumbent.height,
        "incumbent": Digest(incumbent.checkpoint_hash),
        "loss": Loss(incumbent.loss) if incumbent.known else None,
        "loss_version": incumbent.version if incumbent.known else None,
        "held_out": _held_out(session, incumbent.checkpoint_hash),
        "revealed": running,
        "leader": leading and Digest(leading),
        "leader_held_out": leading and _held_out(session, leading),
        "leader_votes": Amount(candidate.votes if candidate and running else 0),
        "version": current.version,
        "proposals": len(group.deltas.proposals()),
        "leading_proposal": leader.proposal_id if leader else None,
        "data_vote_ends_in": Span(period.end - now),
        "stake": Amount(group.chain.vault.group_stake(group.id)),
        **_mine(group, slot.start, session.address),
    }
    return {**facts, "next": next_step(facts)}


def _held_out(session: Session, checkpoint: bytes) -> dict[str, Any] | None:
    """What its trainer says of examples it did not train on, if the store has the manifest."""
    from compute.storage import StorageError

    try:
        if not session.blocks.has(checkpoint):
            return None
        from compute.checkpoint import InvalidCheckpoint, held_out_of  # NumPy is slow to import

        try:
            said = held_out_of(session.blocks, checkpoint)
        except InvalidCheckpoint:
            return None
    except StorageError:
        return None
    if said is None:
        return None
    return {"loss": Loss(said.loss), "examples": said.examples, "set": Digest(said.set)}


def _mine(group: "Group", start: int, address: str | None) -> dict[str, Any]:
    if address is None:
        return {"my_stake": None, "my_vote": None, "pending_rewards": None}
    from compute.chain import EPOCH
    from compute.chain.rewards import rewards

    vault = group.chain.vault
    return {
        "my_stake": Amount(vault.stake_of(group.id, address)),
        "my_vote": Amount(vault.power_at(group.id, address, start // EPOCH)),
        "pending_rewards": Amount(sum(reward.amount for reward in rewards(group, address))),
    }


def next_step(facts: dict[str, Any]) -> str:
    """What a person who sees these facts would do now, in one line."""
    group = facts["group"]
    if facts["pending_rewards"]:
        return f"nrn redeem {group}   ({facts['pending_rewards']} NRN wait for you)"
    if not facts["stake"]:
        return f"nrn stake {group} AMOUNT   (nobody has: no block can be accepted)"
    if facts["my_stake"] is None:
        return "nrn status --account NAME   (to see what you can do)"
    if not facts["my_stake"]:
        return f"nrn train {group}, or nrn stake {group} AMOUNT to vote"
    if not facts["my_vote"]:
        return "wait: your stake counts from the first block of the next epoch"
    if facts["proposals"]:
        return f"nrn delta proposals {group}   ({facts['proposals']} to vote on)"
    return f"nrn keep {group}"


def _page(document: dict[str, Any]) -> Lines:
    head = Text(f"chain {document['chain']} · {document['now']}", style="dim")
    if document["account"] is not None:
        wallet = document["account"]
        head.append(f"\n{wallet['address']} · {wallet['eth']} ETH · {wallet['nrn']} NRN")
    if not document["groups"]:
        return Lines(head, "No groups yet. Found one: nrn group create --help")
    return Lines(head, *(_panel(facts) for facts in document["groups"]))


def _panel(facts: dict[str, Any]) -> Table:
    grid = Table(
        title=f"\nGroup {facts['group']}", title_justify="left", title_style="bold",
        show_header=False, box=None, pad_edge=False,
    )  # fmt: skip
    grid.add_column(style="dim")
    grid.add_column(overflow="fold")
    done = BAR * facts["block_elapsed"] // facts["block_length"]
    bar = Text("━" * done, style="green") + Text("━" * (BAR - done), style="bright_black")
    doing = f" {DOING[facts['phase']]}, {facts['phase_ends_in']} left"
    grid.add_row("block", Text(f"{facts['block']} ") + bar + Text(doing))
    grid.add_row("to beat", _to_beat(facts))
    if facts["held_out"]:
        grid.add_row("", _said(facts["held_out"]))
    if facts["revealed"]:
        name = facts["leader"] or "none valid"
        grid.add_row("leader", f"{name} with {facts['leader_votes']} NRN")
        if facts["leader_held_out"]:
            grid.add_row("", _said(facts["leader_held_out"]))
    grid.add_row("data", _data(facts))
    stake = f"{facts['stake']} NRN"
    if facts["my_stake"] is not None:
        stake += f", yours {facts['my_stake']}; rewards waiting {facts['pending_rewards']} NRN"
    grid.add_row("stake", stake)
    grid.add_row("next", Text(facts["next"], style="cyan"))
    return grid


def _to_beat(facts: dict[str, Any]) -> str:
    where = f"height {facts['height']}, {facts['incumbent']}"
    if facts["loss"] is None:
        return f"not measured yet ({where})"
    moved = "" if facts["loss_version"] == facts["version"] else ", on older data"
    return f"{facts['loss']} nats ({where}{moved})"


def _said(held_out: dict[str, Any]) -> str:
    return f"{held_out['loss']} nats on {held_out['examples']} held-out examples, its trainer says"


def _data(facts: dict[str, Any]) -> str:
    text = f"version {facts['version']}; "
    if not facts["proposals"]:
        return text + f"no proposals, the vote ends in {facts['data_vote_ends_in']}"
    leads = facts["leading_proposal"]
    front = f"{leads or 'no change'} leads" if leads is not None else "no votes"
    return text + f"{facts['proposals']} proposed, {front}, {facts['data_vote_ends_in']} left"
