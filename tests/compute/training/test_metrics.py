"""What a run tells programs: JSON lines, and event files that TensorBoard's own format reads."""

import json
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tensorboardX.proto.event_pb2 import Event

from compute.training.metrics import Metrics, Wandb, tensorboard
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


def logged(run: Path) -> list[tuple[int, float]]:
    """(step, loss) of what a run wrote: a log of records, each after checksum, length and kind."""
    from wandb.proto.wandb_internal_pb2 import Record

    [path] = run.glob("run-*.wandb")
    data, found = path.read_bytes()[7:], []
    while data:
        _, length, _ = struct.unpack_from("<IHB", data)
        record = Record.FromString(data[7 : 7 + length])
        data = data[7 + length :]
        row = {
            item.key or ".".join(item.nested_key): json.loads(item.value_json)
            for item in record.history.item
        }
        if "loss" in row:
            found.append((row["step"], row["loss"]))
    return found


def test_json_lines_and_event_files_say_the_same(tmp_path: Path) -> None:
    lines, events = tmp_path / "metrics.jsonl", tmp_path / "events"
    metrics = Metrics(lines, [tensorboard(events)])
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
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(RecipeError, match="pip install wandb"):
        Wandb("groups", tmp_path)


def test_a_restarted_search_goes_on_with_its_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights & Biases without its servers: one run, every number under its step."""
    pytest.importorskip("wandb", reason="pip install wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    for step in (10, 20):
        metrics = Metrics(tmp_path / "metrics.jsonl", [Wandb("groups", tmp_path)])
        metrics.write(step, loss=1.5, gradient_norm=float("inf"), mfu=None)
        metrics.close()
    runs = sorted((tmp_path / "wandb").glob("offline-run-*"))
    assert len({run.name.rsplit("-", 1)[1] for run in runs}) == 1
    assert [told for run in runs for told in logged(run)] == [(10, 1.5), (20, 1.5)]
