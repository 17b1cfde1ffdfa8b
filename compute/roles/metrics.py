"""What happens while it happens, as JSON lines."""

import json
import math
from pathlib import Path


class Metrics:
    """Appends one JSON object per line; a line is whole or, after a crash, missing its end."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, **values: int | float | bool) -> None:
        """Append one record; what is not finite becomes null, which JSON can say."""
        row = {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in values.items()
        }
        with self._path.open("a") as file:
            file.write(json.dumps(row) + "\n")
