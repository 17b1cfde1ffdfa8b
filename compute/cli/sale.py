"""`nrn sale`: the first sale of the token."""

from typing import Annotated

import typer

from compute.cli.arguments import parse_amount
from compute.cli.command import command
from compute.cli.session import Session
from compute.cli.values import Amount, Moment, Span

app = typer.Typer(help="Buy NRN while the sale runs.", no_args_is_help=True)


@command(app, "show")
def show(session: Session) -> None:
    """Show when the sale runs, what it costs, what is sold.

    Example: nrn sale show
    """
    terms, now = session.chain.sale.terms(), session.chain.now()
    session.out.record(
        "NRN sale",
        {
            "starts": Moment(terms.start),
            "ends": Moment(terms.end),
            "time_left": Span(max(0, terms.end - now)),
            "nrn_per_eth": terms.rate,
            "sold": Amount(session.chain.sale.issued()),
            "raised_eth": Amount(session.chain.sale.raised()),
        },
    )


@command(app, "buy")
def buy(
    session: Session,
    ether: Annotated[
        Amount, typer.Argument(metavar="ETH", parser=parse_amount, help="ETH to pay, such as 0.5.")
    ],
    receiver: Annotated[str | None, typer.Option(help="Who gets the NRN; you by default.")] = None,
) -> None:
    """Buy NRN at the fixed price.

    Example: nrn sale buy 0.5 --account alice
    """
    bought = session.sender.buy(ether, receiver).event("Purchased")
    amount = Amount(bought["amount"])
    session.out.done(
        f"Bought {amount} NRN for {ether} ETH.",
        {"amount": amount, "paid": ether, "receiver": bought["receiver"]},
    )
