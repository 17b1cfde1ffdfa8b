"""`nrn redeem`: collect what a group owes you."""

from typing import TYPE_CHECKING

import typer

from compute.cli.arguments import GroupId
from compute.cli.command import command
from compute.cli.session import Session
from compute.cli.values import Amount
from compute.values import show_units

if TYPE_CHECKING:
    from compute.chain import Group
    from compute.chain.rewards import Reward


def register(root: typer.Typer) -> None:
    """Add the command to the program."""
    command(root, "redeem")(redeem)


def redeem(session: Session, group_id: GroupId) -> None:
    """Collect everything a group owes you: blocks, deltas, keeper shares, bonds, credit, and what
    sponsors pay for your blocks.

    Writes down the results of blocks and periods that are over first. `nrn train`, `keep` and
    `curate` collect by themselves.

    Example: nrn redeem 1 --account alice
    """
    from compute.chain.rewards import collect, open_bonds, rewards

    group, sender = session.group(group_id), session.sender
    if group.voting.settleable() is not None:
        sender.settle(group)
    if group.deltas.finalizable():
        sender.finalize(group)
    before = session.chain.neuron.balance_of(sender.address)
    owed = list(
        dict.fromkeys([*rewards(group, sender.address), *open_bonds(group, sender.address)])
    )
    with session.out.progress("collecting") as step:
        for number, reward in enumerate(owed):
            step(number, len(owed))
            collect(sender, group, reward)
    drawn = _draw(session, group)
    received = Amount(session.chain.neuron.balance_of(sender.address) - before)
    session.out.done(
        f"Collected {received} NRN{', and drew ' * bool(drawn)}{' and '.join(drawn)}."
        if owed or drawn
        else "Nothing to collect.",
        {"received": received, "collected": [_row(reward) for reward in owed], "drawn": drawn},
    )


def _draw(session: Session, group: "Group") -> list[str]:
    """Draw and withdraw what sponsorships hold for the account; the amounts, as people write
    them."""
    from compute.chain.sponsors import Token, draw, shares, sponsorships

    sender, sponsorship = session.sender, session.chain.sponsorship
    for share in shares(group, sender.address):
        draw(sender, share)
    found = []
    for address in dict.fromkeys(one.token for one in sponsorships(group)):
        if credit := sponsorship.credit(address, sender.address):
            sender.withdraw_drawn(address)
            token = Token.read(session.chain, address)
            found.append(f"{show_units(credit, token.decimals)} {session.out.plain(token.named)}")
    return found


def _row(reward: "Reward") -> dict[str, object]:
    return {"for": reward.kind, "number": reward.number, "amount": Amount(reward.amount)}
