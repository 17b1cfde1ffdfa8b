"""A row of `nrn group list --fits`: what a group asks of this machine, and what it pays."""

from typing import TYPE_CHECKING, Any

from compute.cli.output import Step
from compute.cli.session import Session
from compute.cli.values import Amount, Size

if TYPE_CHECKING:
    from compute.chain import Group


def fit_row(session: Session, group: "Group", step: Step) -> dict[str, Any]:
    """One group's row; `step` is told the group's number."""
    from compute.facts.pay import pay_of
    from compute.judging.fit import fit_of

    step(group.id)
    fit, pay = fit_of(group, session.blocks), pay_of(group)
    return {
        "group": group.id,
        "fits": fit.why is None,
        "why_not": fit.why,
        "examples": fit.examples,
        "memory": None if fit.memory is None else Size(fit.memory),
        "evaluation_seconds": None if fit.seconds is None else round(fit.seconds, 4),
        "vote_seconds": fit.window,
        "blocks_a_day": round(pay.blocks, 2),
        "trainers_pay_a_day": Amount(pay.trainers),
        "keepers_pay_a_day_per_staked_nrn": f"{pay.keepers:.3g}",
    }
