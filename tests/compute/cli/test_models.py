"""Models through the command line: named sizes, files, and code."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from compute.canonical import digest
from compute.chain import connect
from compute.facts.portraits import portraits
from compute.models import foreign
from compute.node.keeping import Keeping
from compute.node.mirror import Mirror
from compute.storage import FolderStore, import_car, pinned, pins_of
from compute.training_set.tokeniser import load, named_by
from tests.compute.cli.conftest import Result
from tests.compute.models.test_foreign import SOURCE
from tests.compute.training_set.test_tokeniser import FILE, WORDY
from tests.integration.devnet import Devnet

Nrn = Callable[..., Result]


def test_a_named_size_is_written_founded_and_sampled(nrn: Nrn, tmp_path: Path) -> None:
    text = np.random.default_rng(0).integers(97, 123, (8, 17), np.uint8)
    np.savez(tmp_path / "text.npz", tokens=text[:, :-1], targets=text[:, 1:])
    sized = ("--model", "gpt", "--size", "tiny", "--data", tmp_path / "text.npz")
    written = nrn("model", "new", *sized).out
    (tmp_path / "model.json").write_text(written.replace('"seed": 0', '"seed": 5'))
    by_file = ("--specification", tmp_path / "model.json", *sized[4:])
    assert "Give the model once" in nrn("group", "create", *sized[:4], *by_file, code=1).err

    founded = nrn("group", "create", *sized, "--json", account="alice")
    assert "feels itself and what is before it, nothing later" in " ".join(founded.err.split())
    one = founded.json["group"]
    other = nrn("group", "create", *by_file, "--json", account="alice").json["group"]
    shown = nrn("model", "show", one, "--json").json
    assert shown["outputs"] == [16, 256] and shown["architecture"]["name"] == "transformer"
    assert nrn("model", "show", other, "--json").json["hash"] != shown["hash"]

    sample = ("generate", one, "to be", "--length", 5, "--json")
    found = nrn(*sample).json["text"]
    assert found.startswith("to be") and len(found) > 5
    assert nrn(*sample, "--seed", 0).json["text"] == found
    assert "no block of height 3" in nrn(*sample, "--height", 3, code=1).err
    assert "there is no code" in nrn("model", "code", one, code=1).err

    assert nrn("model", "portray", one, "--json").json["heights"] == [0]
    (made,) = portraits(FolderStore(tmp_path / "store")).values()
    assert [prompt for prompt, _ in made.completions] == [
        bytes(row[:-1]).decode() for row in (text[0], text[-1])
    ]
    assert all(written for _, written in made.completions) and made.confusion == ()


def test_a_group_reads_and_writes_words(nrn: Nrn, devnet: Devnet, tmp_path: Path) -> None:
    """Its tokeniser travels with it: into samples, previews, deltas, archives, and to keepers."""
    (tmp_path / "first.txt").write_text("to the other to be or not to be or " * 3)
    (tmp_path / "more.txt").write_text("the other other: or not the other " * 3)
    (tmp_path / "words.tiktoken").write_bytes(FILE)
    np.savez(
        tmp_path / "x.npz", tokens=np.ones((1, 8), np.uint8), targets=np.ones((1, 8), np.uint8)
    )
    sized = ("--model", "gpt", "--size", "tiny", "--window", 8)
    data = ("--data", tmp_path / "first.txt", "--tokeniser", tmp_path / "words.tiktoken")
    other = ("--data", tmp_path / "x.npz", *data[2:])
    assert "not text" in nrn("group", "create", *sized, *other, account="alice", code=1).err
    created = nrn("group", "create", *sized, *data, "--json", account="alice").json
    group = created["group"]
    shown = nrn("model", "show", group, "--json").json
    assert shown["outputs"] == [8, 266]
    assert [column["name"] for column in shown["inputs"]] == [WORDY.column]
    assert json.loads(nrn("model", "new", *sized, *data).out)["inputs"] == shown["inputs"]

    sample = ("generate", group, "to be", "--length", 5, "--json")
    text = nrn(*sample).json["text"]
    assert text.startswith("to be") and len(text) > 5

    propose = ("delta", "propose", group, "--add", tmp_path / "more.txt", "--json")
    proposal = nrn(*propose, account="alice").json["proposal"]
    look = tmp_path / "look.html"
    assert "the other oth" in nrn("delta", "show", group, proposal, "--sheet", look).out
    assert "the other oth" in look.read_text()

    nrn("store", "export", tmp_path / "group.car", "--group", group)
    elsewhere, own = FolderStore(tmp_path / "elsewhere"), FolderStore(tmp_path / "own")
    with (tmp_path / "group.car").open("rb") as archive:
        import_car(elsewhere, archive)
    chain = connect(devnet.url, deployment=devnet.deployment_file)
    Keeping(chain.group(group), Mirror(own, elsewhere), "keeper").refresh(0, set())
    assert load(own, [WORDY.column]) is not None
    assert named_by([WORDY.column]) in pinned(pins_of(own)) & pinned(pins_of(elsewhere))


def test_code_of_a_founder_is_read_by_people_and_run_by_nobody(nrn: Nrn, tmp_path: Path) -> None:
    data = tmp_path / "first.npz"
    label = np.arange(6, dtype=np.uint8) % 3
    np.savez(data, x=np.arange(48, dtype=np.uint8).reshape(6, 2, 4), label=label)
    (tmp_path / "model.py").write_bytes(SOURCE)
    created = nrn("group", "create", "--code", tmp_path / "model.py", "--data", data, "--json",
                  account="alice").json  # fmt: skip
    number = created["group"]
    foreign._running.clear()
    read = nrn("model", "code", number, "--json").json
    assert read == {"sha256": f"0x{digest(SOURCE).hex()}", "code": SOURCE.decode()}
    assert nrn("evaluate", number, "--json").json["valid"]
    assert not foreign._running


SATURATES = b"""
import flax.linen as nn


class Divided(nn.Module):
    @nn.compact
    def __call__(self, inputs):
        y = nn.Dense(3)(inputs["x"].reshape(len(inputs["x"]), -1))
        return y / (y - y)


def network(compute_dtype, remat):
    return Divided()
"""


def test_what_can_never_be_evaluated_is_not_founded(nrn: Nrn, tmp_path: Path) -> None:
    """Nor what has no examples. Nothing was sent, and nothing lies in the store."""
    x, label = np.arange(48, dtype=np.uint8).reshape(6, 2, 4), np.arange(6, dtype=np.uint8) % 3
    np.savez(tmp_path / "first.npz", x=x, label=label)
    np.savez(tmp_path / "none.npz", x=x[:0], label=label[:0])
    (tmp_path / "model.py").write_bytes(SATURATES)
    groups = nrn("group", "list", "--json").out
    stored = sorted((tmp_path / "store").rglob("*"))
    create = ("group", "create", "--data", tmp_path / "first.npz")
    told = nrn(*create, "--code", tmp_path / "model.py", account="alice", code=1).err
    assert "none of 6 examples has a loss" in told
    empty = ("group", "create", "--data", tmp_path / "none.npz", "--model", "mlp", "--classes", 3)
    assert "no examples" in nrn(*empty, account="alice", code=1).err
    assert nrn("group", "list", "--json").out == groups
    assert sorted((tmp_path / "store").rglob("*")) == stored


def test_a_specification_of_code_is_edited_and_founded(nrn: Nrn, tmp_path: Path) -> None:
    data = tmp_path / "first.npz"
    label = np.arange(6, dtype=np.uint8) % 3
    np.savez(data, x=np.arange(48, dtype=np.uint8).reshape(6, 2, 4), label=label)
    code = ("--code", tmp_path / "model.py")
    code[1].write_bytes(SOURCE)
    written = nrn("model", "new", *code, "--data", data).out
    (tmp_path / "model.json").write_text(written.replace('"seed": 0', '"seed": 5'))
    foreign._running.clear()  # as in a process of its own
    create = ("group", "create", "--specification", tmp_path / "model.json", "--data", data)
    assert "does not run here" in nrn(*create, account="alice", code=1).err
    number = nrn(*create, *code, "--json", account="alice").json["group"]
    design = json.loads(nrn("model", "design", number).out)
    assert design["initialisation"]["seed"] == 5
    mixed = ("group", "create", "--data", data, *code, "--loss", "squared_error")
    assert "--loss" in nrn(*mixed, account="alice", code=1).err


@pytest.fixture
def founded_model(nrn: Nrn, files: Path) -> int:
    """A group of the model in model.json."""
    return nrn("group", "create", "--specification", files / "model.json", "--data",
               files / "first.npz", "--json", account="alice").json["group"]  # fmt: skip


def test_a_model_shows_its_program_and_what_it_costs(nrn: Nrn, founded_model: int) -> None:
    shown = nrn("model", "show", founded_model, "--json").json
    assert shown["multiply_adds"] == 16 * 8 + 8 * 2
    assert any("dot" in line for line in shown["program"])
    assert "multiply-adds" in nrn("model", "show", founded_model).out
    checked = nrn("model", "check", founded_model, "--json").json
    assert "dot × 2" in checked["operations"]
    design = json.loads(nrn("model", "design", founded_model).out)
    assert design["architecture"]["hidden"] == [8]
