"""Write the log: lines for people, or one JSON object a line for programs."""

import json
import logging
from datetime import UTC, datetime

from compute.inert import inert

LIBRARIES = ("absl", "jax", "orbax", "urllib3")


class Lines(logging.Formatter):
    """Time and sentence; a traceback, which only a defect leaves, beneath it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        return inert(super().format(record))


class JsonLines(logging.Formatter):
    """`time` (UTC), `level`, `logger`, `message`, and of an event its name and facts."""

    def format(self, record: logging.LogRecord) -> str:
        row = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": inert(record.getMessage()),
            **getattr(record, "facts", {}),
        }
        if name := getattr(record, "event", None):
            row["event"] = name
        if record.exc_info:
            row["traceback"] = self.formatException(record.exc_info)
        return json.dumps(row)


def log_to_terminal(*more: logging.Handler, as_json: bool = False) -> None:
    """Show what a role does, and nothing of its libraries; hand it to `more` handlers too."""
    terminal = logging.StreamHandler()
    terminal.setFormatter(JsonLines() if as_json else Lines())
    # force: absl, which Orbax imports, has taken the root logger by now
    logging.basicConfig(level=logging.INFO, handlers=[terminal, *more], force=True)
    for library in LIBRARIES:
        logging.getLogger(library).setLevel(logging.ERROR)
