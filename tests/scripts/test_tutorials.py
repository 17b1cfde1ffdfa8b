"""Every command of every tutorial works, in the order in which a reader meets it."""

from pathlib import Path

import pytest

from tests.scripts.brownie_home import ROOT, Brownie, clone_into

FOLDER = ROOT / "docs" / "tutorials"
SANDBOX = FOLDER / "sandbox.md"
TUTORIALS = sorted(set(FOLDER.glob("*.md")) - {SANDBOX})
SESSION = """
import os
from pathlib import Path
from brownie import run, web3
os.environ.update(NRN_RPC=web3.provider.endpoint_uri, NRN_STORE="reports/devnet/store")
from tests.scripts.tutorial import follow
follow([Path({sandbox!r}), Path({tutorial!r})], {{"run": run}})
"""


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_tutorial(brownie: Brownie, tmp_path: Path, tutorial: Path) -> None:
    clone = clone_into(tmp_path / "clone")
    source = SESSION.format(sandbox=str(SANDBOX), tutorial=str(tutorial))
    output = brownie.python(source, clone=clone, COLUMNS="120", PYTHONPATH=f"{clone}:{ROOT}")
    print(output)
    if tutorial.stem == "training":
        assert "accepted" in output
