"""What `pip install` brings: the package with its data, found from anywhere."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from compute.chain import Deployment
from compute.chain.deployment import KNOWN, SINGLETONS

ROOT = Path(__file__).parents[1]
PUBLIC, DEVELOPMENT = 424242, 31337


def deployment(chain_id: int) -> str:
    contracts = dict.fromkeys(SINGLETONS, "0x" + "11" * 20)
    return json.dumps({"chain_id": chain_id, "contracts": contracts, "block": 7})


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the sources in which two deployments are known, one of them public."""
    clone, dist = tmp_path_factory.mktemp("clone"), tmp_path_factory.mktemp("dist")
    leave_out = shutil.ignore_patterns("__pycache__", "*.egg-info", "*.json.draft")
    shutil.copytree(ROOT / "compute", clone / "compute", ignore=leave_out)
    for name in ("pyproject.toml", "README.md", "LICENSE", "contracts/LICENSE"):
        (clone / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, clone / name)
    for name in (f"{PUBLIC}", f"{DEVELOPMENT}", f"{PUBLIC}.partial"):
        file = clone / "compute" / "chain" / "deployments" / f"{name}.json"
        file.write_text(deployment(int(name.split(".")[0])))
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    subprocess.run([*command, "--no-build-isolation", "-w", dist, clone], check=True)
    return next(dist.glob("*.whl"))


def test_an_installed_node_finds_the_known_deployments(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    program = (
        "from compute.chain.deployment import Deployment, KNOWN; "
        f"print(KNOWN, Deployment.known({PUBLIC}).block)"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert found == [str(tmp_path / "site/compute/chain/deployments"), "7"]


def test_the_wheel_holds_data_and_types_and_no_private_chain(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "compute/py.typed",
        "compute/chain/abi/Neuron.json",
        "compute/exact/vectors/dot.jsonl",
    } <= names
    assert [name for name in sorted(names) if name.startswith("compute/chain/deployments/")] == [
        f"compute/chain/deployments/{PUBLIC}.json"
    ]


def test_the_known_deployments_are_in_order() -> None:
    for file in KNOWN.glob("*.json"):
        if file.suffixes == [".json"]:
            assert Deployment.load(file).chain_id == int(file.stem)


def test_the_program_says_its_version() -> None:
    nrn = Path(sys.executable).with_name("nrn")
    printed = subprocess.run([nrn, "--version"], capture_output=True, text=True, check=True).stdout
    assert f'version = "{printed.split()[1]}"' in (ROOT / "pyproject.toml").read_text()
