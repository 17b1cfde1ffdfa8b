"""Standard-JSON input for source verification: `brownie run sources`.

Writes `reports/sources/<Contract>.json` for each contract, with everything it imports: what block
explorers ask for. Compiling one of them again must give the deployed bytecode; this is checked.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import snekmate.utils
from vyper.cli.vyper_compile import compile_files
from vyper.compiler.settings import Settings

from scripts.deploy import ROOT, DeploymentError, container

FOLDER = ROOT / "reports" / "sources"
LIBRARIES = Path(next(iter(snekmate.utils.__path__))).parents[1]
EVM_VERSION = "cancun"  # as in brownie-config.yaml


def main() -> None:
    """Entry point of `brownie run sources`."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in sorted((ROOT / "contracts").glob("*.vy")):
        file = FOLDER / f"{path.stem}.json"
        file.write_text(json.dumps(standard_json(path), indent=1) + "\n")
        if creation_code(file) != container(path.stem).bytecode.removeprefix("0x"):
            file.unlink()
            raise DeploymentError(
                f"{path.stem} compiles to other bytecode from its standard JSON: "
                "run `brownie compile --all` and try again."
            )
        print(f"sources: {file.relative_to(ROOT)}")


def standard_json(path: Path) -> dict[str, Any]:
    """The input that compiles one contract without any other file."""
    [output] = compile_files(
        [str(path)],
        ["solc_json"],
        paths=[str(LIBRARIES), str(ROOT)],
        settings=Settings(evm_version=EVM_VERSION),
    ).values()
    return output["solc_json"]


def creation_code(file: Path) -> str:
    """Creation code, in hexadecimal, that a compiler which knows nothing else makes of a file."""
    compiler = Path(sys.executable).with_name("vyper-json")
    result = subprocess.run(
        [compiler, file], cwd=file.parent, capture_output=True, text=True, check=True
    )
    [contract] = [
        contracts[file.stem]
        for contracts in json.loads(result.stdout)["contracts"].values()
        if file.stem in contracts
    ]
    return contract["evm"]["bytecode"]["object"].removeprefix("0x")
