"""Arguments that several commands take."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from compute.cli.hashes import Hash
from compute.cli.values import Amount, Span


def _strict(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Make a ValueError's sentence the usage error."""

    def parser(text: str) -> Any:
        if not isinstance(text, str):  # a default, already parsed
            return text
        try:
            return parse(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    return parser


parse_amount, parse_span, parse_hash = (_strict(kind.parse) for kind in (Amount, Span, Hash))

# what compute.training_set.importers reads
FORMATS = (
    ".npz, .csv, .jsonl, .parquet, .txt or .md, a folder of text files or of images (one folder a "
    "class), or what Hugging Face datasets saved to disk"
)

Window = Annotated[int, typer.Option(min=1, help="Tokens of text in one example.")]
TokeniserFile = Annotated[
    Path | None,
    typer.Option(
        exists=True, dir_okay=False, help="Ranks in tiktoken's format that cut text; else bytes do."
    ),
]
GroupId = Annotated[
    int, typer.Argument(metavar="GROUP", min=1, help="Number of the group; see `nrn group list`.")
]
Neurons = Annotated[
    Amount, typer.Argument(metavar="NRN", parser=parse_amount, help="NRN, such as 12.5.")
]
Staker = Annotated[
    str | None, typer.Option(help="Whose stake votes, if you are its operator; you by default.")
]
Quota = Annotated[
    float | None,
    typer.Option(
        metavar="GB", min=0.0, help="Content to keep at most, beyond what others may ask for."
    ),
]
Bonds = Annotated[
    Amount,
    typer.Option(
        metavar="ETH", parser=parse_amount, help="Most ether in the referee's bonds at a time."
    ),
]
Lanes = Annotated[
    bool,
    typer.Option(
        "--lanes", help="Defend true claims of others too, with a bond, where they are late."
    ),
]
State = Annotated[
    Path | None, typer.Option(help="Folder for what is yours alone; has a default per account.")
]
