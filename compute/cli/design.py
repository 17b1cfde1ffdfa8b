"""Options that describe a model: a named size, or a specification file."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compute.about import About
from compute.cli.failure import Refused

if TYPE_CHECKING:
    import numpy as np

    from compute.models import ModelSpecification
    from compute.training_set.tokeniser import Tokeniser

MAX_BYTES = 1 << 20

SpecificationFile = Annotated[
    Path | None,
    typer.Option(
        exists=True, dir_okay=False, help="Model specification, a JSON file; see `nrn model new`."
    ),
]


def _option(text: str, **more: Any) -> Any:
    return typer.Option(help=text, rich_help_panel="Model", **more)


@dataclass
class Design:
    """A named size that fits the data."""

    model: Annotated[str | None, _option("mlp, resnet, vit or gpt.")] = None
    size: Annotated[
        str,
        _option(
            "mlp: tiny, small, medium. resnet: tiny, small, 18, 50. vit: tiny, small, base. "
            "gpt: tiny, mini, 124m, 1b."
        ),
    ] = "tiny"
    target: Annotated[
        str | None,
        _option("Column to predict from the others; targets for gpt, label for the rest."),
    ] = None
    code: Annotated[
        Path | None,
        _option(
            "Your own Flax module instead, a Python file that defines network(compute_dtype, "
            "remat). It is run here, to make the program, and nowhere else.",
            exists=True,
            dir_okay=False,
        ),
    ] = None
    loss: Annotated[
        str | None,
        _option(
            "cross_entropy (classes, the default), squared_error (numbers; the default of a target "
            "that is scaled) or binary_cross_entropy (several classes at once)."
        ),
    ] = None
    classes: Annotated[
        int | None,
        _option(
            "Classes or size of the vocabulary; by default those in the data, 256 for bytes, the "
            "tokeniser's."
        ),
    ] = None

    def fit(
        self,
        columns: "Mapping[str, np.ndarray]",
        tokeniser: "Tokeniser | None",
        scale_log2: "Mapping[str, int]",
    ) -> "ModelSpecification":
        """The specification for this data; the tokeniser's tokens are the vocabulary. Raises
        ModelError."""
        from compute.models.document import LOSSES
        from compute.models.sizes import design, design_code

        if self.loss not in (None, *LOSSES):
            raise Refused(f"There is no loss '{self.loss}', but {', '.join(LOSSES)}.")
        if (source := run_code(self.code)) is not None:
            if (self.model, self.loss, self.classes) != (None, None, None):
                raise Refused(
                    "With --code there is no --model, --loss or --classes: the file says what the "
                    "outputs are, `nrn model new --code FILE` writes a specification to edit."
                )
            return design_code(source, columns, self.target or "label")
        if self.model is None:
            raise Refused(
                "Say which model: --model with its --size, --code FILE, or --specification FILE."
            )
        target = self.target or ("targets" if self.model == "gpt" else "label")
        vocabulary = None if tokeniser is None else len(tokeniser)
        classes = self.classes or vocabulary
        return design(self.model, self.size, columns, target, classes, self.loss, scale_log2)


Scale = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN=POWER",
        help="Multiply a column by two to this power and round: real numbers become integers, "
        "for ever. Repeatable.",
    ),
]


def scales(given: list[str] | None) -> dict[str, int]:
    """`price=8` -> {"price": 8}."""
    found = {}
    for text in given or []:
        match = re.fullmatch(r"([a-z][a-z0-9_]*)=([+-]?\d{1,2})", text)
        if match is None or abs(int(match[2])) > 64:
            raise Refused(f"'{text}' is no scale. Write it like price=8, from -64 to 64.")
        found[match[1]] = int(match[2])
    return found


def read_first(
    data: Path, window: int, tokeniser: Path | None, scale_log2: "Mapping[str, int]"
) -> "tuple[Mapping[str, np.ndarray], Tokeniser | None]":
    """The first examples of a group, and the tokeniser in the file given for them. Raises
    UnreadableData, SchemaError or TokeniserError."""
    from compute.training_set.importers import read
    from compute.training_set.tokeniser import MAX_BYTES, Tokeniser

    if tokeniser is None:
        columns = read(data, window=window, scale_log2=scale_log2)
        if not any(len(array) for array in columns.values()):
            raise Refused(f"{data} has no examples: a group begins with one or more.")
        if unknown := [name for name in scale_log2 if name not in columns]:
            raise Refused(f"{data} has no column '{unknown[0]}', but {', '.join(columns)}.")
        return columns, None
    with tokeniser.open("rb") as file:
        words = Tokeniser(file.read(MAX_BYTES + 1))
    columns = read(data, window=window, tokeniser=words)
    if words.column not in columns:
        raise Refused(f"{data} is not text, and its examples were not made with {tokeniser}.")
    return columns, words


def run_code(path: Path | None) -> bytes | None:
    """The Python file of a model that is code: its author's, or who trusts them. It is run, to make
    the program. Raises ModelError."""
    if path is None:
        return None
    from compute.models import foreign

    with path.open("rb") as file:
        source = file.read(foreign.MAX_SOURCE_BYTES + 1)
    foreign.run(source)
    return source


def read_specification(path: Path) -> "ModelSpecification":
    """From a file that people write: spaces and order are free. Raises ModelError."""
    from compute import canonical
    from compute.models import ModelError, ModelSpecification

    with path.open("rb") as file:
        data = file.read(MAX_BYTES)
    try:
        canonical.check_nesting(data)
        return ModelSpecification.parse(canonical.encode(json.loads(data)))
    except ModelError:
        raise
    except ValueError as error:
        raise ModelError(f"{path} is not a model specification: {error}") from None


def upgraded(model_hash: bytes, parent: "ModelSpecification") -> "ModelSpecification":
    """A fork of the model with this hash and design that this program can evaluate, with the same
    parameters. Raises Refused, ModelError."""
    from compute import exact
    from compute.models import ModelSpecification, Parent

    if parent.evaluator == exact.VERSION:
        raise Refused(f"The group evaluates with {exact.VERSION} already, as this program does.")
    fork = replace(parent, evaluator=exact.VERSION, parent=Parent(model_hash, "same"))
    return ModelSpecification.parse(fork.design())


def grown(
    parent: "ModelSpecification", widths: str | None, layers: int | None
) -> "ModelSpecification":
    """A fork of `parent` with other widths or more layers, whose function is the parent's at first.
    Raises Refused, ModelError."""
    from compute.models import MLP, ModelSpecification, Parent, Transformer, ViT

    network = parent.architecture
    if (widths is None) == (layers is None):
        raise Refused("Say what changes: --widen, --deepen, --upgrade, or --specification FILE.")
    if widths is not None and isinstance(network, MLP):
        if not re.fullmatch(r"[0-9]{1,6}(,[0-9]{1,6})*", widths):
            raise Refused(f"'{widths}' are no widths. Write them like 512,256.")
        changed = replace(network, hidden=tuple(map(int, widths.split(","))))
        grown = replace(parent, architecture=changed, parent=Parent(parent.hash, "widen"))
    elif layers is not None and isinstance(network, ViT | Transformer):
        deeper = replace(network, layers=layers)
        grown = replace(parent, architecture=deeper, parent=Parent(parent.hash, "deepen"))
    else:
        raise Refused(f"A {network.name} does not grow so; write a --specification.")
    about = About(licence=parent.about.licence)  # of the data, which a fork goes on with
    return ModelSpecification.parse(replace(grown, about=about).design())
