"""`nrn group`: found a group, fork one, look at them."""

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compute.cli import blocks
from compute.cli import founding as founding_page
from compute.cli.arguments import FORMATS, GroupId, TokeniserFile, Window
from compute.cli.command import command
from compute.cli.design import (
    Design,
    Scale,
    SpecificationFile,
    grown,
    read_first,
    read_specification,
    run_code,
    scales,
    upgraded,
)
from compute.cli.failure import Refused
from compute.cli.fits import fit_row
from compute.cli.saying import Saying, shown
from compute.cli.session import Session
from compute.cli.sponsor import sponsorship_row
from compute.cli.terms import MAX_IMPROVEMENT, MIN_IMPROVEMENT, Terms
from compute.cli.values import Amount, Digest, Loss, Moment, Span
from compute.units import DAY

if TYPE_CHECKING:
    from compute.facts import GroupFacts, OpenClaimFacts

app = typer.Typer(help="Found, fork and list training groups.", no_args_is_help=True)
blocks.register(app)


Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@command(app, "list")
def list_groups(
    session: Session,
    fits: Annotated[
        bool,
        typer.Option("--fits", help="Measure what this machine can keep, and what it would earn."),
    ] = False,
) -> None:
    """All groups; with --fits, an evaluation of each on this device against its vote window.

    Example: nrn group list --fits
    """
    from compute.facts import group_facts

    groups = session.chain.groups()
    if fits:
        with session.out.progress("measuring") as step:
            rows = [fit_row(session, group, step) for group in groups]
    else:
        rows = [_summary(group_facts(group, session.readable)) for group in groups]
    session.out.rows("Groups", rows, empty="none yet. Found one with `nrn group create`.")


_REFEREED = {
    True: "judges a false loss, if anybody challenges it: see nrn watch",
    False: "cannot judge this model's losses: keepers alone do",
    None: None,  # this store does not have the model
}


@command(app, "show")
def show(session: Session, group_id: GroupId) -> None:
    """The terms and the state of a group.

    Example: nrn group show 1
    """
    from compute.facts import group_facts, open_claim_facts

    group = session.group(group_id)
    config, facts = group.config, group_facts(group, session.readable)
    session.out.record(
        f"Group {group.id}",
        {
            **_summary(facts),
            **shown(facts.about),
            "referee": _REFEREED[facts.refereed],
            "incumbent": Digest(facts.incumbent.checkpoint_hash),
            "created": Moment(group.genesis_time),
            "commit_window": Span(config.commit_window),
            "reveal_window": Span(config.reveal_window),
            "vote_window": Span(config.vote_window),
            "delta_period": Span(facts.period.length),
            "checkpoint_quorum_bps": config.checkpoint_quorum_bps,
            "delta_quorum_bps": config.delta_quorum_bps,
            "keeper_bps": config.keeper_bps,
            "bond": Amount(config.bond),
            "min_improvement": Loss(config.min_improvement),
            "max_improvement": Loss(config.max_improvement),
            "asked_improvement": Loss(facts.asked.improvement),
            "asked_bond": Amount(facts.asked.bond),
            "open_claims": [_open_claim(claim) for claim in open_claim_facts(group)],
            "sponsorships": [sponsorship_row(one) for one in facts.sponsorships],
            "voting": group.voting.address,
            "deltas": group.deltas.address,
        },
    )


@command(app, "create")
def create(
    session: Session,
    terms: Terms,
    design: Design,
    saying: Saying,
    data: Annotated[
        Path,
        typer.Option(exists=True, help=f"First examples: {FORMATS}."),
    ],
    window: Window = 128,
    tokeniser: TokeniserFile = None,
    specification: SpecificationFile = None,
    scale: Scale = None,
    bounds: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=LOW..HIGH",
            help="What a column may ever hold; by default the target's classes, or its range.",
        ),
    ] = None,
    yes: Yes = False,
) -> None:
    """Found a group: its model, its first data, its terms, for ever.

    The model is a named size that fits the data, or what a specification file says. Without other
    terms a block lasts 6 hours (4 to train, 30 minutes to reveal, 90 to vote), the
    data may change every week, keepers share 20 % of each reward, and a claim must
    gain 65,536 units of 2^-32 nats: more than the noise of rounding can win.

    Example: nrn group create --model resnet --size small --data first.npz --account alice
    """
    from compute.chain import GroupConfig
    from compute.judging.evaluation import check_losses
    from compute.roles.founder import found
    from compute.training_set.importers import labels_of

    if specification is not None and design.model is not None:
        raise Refused("Give the model once: --model with its --size, or --specification FILE.")
    limits, powers = dict(_bounds(text) for text in bounds or []), scales(scale)
    source = run_code(design.code)
    with session.out.progress("reading the first examples"):
        columns, words = read_first(data, window, tokeniser, powers)
        model = (
            design.fit(columns, words, powers)
            if specification is None
            else read_specification(specification)
        )
        model = replace(model, about=saying.over(model.about))
        labels = labels_of(data)
    founding_page.confirm(session.out, model, columns, labels, yes)
    with session.out.progress("trying the model on a few examples"):
        check_losses(model, model.initial_parameters(), columns)
    with session.out.progress("storing the first examples"):
        founding = found(model, columns, session.blocks, source, words, limits, labels, powers)
    defaults = GroupConfig(
        model_hash=founding.model_hash,
        genesis_checkpoint=founding.genesis_checkpoint,
        genesis_tip=founding.genesis_tip,
        commit_window=4 * 3_600,
        reveal_window=1_800,
        vote_window=5_400,
        checkpoint_quorum_bps=3_334,
        delta_quorum_bps=2_000,
        delta_period=7 * DAY,
        bond=session.chain.registry.min_bond(),
        min_improvement=MIN_IMPROVEMENT,
        max_improvement=MAX_IMPROVEMENT,
        keeper_bps=2_000,
    )
    config = terms.over(defaults)
    _check_finality(session, config.reveal_window)
    created = session.sender.create_group(config).event("GroupCreated")
    _tell(session, created["group_id"])


def _check_finality(session: Session, reveal_window: int) -> None:
    """Trainers reveal once their commitment is final: half of the window must be left then."""
    lag = session.chain.finality_lag()
    if 2 * lag > reveal_window:
        raise Refused(
            f"A block of this chain is final after {Span(lag)} now. Claims could not be revealed "
            f"in {Span(reveal_window)}: give a --reveal-window of {Span(2 * lag)} or more."
        )


@command(app, "fork")
def fork(
    session: Session,
    terms: Terms,
    saying: Saying,
    group_id: GroupId,
    specification: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Model specification, a JSON file that names its parent and the map from it.",
        ),
    ] = None,
    widen: Annotated[
        str | None, typer.Option(help="New widths of an mlp's layers instead, as in 512,256.")
    ] = None,
    deepen: Annotated[
        int | None,
        typer.Option(min=1, help="New number of layers of a vit or transformer instead."),
    ] = None,
    upgrade: Annotated[
        bool,
        typer.Option(
            "--upgrade", help="The same model instead, for the evaluator of this program's version."
        ),
    ] = False,
    code: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The Python file of a model that is code."),
    ] = None,
    height: Annotated[
        int | None, typer.Option(min=0, help="Accepted block to go on from; the last by default.")
    ] = None,
    version: Annotated[
        int | None, typer.Option(min=0, help="Training set to go on with; the last by default.")
    ] = None,
    yes: Yes = False,
) -> None:
    """Found a group that goes on from another's data and checkpoint with another model.

    Terms that are not given stay those of the parent. Stake follows with `nrn migrate`.

    Example: nrn group fork 1 --widen 512,256 --account alice
    """
    from compute.judging.evaluation import check_losses
    from compute.judging.retrieval import (
        load_design,
        load_incumbent,
        load_specification,
        load_training_set,
    )
    from compute.roles.founder import Origin, found_fork

    parent = session.group(group_id)
    source = run_code(code)
    if specification is not None:
        model = read_specification(specification)
    elif upgrade:
        old = load_design(session.blocks, parent.model_hash)
        model = upgraded(parent.model_hash, old)
    else:
        model = grown(load_specification(session.blocks, parent.model_hash), widen, deepen)
    model = replace(model, about=saying.over(model.about))
    model.encode()  # is refused before anything is sent
    if height is None:
        if parent.voting.settleable() is not None:
            session.sender.settle(parent)
        height = parent.voting.incumbent().height
    if version is None:
        if parent.deltas.finalizable():
            session.sender.finalize(parent)
        version, _ = parent.deltas.tip_at(session.chain.now())
    checkpoint = parent.voting.accepted(height)
    if checkpoint is None:
        raise Refused(f"Group {group_id} has accepted no block of height {height} yet.")
    with session.out.progress("checking data and checkpoint"):
        sets = session.training_sets(parent)
        columns = load_training_set(parent, session.blocks, version, sets).columns
        origin = Origin(parent.model_hash, checkpoint, columns)
        founding_page.confirm(session.out, model, columns, {}, yes)
        check_losses(model, load_incumbent(session.blocks, model, checkpoint), columns)
        model_hash = found_fork(model, origin, session.blocks, source)
    config = terms.over(
        replace(parent.config, model_hash=model_hash, delta_period=parent.deltas.period().length)
    )
    created = session.sender.fork_group(group_id, height, version, config).event("GroupCreated")
    _tell(session, created["group_id"])


def _bounds(text: str) -> tuple[str, tuple[int, int]]:
    match = re.fullmatch(r"([a-z0-9_]+)=(-?\d{1,20})\.\.(-?\d{1,20})", text)
    if match is None:
        raise Refused(f"'{text}' are no bounds. Write them like label=0..9.")
    return match[1], (int(match[2]), int(match[3]))


def _summary(group: "GroupFacts") -> dict[str, Any]:
    incumbent = group.incumbent
    return {
        "group": group.id,
        "name": shown(group.about)["name"],
        "parent": group.parent_id or None,
        "model": Digest(group.model_hash),
        "block": group.block.index,
        "phase": group.phase,
        "height": incumbent.height,
        "loss": Loss(incumbent.loss) if incumbent.known else None,
        "version": group.version,
        "stake": Amount(group.stake),
    }


def _open_claim(claim: "OpenClaimFacts") -> dict[str, Any]:
    return {
        "checkpoint": Digest(claim.checkpoint_hash),
        "trainer": claim.trainer,
        "rank": claim.rank,
        "loss": Loss(claim.loss),
        "bond": Amount(claim.bond),
        "bond_returns": Moment(claim.lapses_at),
    }


def _tell(session: Session, group_id: int) -> None:
    group = session.group(group_id)
    session.out.done(
        f"Group {group_id} exists. Next: nrn stake {group_id} AMOUNT",
        {"group": group_id, "voting": group.voting.address, "deltas": group.deltas.address},
    )
