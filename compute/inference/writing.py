"""Text from a prompt: as many tokens as wanted, or until a stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from compute.inference.model import Model
from compute.models.generate import Draw


@dataclass(frozen=True)
class Written:
    """`text` follows the prompt; a stop and what comes after it are not in it. `seconds` hold the
    time to compile."""

    text: str
    tokens: int
    stopped: bool
    seconds: float


def write(
    model: Model,
    prompt: str,
    length: int,
    draw: Draw,
    stops: Sequence[str] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Written:
    """Up to `length` tokens after `prompt`; one of `stops` ends the text. Raises ModelError."""
    began = time.monotonic()
    ends = [stop.encode() for stop in stops]
    tokens: list[int] = []
    found: int | None = None
    data = b""
    for token in islice(model.writer.write(model.encode(prompt), draw), length):
        tokens.append(token)
        data += model.decode([token])
        progress(len(tokens), length)
        found = min((at for end in ends if (at := data.find(end)) >= 0), default=None)
        if found is not None:
            break
    text = data[:found].decode(errors="replace")
    return Written(text, len(tokens), found is not None, time.monotonic() - began)
