"""What a run tells programs: JSON lines, and event files that TensorBoard's own format reads."""

import json
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tensorboardX.proto.event_pb2 import Event

from compute.training.metrics import Metrics, tensorboard
from compute.training.recipe import RecipeError


def scalars(folder: Path) -> Iterator[tuple[int, str, float]]:
    """(step, name, value) of every scalar; a record is length, checksum, event, checksum."""
    for path in sorted(folder.glob("events.out.tfevents.*")):
        data = path.read_bytes()
        while data:
            (length,) = struct.unpack_from("<Q", data)
            event = Event.FromString(data[12 : 12 + length])
            data = data[12 + length + 4 :]
            for value in event.summary.value:
                yield event.step, value.tag, value.simple_value


def test_json_lines_and_event_files_say_the_same(tmp_path: Path) -> None:
    lines, events = tmp_path / "metrics.jsonl", tmp_path / "events"
    metrics = Metrics(lines, tensorboard(events))
    metrics.write(10, loss=1.5, gradient_norm=float("inf"), skipped=2, mfu=None)
    metrics.write(20, loss=0.75, valid=True)
    metrics.close()
    metrics.close()  # of a search that was left, and then closed
    rows = [json.loads(line) for line in lines.read_text().splitlines()]
    assert rows == [
        {"step": 10, "loss": 1.5, "gradient_norm": None, "skipped": 2, "mfu": None},
        {"step": 20, "loss": 0.75, "valid": True},
    ]
    assert list(scalars(events)) == [
        (10, "loss", 1.5),
        (10, "skipped", 2.0),
        (20, "loss", 0.75),
        (20, "valid", 1.0),
    ]


def test_what_is_missing_for_tensorboard_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(RecipeError, match="pip install tensorboardX"):
        tensorboard(tmp_path)
