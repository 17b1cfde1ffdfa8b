"""Options with which somebody says what a group or a delta is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from compute.about import LIMITS, UNSAID, About, TooMuchSaid
from compute.cli.failure import Refused
from compute.cli.values import Name

if TYPE_CHECKING:
    from compute.storage import Store


def _option(key: str, text: str) -> Any:
    return typer.Option(
        help=f"{text} For people; at most {LIMITS[key]:,} characters.", rich_help_panel="About it"
    )


@dataclass
class Saying:
    """A name, a message, the data's licence."""

    name: Annotated[str | None, _option("name", "What to call it.")] = None
    message: Annotated[str | None, _option("message", "What it is, and why.")] = None
    licence: Annotated[
        str | None, _option("licence", "Licence of the data, such as CC-BY-4.0.")
    ] = None

    def over(self, base: About = UNSAID) -> About:
        """`base`, with what is given instead. Raises Refused."""
        given = {key: getattr(self, key) for key in LIMITS if getattr(self, key) is not None}
        try:
            return About.read({**base.document(), **given})
        except TooMuchSaid as error:
            raise Refused(f"{str(error).capitalize()}.") from None


def claimed(store: "Store | None", digest: bytes) -> Mapping[str, Name | None]:
    """What the content says of itself, where the store has it; None where it says nothing."""
    from compute.facts import about_of

    return shown(about_of(store, digest))


def shown(about: About | None) -> Mapping[str, Name | None]:
    """As rows of a table: the texts are of strangers."""
    said = (about or UNSAID).document()
    return {key: Name(said[key]) or None for key in ("name", "message", "licence")}
