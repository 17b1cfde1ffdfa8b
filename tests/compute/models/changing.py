"""A model specification with one value changed."""

import copy
from typing import Any

from compute import canonical


def changed(document: dict[str, Any], path: str, value: object) -> bytes:
    """The bytes of `document` with `value` at `path`, keys and indices separated by dots."""
    document = copy.deepcopy(document)
    *parents, last = path.split(".")
    place: Any = document
    for key in parents:
        place = place[int(key)] if isinstance(place, list) else place[key]
    place[last] = value
    return canonical.encode(document)
