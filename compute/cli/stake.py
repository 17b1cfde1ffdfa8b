"""`nrn stake`, `exit`, `withdraw`, `migrate`, `operator`: what keeps votes honest."""

from typing import Annotated

import typer

from compute.cli.arguments import GroupId, Neurons
from compute.cli.command import command
from compute.cli.session import Session
from compute.cli.values import Amount, Moment
from compute.units import EPOCH


def register(root: typer.Typer) -> None:
    """Add the commands to the program."""
    command(root, "stake")(stake)
    command(root, "exit")(leave)
    command(root, "withdraw")(withdraw)
    command(root, "migrate")(migrate)
    command(root, "operator")(operator)


def stake(session: Session, group_id: GroupId, amount: Neurons) -> None:
    """Stake NRN in a group, to vote on its data and its blocks.

    Counts from the next epoch (Thursdays, 00:00 UTC).

    Example: nrn stake 1 250 --account alice
    """
    receipt = session.sender.stake(session.group(group_id).id, amount)
    since = Moment(receipt.event("Staked")["effective_epoch"] * EPOCH)
    session.out.done(
        f"Staked {amount} NRN in group {group_id}; it counts from {since}.",
        {"group": group_id, "amount": amount, "counts_from": since},
    )


def leave(session: Session, group_id: GroupId, amount: Neurons) -> None:
    """Give up stake. It loses its vote at the next epoch and can be withdrawn two epochs later.

    Example: nrn exit 1 100 --account alice
    """
    receipt = session.sender.request_exit(group_id, amount)
    epoch = receipt.event("ExitRequested")["release_epoch"]
    since = Moment(epoch * EPOCH)
    session.out.done(
        f"Gave up {amount} NRN in group {group_id}. From {since}: nrn withdraw {epoch}",
        {"group": group_id, "amount": amount, "release_epoch": epoch, "from": since},
    )


def withdraw(
    session: Session,
    release_epoch: Annotated[int, typer.Argument(metavar="EPOCH", help="As `nrn exit` said.")],
) -> None:
    """Take back stake that you gave up.

    Example: nrn withdraw 2897 --account alice
    """
    receipt = session.sender.withdraw(release_epoch)
    amount = Amount(receipt.event("Withdrawn")["amount"])
    session.out.done(f"Withdrew {amount} NRN.", {"amount": amount})


def migrate(
    session: Session,
    from_id: Annotated[int, typer.Argument(metavar="FROM", help="The group your stake is in.")],
    to_id: Annotated[int, typer.Argument(metavar="TO", help="A direct fork of it.")],
    amount: Neurons,
) -> None:
    """Move stake from a group to a fork of it, without the exit delay.

    Example: nrn migrate 1 2 100 --account alice
    """
    session.sender.migrate(from_id, to_id, amount)
    session.out.done(
        f"{amount} NRN move from group {from_id} to group {to_id} at the next epoch.",
        {"from": from_id, "to": to_id, "amount": amount},
    )


def operator(
    session: Session,
    address: Annotated[str, typer.Argument(help="Address of the key that may vote for you.")],
) -> None:
    """Let another key vote for your stake, and do nothing else, so that yours can stay offline.

    Example: nrn operator 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --account alice
    """
    session.sender.set_operator(address)
    session.out.done(f"{address} may vote for you.", {"operator": address})
