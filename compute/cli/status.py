"""`nrn status`: where everything stands, and what to do next."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group as Lines
from rich.table import Table
from rich.text import Text

from compute.cli.command import command
from compute.cli.output import Output
from compute.cli.saying import shown
from compute.cli.session import Session
from compute.cli.sponsor import sponsorship_row
from compute.cli.values import Amount, Digest, Loss, Moment, Name, Span

if TYPE_CHECKING:
    from compute.checkpoint import HeldOut
    from compute.facts import AccountFacts, GroupFacts, StakeFacts

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
    from compute.facts import account_facts, group_facts

    chain = session.chain
    groups = chain.groups() if group_id is None else [chain.group(group_id)]
    address = session.address
    account = None if address is None else account_facts(chain, address, groups)
    stakes = account.stakes if account else [None] * len(groups)
    store = session.readable
    standing = [group_facts(group, store) for group in groups]
    document = {
        "chain": chain.chain_id,
        "now": Moment(chain.now()),
        "account": account and _wallet(account),
        "groups": [_group(*facts, account) for facts in zip(standing, stakes, strict=True)],
    }
    session.out.show(_page(document), document)


def _wallet(account: "AccountFacts") -> dict[str, Any]:
    return {
        "address": account.address,
        "eth": Amount(account.ether),
        "nrn": Amount(account.nrn),
    }


def _group(
    group: "GroupFacts", mine: "StakeFacts | None", account: "AccountFacts | None"
) -> dict[str, Any]:
    slot, incumbent, now = group.block, group.incumbent, group.now
    facts = {
        "group": group.id,
        "name": shown(group.about)["name"],
        "unit": group.unit,
        "block": slot.index,
        "phase": group.phase,
        "phase_ends_in": Span(slot.phase_end(now) - now),
        "block_elapsed": Span(now - slot.start),
        "block_length": Span(slot.end - slot.start),
        "height": incumbent.height,
        "incumbent": Digest(incumbent.checkpoint_hash),
        "loss": Loss(incumbent.loss) if incumbent.known else None,
        "loss_version": incumbent.version if incumbent.known else None,
        "held_out": _held_out(group.held_out),
        "revealed": group.revealed,
        "leader": Digest(group.leader) if group.leader else None,
        "leader_held_out": _held_out(group.leader_held_out),
        "leader_votes": Amount(group.leader_votes),
        "cast": Amount(group.cast),
        "asked_improvement": Loss(group.asked.improvement),
        "asked_bond": Amount(group.asked.bond),
        "version": group.version,
        "proposals": group.proposals,
        "leading_proposal": group.leading_proposal,
        "data_vote_ends_in": Span(group.period.end - now),
        "stake": Amount(group.stake),
        "sponsorships": [sponsorship_row(one) for one in group.sponsorships],
        "my_stake": Amount(mine.stake) if mine else None,
        "my_vote": Amount(mine.power) if mine else None,
        "pending_rewards": Amount(mine.rewards) if mine else None,
    }
    poor = account is not None and not account.ether
    return {**facts, "next": next_step(facts, poor=poor)}


def _held_out(said: "HeldOut | None") -> dict[str, Any] | None:
    if said is None:
        return None
    return {"loss": Loss(said.loss), "examples": said.examples, "set": Digest(said.set)}


def next_step(facts: dict[str, Any], *, poor: bool = False) -> str:
    """Return what a person who sees these facts would do now, in one line; who is `poor`, without
    ETH, can only sign."""
    group = facts["group"]
    if poor:
        return f"nrn train {group} --relay FOLDER   (you have no ETH: a relayer pays for you)"
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
        title=Text(f"\nGroup {facts['group']}" + _called(facts["name"])),
        title_justify="left", title_style="bold", show_header=False, box=None, pad_edge=False,
    )  # fmt: skip
    grid.add_column(style="dim")
    grid.add_column(overflow="fold")
    done = BAR * facts["block_elapsed"] // facts["block_length"]
    bar = Text("━" * done, style="green") + Text("━" * (BAR - done), style="bright_black")
    doing = f" {DOING[facts['phase']]}, {facts['phase_ends_in']} left"
    grid.add_row("block", Text(f"{facts['block']} ") + bar + Text(doing))
    grid.add_row("to beat", _to_beat(facts))
    if facts["held_out"]:
        grid.add_row("", _said(facts["held_out"], facts["unit"]))
    if facts["revealed"]:
        name = facts["leader"] or "nobody yet"
        votes = f"{facts['leader_votes']} of {facts['cast']} NRN cast"
        grid.add_row("leader", f"{name} with {votes}")
        if facts["leader_held_out"]:
            grid.add_row("", _said(facts["leader_held_out"], facts["unit"]))
    grid.add_row("data", _data(facts))
    stake = f"{facts['stake']} NRN"
    if facts["my_stake"] is not None:
        stake += f", yours {facts['my_stake']}; rewards waiting {facts['pending_rewards']} NRN"
    grid.add_row("stake", stake)
    for one in facts["sponsorships"]:
        left = f"{one['left']} {one['called']} left, {one['each_block']} for each accepted block"
        grid.add_row("sponsored", Output.plain(f"{left}, until {one['until']}"))
    grid.add_row("next", Text(facts["next"], style="cyan"))
    return grid


def _called(name: Name | None) -> str:
    return "" if name is None else f", called {name}"


def _to_beat(facts: dict[str, Any]) -> str:
    where = f"height {facts['height']}, {facts['incumbent']}"
    if facts["loss"] is None:
        return f"not measured yet ({where})"
    moved = "" if facts["loss_version"] == facts["version"] else ", on older data"
    return f"{facts['loss']} {facts['unit']} ({where}{moved})"


def _said(held_out: dict[str, Any], unit: str) -> str:
    return (
        f"{held_out['loss']} {unit} on {held_out['examples']} held-out examples, its trainer says"
    )


def _data(facts: dict[str, Any]) -> str:
    text = f"version {facts['version']}; "
    if not facts["proposals"]:
        return text + f"no proposals, the vote ends in {facts['data_vote_ends_in']}"
    leads = facts["leading_proposal"]
    front = f"{leads or 'no change'} leads" if leads is not None else "no votes"
    return text + f"{facts['proposals']} proposed, {front}, {facts['data_vote_ends_in']} left"
