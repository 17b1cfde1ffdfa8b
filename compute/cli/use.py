"""`nrn predict`, `generate`, `export`, `import`: use what a group trained."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compute.cli.arguments import GroupId
from compute.cli.command import command
from compute.cli.failure import Refused
from compute.cli.hashes import LEAST, Hash, stored, whole
from compute.cli.output import Output
from compute.cli.session import Session
from compute.cli.values import Digest

if TYPE_CHECKING:
    from compute.inference import Answer, Model

Source = Annotated[
    str,
    typer.Argument(metavar="GROUP", help="A group's number, or the hash of any checkpoint."),
]
Height = Annotated[
    int | None,
    typer.Option(min=0, help="Accepted block of the group; 0: before any. The last by default."),
]


def register(root: typer.Typer) -> None:
    """Add the commands to the program."""
    for function in (predict, generate, export):
        command(root, function.__name__)(function)
    command(root, "import")(import_)


def predict(
    session: Session,
    source: Source,
    file: Annotated[
        Path,
        typer.Argument(
            exists=True,
            help="A table, an image, a folder of images, or text to go on from; without the "
            "column to predict, or with it.",
        ),
    ],
    height: Height = None,
    most: Annotated[int, typer.Option(min=1, max=1000, help="Likeliest classes to show.")] = 3,
) -> None:
    """What a model says of each row of a file: classes and their probabilities, or numbers.

    Example: nrn predict 1 picture.png
    """
    from compute.inference import answers, read_inputs

    model = _model(session, source, height)
    inputs = read_inputs(file, model)
    with session.out.progress("predicting") as step:
        found = []
        for answer in answers(model, inputs, most):
            found.append(_row(answer, session.as_json))
            step(len(found), len(inputs.names))
    session.out.rows(f"{file}, by checkpoint {Digest(model.origin.checkpoint).hex()}", found)


def generate(
    session: Session,
    source: Source,
    prompt: Annotated[str, typer.Argument(help="What the text begins with.")] = "\n",
    height: Height = None,
    length: Annotated[int, typer.Option(min=1, help="Tokens at most; bytes are some.")] = 300,
    temperature: Annotated[float, typer.Option(min=0.0, help="0: the likeliest token.")] = 0.7,
    top_k: Annotated[int, typer.Option(min=0, help="Of the likeliest so many; 0: of all.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="The same draws again.")] = 0,
    stop: Annotated[
        list[str] | None, typer.Option(help="Text that ends it and is not shown; repeatable.")
    ] = None,
) -> None:
    """Let a language model write on from a prompt.

    Example: nrn generate 1 "HAMLET." --stop "OPHELIA."
    """
    from compute.inference import write
    from compute.models.generate import Draw

    model = _model(session, source, height)
    draw = Draw(temperature, top_k, seed)
    with session.out.progress("writing") as step:
        written = write(model, prompt, length, draw, stop or (), step)
    session.out.show(
        Output.plain(prompt + written.text),
        {
            "checkpoint": Digest(model.origin.checkpoint),
            "text": prompt + written.text,
            "written": written.text,
            "tokens": written.tokens,
            "stopped": written.stopped,
            "seconds": round(written.seconds, 3),
        },
    )


def export(
    session: Session,
    source: Source,
    to: Annotated[
        str, typer.Option("--to", help="safetensors, orbax, stablehlo, onnx or transformers.")
    ],
    folder: Annotated[
        Path | None, typer.Argument(help="New folder; by default named after the source.")
    ] = None,
    height: Height = None,
) -> None:
    """Write a model in a format of others, with where it came from and how to check it.

    Example: nrn export 1 --to transformers
    """
    from compute.exchange import FORMATS
    from compute.exchange import export as write

    if to not in FORMATS:
        raise Refused(f"There is no format '{to}', but {', '.join(FORMATS)}.")
    model = _model(session, source, height)
    name = source[:12] if model.origin.group is None else f"group-{source}-{model.origin.height}"
    folder = folder or Path(f"{name}-{to}")
    try:
        with session.out.progress("writing"):
            files = write(model, to, folder)
    except OSError as error:
        raise Refused(f"{folder} cannot be written: {error.strerror or error}.") from None
    session.out.done(
        f"{len(files)} files in {folder}; README.md says what they are and how to check them.",
        {"folder": str(folder), "files": [str(file.relative_to(folder)) for file in files]},
    )


def import_(
    session: Session,
    file: Annotated[
        Path,
        typer.Argument(
            exists=True, help="safetensors of the group's architecture, a file or a folder of them."
        ),
    ],
    group_id: GroupId,
) -> None:
    """Put parameters that exist elsewhere into the store, as a start for `nrn train --start`.

    Nobody else gets them before one of your claims does.

    Example: nrn import llama/model.safetensors 1
    """
    from compute.checkpoint import publish
    from compute.exchange import import_parameters
    from compute.judging.retrieval import load_checkpoint, load_specification

    group = session.group(group_id)
    specification = load_specification(session.blocks, group.model_hash)
    with session.out.progress("reading"):
        parameters = import_parameters(file, specification)
        digest = publish(parameters, model_hash=group.model_hash, store=session.blocks)
        load_checkpoint(session.blocks, specification, digest)  # within the magnitude
    session.out.done(
        f"Checkpoint {digest.hex()} is in the store. "
        f"Next: nrn train {group_id} --start {digest.hex()}",
        {"group": group_id, "checkpoint": Digest(digest)},
    )


def _model(session: Session, source: str, height: int | None) -> "Model":
    from compute.inference import of_checkpoint, of_group

    with session.out.progress("fetching"):
        if source.isdecimal() and len(source) < LEAST:
            return of_group(session.group(int(source)), session.blocks, height)
        if height is not None:
            raise Refused("A checkpoint has no --height: that is an accepted block of a group.")
        try:
            given = Hash.parse(source)
        except ValueError as error:
            raise Refused(f"'{source}' is no group's number, and no hash: {error}") from None
        return of_checkpoint(session.blocks, whole(given, stored(session.blocks, given)))


def _row(answer: "Answer", whole: bool) -> dict[str, Any]:
    """A line of the table, or the same as JSON, unrounded."""
    row: dict[str, Any] = {"row": answer.row}
    if whole:
        row["classes"] = [{"class": c.name, "probability": c.probability} for c in answer.choices]
        row["numbers"] = list(answer.numbers)
        return {**row, "truth": answer.truth}
    if answer.choices:
        row["prediction"] = answer.choices[0].name
        row["probability"] = f"{answer.choices[0].probability:.1%}"
        row["next"] = ", ".join(f"{c.name} {c.probability:.1%}" for c in answer.choices[1:])
    else:
        row["prediction"] = " ".join(f"{number:g}" for number in answer.numbers) or "none"
    return row if answer.truth is None else {**row, "in the file": answer.truth}
