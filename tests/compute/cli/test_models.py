"""Models through the command line: named sizes, files, and code."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from compute.canonical import digest
from compute.models import foreign
from tests.compute.cli.conftest import Result
from tests.compute.models.test_foreign import SOURCE

Nrn = Callable[..., Result]


def test_a_named_size_is_written_founded_and_sampled(nrn: Nrn, tmp_path: Path) -> None:
    text = np.random.default_rng(0).integers(97, 123, (8, 17), np.uint8)
    np.savez(tmp_path / "text.npz", tokens=text[:, :-1], targets=text[:, 1:])
    sized = ("--model", "gpt", "--size", "tiny", "--data", tmp_path / "text.npz")
    written = nrn("model", "new", *sized).out
    (tmp_path / "model.json").write_text(written.replace('"seed": 0', '"seed": 5'))
    by_file = ("--specification", tmp_path / "model.json", *sized[4:])
    assert "Give the model once" in nrn("group", "create", *sized[:4], *by_file, code=1).err

    one = nrn("group", "create", *sized, "--json", account="alice").json["group"]
    other = nrn("group", "create", *by_file, "--json", account="alice").json["group"]
    shown = nrn("model", "show", one, "--json").json
    assert shown["outputs"] == [16, 256] and shown["architecture"]["name"] == "transformer"
    assert nrn("model", "show", other, "--json").json["hash"] != shown["hash"]

    sample = ("model", "sample", one, "--prompt", "to be", "--length", 5, "--json")
    found = nrn(*sample).json["text"]
    assert found.startswith("to be") and len(found) > 5
    assert nrn(*sample, "--seed", 0).json["text"] == found
    assert "no block of height 3" in nrn(*sample, "--height", 3, code=1).err
    assert "there is no code" in nrn("model", "code", one, code=1).err


@pytest.fixture
def strangers() -> None:
    """As in a process that has run no code yet."""
    foreign._allowed.clear()
    foreign._running.clear()


def test_code_is_read_before_it_is_trusted(nrn: Nrn, tmp_path: Path, strangers: None) -> None:
    data = tmp_path / "first.npz"
    label = np.arange(6, dtype=np.uint8) % 3
    np.savez(data, x=np.arange(48, dtype=np.uint8).reshape(6, 2, 4), label=label)
    (tmp_path / "model.py").write_bytes(SOURCE)
    created = nrn("group", "create", "--code", tmp_path / "model.py", "--data", data, "--json",
                  account="alice").json  # fmt: skip
    number, trusted = created["group"], digest(SOURCE).hex()
    foreign._running.clear()
    read = nrn("model", "code", number, "--json").json
    assert read == {"sha256": f"0x{trusted}", "code": SOURCE.decode()}
    refused = nrn("evaluate", number, code=1).err
    assert "stranger's code" in refused and f"--trust-code {trusted}" in refused
    assert "stranger's code" in nrn("evaluate", number, "--trust-code", "00" * 32, code=1).err
    assert nrn("evaluate", number, "--trust-code", trusted, "--json").json["valid"]
