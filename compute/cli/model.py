"""`nrn model`: write a specification, look at a group's."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compute.cli.arguments import FORMATS, GroupId, TokeniserFile, Window
from compute.cli.command import command
from compute.cli.design import Design, Scale, read_first, scales
from compute.cli.failure import Refused
from compute.cli.output import Output
from compute.cli.session import Session
from compute.cli.values import Digest, Size

if TYPE_CHECKING:
    from compute.models import ModelSpecification

app = typer.Typer(help="Write and look at models.", no_args_is_help=True)


@command(app, "new")
def new(
    design: Design,
    data: Annotated[Path, typer.Option(exists=True, help=f"Examples: {FORMATS}.")],
    window: Window = 128,
    tokeniser: TokeniserFile = None,
    scale: Scale = None,
) -> None:
    """Print the specification of a named size for this data; edit it as you like.

    Example: nrn model new --model vit --size small --data first.npz > model.json
    """
    powers = scales(scale)
    specification = design.fit(*read_first(data, window, tokeniser, powers), powers)
    typer.echo(json.dumps(json.loads(specification.design()), indent=2))


@command(app, "show")
def show(session: Session, group_id: GroupId) -> None:
    """What a group trains: its model, what one evaluation costs, and the program, step by step.

    Example: nrn model show 1
    """
    from compute.program import text

    specification = _specification(session, group_id)
    sizes = [math.prod(shape) for shape in specification.parameter_shapes().values()]
    design = json.loads(specification.design())
    lines = list(text.lines(specification.program))
    session.out.record(
        f"Model of group {group_id}",
        {
            "hash": Digest(specification.hash),
            "parameters": sum(sizes),
            "outputs": list(specification.output_shape),
            **_cost(specification),
            **{key: value for key, value in design.items() if key != "format"},
            **({"program": lines} if session.as_json else {}),
        },
    )
    if not session.as_json:
        session.out.show(Output.plain("\n".join(lines)), None)


@command(app, "design")
def design(session: Session, group_id: GroupId) -> None:
    """Print a group's model as a file that `--specification` takes, to edit it for a fork.

    Example: nrn model design 1 > model.json
    """
    specification = _specification(session, group_id)
    typer.echo(json.dumps(json.loads(specification.design()), indent=2))


@command(app, "check")
def check(session: Session, group_id: GroupId) -> None:
    """Read a group's program before you join: what it costs, and what it could do.

    Example: nrn model check 1
    """
    from compute.oracle import advice

    specification = _specification(session, group_id)
    program = specification.program
    used = advice.operations(program)
    session.out.record(
        f"Program of group {group_id}",
        {
            **_cost(specification),
            "operations": ", ".join(f"{name} × {count}" for name, count in used.items()),
            "sight": advice.sights(program) or "no position is predicted",
        },
    )


@command(app, "code")
def code(session: Session, group_id: GroupId) -> None:
    """The Python that a group's founder made the program from, published for people to read.
    Nobody runs it.

    Example: nrn model code 1
    """
    from compute.models import Module, foreign

    architecture = _specification(session, group_id).architecture
    if not isinstance(architecture, Module):
        raise Refused(
            f"Group {group_id} trains a {architecture.name}: there is no code of its own."
        )
    text = foreign.text(session.blocks.get(architecture.source))
    session.out.show(Output.plain(text), {"sha256": Digest(architecture.source), "code": text})


@command(app, "portray")
def portray(
    session: Session,
    group_id: GroupId,
    count: Annotated[
        int, typer.Option(min=1, max=50, help="Accepted checkpoints, from the first to the last.")
    ] = 6,
) -> None:
    """Let accepted checkpoints write or classify a little, for people to look at.

    Some text of a language model, or which class it takes for which of up to 1,000 examples of the
    training set, goes into the store; `nrn explore` shows it.

    Example: nrn model portray 1
    """
    from compute.facts.portraits import portraits
    from compute.inference import of_group
    from compute.inference import portray as made_of
    from compute.judging.retrieval import load_training_set
    from compute.storage import BlockUnavailable

    group, store = session.group(group_id), session.blocks
    version = group.voting.current().version
    last, known, missing = group.voting.incumbent().height, portraits(store), 0
    heights = sorted({last * n // max(1, count - 1) for n in range(count)} | {last})[-count:]
    with session.out.progress("portraying") as step:
        examples = load_training_set(group, store, version, session.training_sets(group))
        for number, height in enumerate(heights):
            step(number, len(heights))
            try:
                model = of_group(group, store, height)
            except BlockUnavailable:
                missing += 1
                continue
            of = known.get(model.origin.checkpoint)
            if of is None or of.version != version:
                made_of(model, examples, version).keep(store)
    told = f" The content of {missing} is not in the store." if missing else ""
    session.out.done(
        f"{len(heights) - missing} checkpoints of group {group_id} have a portrait.{told} "
        "See: nrn explore",
        {"group": group_id, "heights": heights, "missing": missing, "version": version},
    )


def _specification(session: Session, group_id: int) -> "ModelSpecification":
    from compute.judging.retrieval import load_specification

    return load_specification(session.blocks, session.group(group_id).model_hash)


def _cost(specification: "ModelSpecification") -> dict[str, Any]:
    cost = specification.cost
    return {
        "multiply_adds": cost.multiply_adds,
        "elementary_operations": cost.elementary,
        "memory_for_one_example": Size(specification.bytes_for_one),
    }
