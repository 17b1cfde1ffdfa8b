"""`nrn sponsor`: put tokens behind a group, take back what was not drawn."""

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from compute.cli.arguments import GroupId, parse_span
from compute.cli.command import command
from compute.cli.failure import Refused
from compute.cli.session import Session
from compute.cli.values import Moment, Span
from compute.units import DAY, EPOCH
from compute.values import show_units

if TYPE_CHECKING:
    from compute.chain.sponsors import Token
    from compute.facts import SponsorshipFacts

YEAR = 365 * DAY
_NUMBER = re.compile(r"\d{1,30}(\.\d{1,77})?")


class _Sponsor(TyperGroup):
    """`nrn sponsor GROUP AMOUNT` is `nrn sponsor add GROUP AMOUNT`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        known = {*self.commands, "-h", "--help"}
        return super().parse_args(ctx, ["add", *args] if args and args[0] not in known else args)


app = typer.Typer(
    cls=_Sponsor, help="Pay for a group's blocks, in any token.", no_args_is_help=True
)


def register(root: typer.Typer) -> None:
    """Add the commands to the program."""
    root.add_typer(app, name="sponsor")


@command(app, "add")
def add(
    session: Session,
    group_id: GroupId,
    amount: Annotated[str, typer.Argument(help="In whole tokens, such as 12.5.")],
    token: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Any ERC-20; NRN by default.")
    ] = None,
    until: Annotated[
        Span,
        typer.Option(
            metavar="TIME", parser=parse_span, help="Blocks that begin later draw nothing."
        ),
    ] = Span(YEAR),  # noqa: B008
    blocks: Annotated[
        int, typer.Option(min=10, max=10_000, help="Accepted blocks it is spread over.")
    ] = 100,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Put tokens behind a group's next accepted blocks; each draws the same share.

    It is split like a block's reward: trainer, keepers, proposer of the data. What is not drawn can
    be taken back two weeks after the end, not earlier.

    Example: nrn sponsor 1 500 --until 90d --account alice
    """
    from compute.chain.contract import checksummed
    from compute.chain.sponsors import Token

    group, chain = session.group(group_id), session.chain
    address = chain.neuron.contract.address if token is None else checksummed(token)
    told = Token.read(chain, address)
    units = parse_units(amount, told)
    name = session.out.plain(told.named)
    if (held := told.held_by(chain, session.sender.address)) < units:
        raise Refused(f"The account has {show_units(held, told.decimals)} {name} only.")
    if units < blocks:
        raise Refused(f"{amount} {name} is too little for {blocks} blocks.")
    end = chain.now() + until
    each = show_units(units // blocks, told.decimals)
    plan = (
        f"{amount} {name} for the next {blocks} accepted blocks of group {group.id} "
        f"that begin before {Moment(end)}: {each} {name} each. "
        f"What is left then can be taken back from {Moment(end + 2 * EPOCH)} on, not earlier."
    )
    confirm(plan, yes=yes)
    receipt = session.sender.sponsor(group.id, address, units, blocks, end)
    event = receipt.event("Sponsored")
    number, arrived = event["sponsorship_id"], show_units(event["amount"], told.decimals)
    session.out.done(
        f"Sponsorship {number}: {arrived} {name} arrived. To take back what is left: "
        f"nrn sponsor refund {number}",
        {
            "sponsorship": number,
            "group": group.id,
            "token": address,
            "amount": str(event["amount"]),
            "blocks": blocks,
            "until": Moment(end),
        },
    )


@command(app, "refund")
def refund(
    session: Session,
    number: Annotated[int, typer.Argument(metavar="SPONSORSHIP", min=1, help="Its number.")],
) -> None:
    """Give what was not drawn back to who sponsored, two weeks after the end.

    Example: nrn sponsor refund 3 --account alice
    """
    from compute.chain.sponsors import Token

    known = session.chain.sponsorship.read([number])
    if not known:
        raise Refused(f"There is no sponsorship {number}.")
    token = Token.read(session.chain, known[0].token)
    amount = session.sender.refund(number).event("Refunded")["amount"]
    session.out.done(
        f"{show_units(amount, token.decimals)} {session.out.plain(token.named)} went back to "
        f"{known[0].sponsor}.",
        {"sponsorship": number, "amount": str(amount), "to": known[0].sponsor},
    )


def confirm(plan: str, *, yes: bool) -> None:
    """Show what cannot be undone, and ask on standard error unless `yes`. Raises Refused."""
    typer.echo(plan, err=True)
    if not yes and not typer.confirm("Do it?", err=True):
        raise Refused("Nothing was sent.")


def parse_units(text: str, token: "Token") -> int:
    """A token's smallest units in an amount of whole tokens. Raises Refused."""
    if not _NUMBER.fullmatch(text):
        raise Refused(f"'{text}' is not an amount. Write it like 12.5.")
    whole, _, part = text.partition(".")
    if len(part) > token.decimals:
        raise Refused(f"The token has {token.decimals} decimals, {text} has more.")
    units = int(whole + part.ljust(token.decimals, "0"))
    if units == 0:
        raise Refused("The amount must be above zero.")
    return units


def sponsorship_row(facts: "SponsorshipFacts") -> dict[str, Any]:
    """A sponsorship as `nrn status` and `nrn group show` tell it."""
    one, token = facts.sponsorship, facts.token
    return {
        "sponsorship": one.id,
        "token": token.address,
        "called": token.named,
        "left": show_units(one.left, token.decimals),
        "each_block": show_units(one.per_block, token.decimals),
        "until": Moment(one.until),
    }
