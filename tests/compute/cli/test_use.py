"""Using what a group trained, through the command line and as a library, on a real chain."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

from compute.facts.portraits import portraits
from compute.storage import FolderStore
from tests.compute.cli.conftest import Result, examples
from tests.integration.devnet import Devnet

Nrn = Callable[..., Result]
MODELS = Path(__file__).parents[3] / "docs" / "models.md"


@pytest.fixture
def pets(nrn: Nrn, tmp_path: Path) -> int:
    """A group of pictures in folders named after their classes."""
    data = examples(1, 12)
    for number, (image, label) in enumerate(zip(data["image"], data["label"], strict=True)):
        folder = tmp_path / "pets" / ("cats", "dogs")[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{number}.png")
    return nrn("group", "create", "--model", "mlp", "--data", tmp_path / "pets", "--json",
               account="alice").json["group"]  # fmt: skip


def test_classes_have_the_names_of_their_folders(nrn: Nrn, pets: int, tmp_path: Path) -> None:
    picture = next((tmp_path / "pets" / "dogs").iterdir())
    (answer,) = nrn("predict", pets, picture, "--json").json
    assert {choice["class"] for choice in answer["classes"]} == {"cats", "dogs"}
    assert sum(choice["probability"] for choice in answer["classes"]) == pytest.approx(1)
    assert answer["truth"] is None and answer["row"] == picture.name
    told = nrn("predict", pets, tmp_path / "pets", "--json").json
    assert sorted(answer["truth"] for answer in told) == sorted(
        path.parent.name for path in (tmp_path / "pets").rglob("*.png")
    )
    assert "dogs" in nrn("predict", pets, picture).out
    Image.fromarray(np.zeros((5, 5), np.uint8)).save(tmp_path / "large.png")
    assert "[5, 5]" in nrn("predict", pets, tmp_path / "large.png", code=1).err


def test_a_delta_keeps_the_names(nrn: Nrn, pets: int, tmp_path: Path) -> None:
    """A folder of dogs alone: they stay dogs, and voters see the word."""
    more = tmp_path / "more" / "dogs"
    more.mkdir(parents=True)
    Image.fromarray(np.full((4, 4), 7, np.uint8)).save(more / "new.png")
    proposed = nrn("delta", "propose", pets, "--add", tmp_path / "more", "--json", account="tom")
    shown = ("delta", "show", pets, proposed.json["proposal"])
    assert nrn(*shown, "--json").json["adds_by_class"] == {"1": 1}
    assert "dogs" in nrn(*shown).out
    more.rename(tmp_path / "more" / "dags")
    refused = nrn("delta", "new", pets, "--add", tmp_path / "more", account="tom", code=1).err
    assert "dags: the set has no class of this name, but cats, dogs" in refused


@pytest.fixture
def prices(nrn: Nrn, tmp_path: Path) -> int:
    """A group of a table with real numbers, a number to predict."""
    rows = "".join(f"{n / 4},{n / 2}\n" for n in range(12))
    (tmp_path / "first.csv").write_text("size,price\n" + rows)
    return nrn("group", "create", "--model", "mlp", "--data", tmp_path / "first.csv", "--target",
               "price", "--loss", "squared_error", "--scale", "size=2", "--scale", "price=1",
               "--json", account="alice").json["group"]  # fmt: skip


def test_a_scale_of_no_column_is_refused(nrn: Nrn, tmp_path: Path) -> None:
    (tmp_path / "houses.csv").write_text("size,price\n1,2\n")
    options = ("--model", "mlp", "--target", "price", "--scale", "prise=8")
    told = nrn("model", "new", "--data", tmp_path / "houses.csv", *options, code=1).err
    assert "has no column 'prise', but size, price" in " ".join(told.split())


def test_numbers_are_in_the_units_of_the_file(nrn: Nrn, prices: int, tmp_path: Path) -> None:
    assert nrn("status", prices, "--json").json["groups"][0]["unit"] == "of squared error"
    (tmp_path / "ask.csv").write_text("size\n0.75\n")
    (answer,) = nrn("predict", prices, tmp_path / "ask.csv", "--json").json
    nrn("export", prices, "--to", "safetensors", tmp_path / "out")
    p = load_file(tmp_path / "out" / "model.safetensors")
    hidden = np.maximum(3 * 2.0**-8 * p["Dense_0/kernel"][0] + p["Dense_0/bias"], 0)
    assert answer["numbers"] == pytest.approx(
        (hidden @ p["Dense_1/kernel"] + p["Dense_1/bias"]).tolist()
    )
    (tmp_path / "more.csv").write_text("size,price\n7.25,5.5\n")
    built = nrn("delta", "new", prices, "--add", tmp_path / "more.csv", "--json", account="tom")
    assert built.json["adds"] == 1  # by the scales that the founder gave
    assert "the model reads size" in nrn("predict", prices, _csv(tmp_path, "x\n1\n"), code=1).err


def _csv(folder: Path, text: str) -> Path:
    (folder / "other.csv").write_text(text)
    return folder / "other.csv"


def test_parameters_go_out_and_come_in_as_a_start(
    nrn: Nrn, pets: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = nrn("export", pets, "--to", "safetensors", tmp_path / "out", "--json").json
    assert "README.md" in out["files"]
    assert "is there already" in nrn("export", pets, "--to", "orbax", tmp_path / "out", code=1).err
    assert "no format 'pickle'" in nrn("export", pets, "--to", "pickle", code=1).err
    parameters = load_file(tmp_path / "out" / "model.safetensors")
    tuned = {name: value + np.float32(0.5) for name, value in parameters.items()}
    save_file(tuned, tmp_path / "tuned.safetensors")
    digest = nrn("import", tmp_path / "tuned.safetensors", pets, "--json").json["checkpoint"]
    picture = next((tmp_path / "pets" / "dogs").iterdir())
    (one,) = nrn("predict", digest, picture, "--json").json
    (other,) = nrn("predict", pets, picture, "--json").json
    assert {c["class"] for c in one["classes"]} == {"0", "1"}  # a checkpoint alone has no names
    assert one["classes"][0]["probability"] != other["classes"][0]["probability"]
    tuned["Dense_0/bias"][0] = np.nan
    save_file(tuned, tmp_path / "tuned.safetensors")
    assert "NaN" in nrn("import", tmp_path / "tuned.safetensors", pets, code=5).err

    began = {}
    monkeypatch.setattr(
        "compute.cli.train.live", lambda seat, take, _: began.update(role=take(seat))
    )
    nrn("train", pets, "--start", digest, "--state", tmp_path / "state", "--no-defend",
        account="tom")  # fmt: skip
    start = began["role"]._search._options.start  # type: ignore[attr-defined]
    assert np.array_equal(
        start.parameters["Dense_0/kernel"], parameters["Dense_0/kernel"] + np.float32(0.5)
    )


def test_a_model_of_classes_is_portrayed_by_its_mistakes(
    nrn: Nrn, pets: int, tmp_path: Path
) -> None:
    assert "No" not in nrn("model", "portray", pets).out
    store = FolderStore(tmp_path / "store")
    (made,) = portraits(store).values()
    assert made.examples == 12 and made.labels == ("cats", "dogs") and made.completions == ()
    told = nrn("predict", pets, tmp_path / "pets", "--json").json
    right = sum(row["classes"][0]["class"] == row["truth"] for row in told)
    assert made.right == right
    assert nrn("model", "portray", pets, "--json").json["missing"] == 0  # again: nothing new
    assert portraits(store) == {made.checkpoint: made}
    replace(made, version=made.version + 1).keep(store)  # instead of the older one
    assert [p.version for p in portraits(store).values()] == [made.version + 1]


def test_the_ten_lines_of_the_docs_load_an_accepted_model(
    nrn: Nrn, pets: int, devnet: Devnet, tmp_path: Path
) -> None:
    section = MODELS.read_text().split("## In Python")[1]
    (code,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)[:1]
    for name, value in {
        '"https://node.example"': repr(devnet.url),
        "deployment=None": f"deployment={str(devnet.deployment_file)!r}",
        '"store"': repr(str(tmp_path / "store")),
        "group(1)": f"group({pets})",
        '"pictures"': repr(str(tmp_path / "pets" / "dogs")),
    }.items():
        assert name in code
        code = code.replace(name, value)
    assert len(code.splitlines()) <= 12
    scope: dict[str, object] = {}
    exec(code, scope)
    told = nrn("predict", pets, tmp_path / "pets" / "dogs", "--json").json
    first = scope["first"]
    assert first.row == told[0]["row"]  # type: ignore[attr-defined]
    assert first.choices[0].name == told[0]["classes"][0]["class"]  # type: ignore[attr-defined]
    assert json.dumps(told)
