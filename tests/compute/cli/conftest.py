"""`nrn` as people run it, against the devnet, with a tiny real model and real data."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from compute.cli import app
from compute.models import MLP, InputColumn, ModelSpecification
from tests.integration.devnet import PASSWORD, Devnet


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def nrn(devnet: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a command: `nrn("stake", 1, 5, account="alice")`; `code` is what it must end with."""
    environment = {
        "NRN_RPC": devnet.url,
        "NRN_DEPLOYMENT": str(devnet.deployment_file),
        "NRN_STORE": str(tmp_path / "store"),
        "NRN_PASSWORD": PASSWORD,
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "COLUMNS": "120",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def run(*words: object, account: str | None = None, code: int = 0) -> Result:
        arguments = [str(word) for word in words]
        if account is not None:
            arguments += ["--account", str(devnet.keystore(account))]
        result = CliRunner().invoke(app, arguments, catch_exceptions=False)
        found = Result(result.exit_code, result.stdout, result.stderr)
        assert found.code == code, found
        return found

    return run


def examples(first: int, count: int) -> dict[str, np.ndarray]:
    """Distinct 4x4 images whose class is the brighter half."""
    image = np.random.default_rng(first).integers(0, 256, (count, 4, 4), dtype=np.uint8)
    label = (image[:, :2].sum((1, 2)) > image[:, 2:].sum((1, 2))).astype(np.uint8)
    return {"image": image, "label": label}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with model.json, wider.json, first.npz (48 examples) and more.npz (16)."""
    pixels = InputColumn("image", "uint8", (4, 4), scale_log2=-8)
    model = ModelSpecification(MLP((8,), 2), columns=(pixels,), target="label")
    document = json.loads(model.design())
    (tmp_path / "model.json").write_text(json.dumps(document, indent=4))  # as people write it
    np.savez(tmp_path / "first.npz", **examples(1, 48))
    np.savez(tmp_path / "more.npz", **examples(2, 16))
    return tmp_path
