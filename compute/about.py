"""What its maker says of a group or a delta, in its content: a name, a message, a licence.

Nobody checks it and no loss depends on it. The texts are of strangers: whoever shows them goes
through `compute.inert`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LIMITS: Mapping[str, int] = {"name": 64, "message": 2_000, "licence": 64}  # characters


class TooMuchSaid(ValueError):
    """A text is longer than its limit, or is none."""


@dataclass(frozen=True)
class About:
    """Each text may be empty: then it is not said. `licence` is that of the data."""

    name: str = ""
    message: str = ""
    licence: str = ""

    def document(self) -> dict[str, str]:
        """As a part of a canonical document."""
        return {key: getattr(self, key) for key in LIMITS}

    @classmethod
    def read(cls, document: Any) -> "About":
        """What `document` made. Raises TooMuchSaid."""
        if not isinstance(document, dict) or document.keys() != LIMITS.keys():
            raise TooMuchSaid(f"about is not an object of {', '.join(LIMITS)}")
        for key, limit in LIMITS.items():
            if not isinstance(document[key], str) or len(document[key]) > limit:
                raise TooMuchSaid(f"the {key} is not a text of at most {limit} characters")
        return cls(**document)


UNSAID = About()
