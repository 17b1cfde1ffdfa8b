"""The terms of a group on the command line."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compute.cli.arguments import parse_amount, parse_span
from compute.cli.values import Amount, Span

if TYPE_CHECKING:
    from compute.chain import GroupConfig

# 1.5e-5 nats: who searches among a model's neighbours for a lucky rounding wins less than a
# millionth of its loss, so up to 15 nats nobody is paid for that.  Losses below 1e-3 want less.
MIN_IMPROVEMENT = 2**16
# 0.06 nats: what a group asks for at most, where block after block is accepted.
MAX_IMPROVEMENT = 2**28


def _span(text: str) -> Any:
    return typer.Option(metavar="TIME", parser=parse_span, help=text)


def _share(text: str) -> Any:
    return typer.Option(min=0, max=10_000, help=text)


@dataclass
class Terms:
    """The terms of a new group; what is not given comes from a default, or a fork's parent."""

    commit_window: Annotated[Span | None, _span("For training and commitments.")] = None
    reveal_window: Annotated[Span | None, _span("For publishing checkpoints.")] = None
    vote_window: Annotated[Span | None, _span("For evaluating and voting.")] = None
    delta_period: Annotated[Span | None, _span("How often the data may change.")] = None
    checkpoint_quorum_bps: Annotated[
        int | None, _share("Stake a winning checkpoint needs, in 1/10000.")
    ] = None
    delta_quorum_bps: Annotated[int | None, _share("Stake a winning delta needs, in 1/10000.")] = (
        None
    )
    keeper_bps: Annotated[
        int | None,
        typer.Option(min=0, max=9_000, help="Keepers' part of each reward, in 1/10000."),
    ] = None
    bond: Annotated[
        Amount | None,
        typer.Option(
            metavar="NRN",
            parser=parse_amount,
            help="Bond of each claim if the group had all stake; it falls with its share.",
        ),
    ] = None
    min_improvement: Annotated[
        int | None, typer.Option(min=1, help="Least improvement, in 2^-32 nats.")
    ] = None
    max_improvement: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Where it stops: four accepted blocks double it, any other halves it.",
        ),
    ] = None

    def over(self, defaults: "GroupConfig") -> "GroupConfig":
        """These terms, completed by others."""
        given = {name: value for name, value in vars(self).items() if value is not None}
        return replace(defaults, **given)
