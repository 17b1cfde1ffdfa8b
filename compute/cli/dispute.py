"""`nrn dispute`: the games of the referee about a group's claims."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from compute.cli.arguments import GroupId
from compute.cli.command import command
from compute.cli.failure import Refused
from compute.cli.session import Session
from compute.cli.values import Digest, Moment
from compute.units import ETHER

if TYPE_CHECKING:
    from compute.facts.disputes import DisputeFacts

app = typer.Typer(help="Disputes about false claims, and how they stand.", no_args_is_help=True)


@command(app, "list")
def list_(session: Session, group_id: GroupId) -> None:
    """Every dispute about a claim of the group, lanes of absent trainers among them.

    Example: nrn dispute list 1
    """
    from compute.facts.disputes import disputes

    rows = [_row(one) for one in disputes(session.group(group_id))]
    session.out.rows(f"Disputes of group {group_id}", rows, empty="nobody has challenged a claim.")


@command(app, "show")
def show(
    session: Session,
    group_id: GroupId,
    number: Annotated[int, typer.Argument(min=1, help="As `nrn dispute list` shows it.")],
) -> None:
    """One dispute: what is agreed, where they differ, whose move it is, what is at stake.

    Example: nrn dispute show 1 3
    """
    from compute.facts.disputes import disputes

    found = [one for one in disputes(session.group(group_id)) if one.game.number == number]
    if not found:
        raise Refused(f"Group {group_id} has no dispute {number}. See: nrn dispute list {group_id}")
    one = found[0]
    claim = session.group(group_id).voting.candidate(one.game.checkpoint_hash)
    bond = claim.bond if claim else 0
    stake = f"{one.bond / ETHER:g} ether of each challenger and substitute"
    said = [event.name for event in session.chain.referee.said(number)]
    record = {
        **_row(one),
        "challenger": one.game.challenger,
        "defender": one.game.defender,
        "lane_of": one.game.main or None,
        "moves_so_far": len(said),
        "at_stake": f"the claim's bond of {bond / ETHER:g} NRN, its reward, {stake}",
    }
    session.out.record(f"Dispute {number}", record)


def _row(one: "DisputeFacts") -> dict[str, Any]:
    game, mover = one.game, one.mover
    return {
        "dispute": game.number,
        "claim": Digest(game.checkpoint_hash),
        "about": "the claim is refuted" if one.refuted else one.about,
        "moves": mover.value if mover else None,
        "until": Moment(game.deadline) if mover else None,
    }
