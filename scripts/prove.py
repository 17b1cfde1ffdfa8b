"""Prove statements of the specification on the contracts' bytecode: `make prove`.

The proofs are the Solidity files of `tests/proofs`: each `check_` function asserts a statement for
all arguments, and halmos executes the bytecode that we deploy symbolically. Then every planted lie
is compiled in place of the truth, and the proof that names it must find a counterexample: a proof
that proves nothing is noticed.

    python scripts/prove.py                  # all proofs, then all lies
    python scripts/prove.py --only Vault     # the proofs of one file, and its lies
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.bytecode import compiled  # noqa: E402
from scripts.lies import Lie, lies  # noqa: E402

PROOFS = ROOT / "tests" / "proofs"
TOOLS = ROOT / ".venv-prove" / "bin"  # halmos and its solvers
VERDICTS = {0: "proved", 1: "refuted"}  # halmos' exit codes; any other proves nothing
Verdicts = dict[str, str]


def workspace(folder: Path, lie: Lie | None = None) -> None:
    """Fill a folder with the proofs and the bytecode they are about."""
    shutil.copytree(PROOFS, folder, dirs_exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        if lie:
            file = Path(scratch, "contracts", f"{lie.mutant.name}.vy")
            file.parent.mkdir(parents=True)
            file.write_text(lie.mutant.source)
        (folder / "Code.sol").write_text("\n".join(solidity(Path(scratch))) + "\n")


def solidity(first: Path) -> Iterator[str]:
    """Every contract's creation code and its ABI as a Solidity interface."""
    yield "// SPDX-License-Identifier: UNLICENSED\npragma solidity ^0.8.0;"
    for path in sorted((ROOT / "contracts").glob("*.vy")):
        code = compiled(path.stem, first)
        yield from interface(f"I{path.stem}", code["abi"])
        yield from slots(path.stem, code["layout"].get("storage_layout", {}))
        yield f"function code{path.stem}() pure returns (bytes memory) {{"
        yield f'  return hex"{code["bytecode"].removeprefix("0x")}";\n}}'


def slots(name: str, layout: dict[str, Any]) -> Iterator[str]:
    """Where a contract's own variables are stored, those of its modules aside."""
    for variable, place in layout.items():
        if "slot" in place:
            yield f"uint256 constant slot_{name}_{variable.lstrip('_')} = {place['slot']};"


def interface(name: str, abi: list[dict[str, Any]]) -> Iterator[str]:
    """An ABI as a Solidity interface: what halmos makes arbitrary calls from."""
    functions = [entry for entry in abi if entry["type"] == "function"]
    structs: dict[str, list[dict[str, Any]]] = {}
    signatures = [_signature(entry, structs) for entry in functions]
    yield f"interface {name} {{"
    for struct, fields in structs.items():
        members = " ".join(f"{field['type']} {field['name']};" for field in fields)
        yield f"  struct {struct} {{ {members} }}"
    yield from signatures
    yield "}"


def _signature(entry: dict[str, Any], structs: dict[str, list[dict[str, Any]]]) -> str:
    arguments = ", ".join(_parameter(item, structs, "calldata") for item in entry["inputs"])
    results = ", ".join(_parameter(item, structs, "memory") for item in entry["outputs"])
    mutability = entry["stateMutability"].replace("nonpayable", "")
    returns = f" returns ({results})" if results else ""
    return f"  function {entry['name']}({arguments}) external {mutability}{returns};"


def _parameter(item: dict[str, Any], structs: dict[str, list[dict[str, Any]]], where: str) -> str:
    kind, array = item["type"], ""
    if kind.startswith("tuple"):
        kind, array = f"S_{item['name'] or 'result'}", kind.removeprefix("tuple")
        structs[kind] = item["components"]
    reference = array or kind in ("bytes", "string") or item["type"].endswith("]")
    struct = item["type"].startswith("tuple")
    return f"{kind}{array} {where}" if reference or struct else kind


def halmos(folder: Path, contract: str, function: str) -> Verdicts:
    """Run proofs; contract.function -> verdict."""
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    command = [
        TOOLS / "halmos", "--root", folder, "--storage-layout", "generic", "--no-status", "--loop", "8",
        "--match-contract", contract, "--match-test", f"^{function}", "--json-output", report,
    ]  # fmt: skip
    log = (folder / "halmos.log").open("a")
    environment = os.environ | {"PATH": f"{TOOLS}:{os.environ['PATH']}"}
    subprocess.run(command, cwd=folder, env=environment, stdout=log, stderr=log, check=False)
    if not report.exists():
        raise SystemExit(f"prove: halmos stopped; {folder / 'halmos.log'} says why")
    return dict(_verdicts(json.loads(report.read_text())))


def _verdicts(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for contract, results in report["test_results"].items():
        for result in results:
            name = f"{contract.rpartition(':')[2]}.{result['name'].partition('(')[0]}"
            verdict = VERDICTS.get(result["exitcode"], f"open ({result['exitcode']})")
            cut = result["exitcode"] == 0 and result["num_bounded_loops"]
            yield name, "loops cut" if cut else verdict


def prove(folder: Path, only: str) -> int:
    """Run the proofs; how many did not hold."""
    workspace(folder)
    verdicts = halmos(folder, only or ".*", "check_")
    for name, verdict in verdicts.items():
        print(f"{verdict:<10} {name}")
    if not verdicts:
        raise SystemExit("prove: no proof of that name")
    return sum(verdict != "proved" for verdict in verdicts.values())


def refute(folder: Path, only: str) -> int:
    """Tell every planted lie; how many were believed."""
    believed = 0
    for lie in lies():
        contract, _, function = lie.proof.partition(".")
        if only not in contract:
            continue
        workspace(folder, lie)
        verdict = halmos(folder, f"^{contract}$", f"{function}\\(")[lie.proof]
        believed += verdict != "refuted"
        print(f"{verdict:<10} {lie.proof} with a lie: {lie.mutant.what}")
    return believed


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--only", default="", help="a part of the name of a proof's contract")
    chosen = options.parse_args()
    began = time.monotonic()
    folder = ROOT / "build" / "proofs"
    shutil.rmtree(folder, ignore_errors=True)
    failed = prove(folder, chosen.only) + refute(folder, chosen.only)
    print(f"{failed} failed, {time.monotonic() - began:.0f} s")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
