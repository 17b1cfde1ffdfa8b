"""Prove statements of the specification on the contracts' bytecode: `make prove`.

The proofs are the Solidity files of `tests/proofs`: each `check_` function asserts a statement for
all arguments, and halmos executes the bytecode that we deploy symbolically. Then every planted lie
(`scripts/lies.py`) is compiled in place of the truth, and the proof that names it must find a
counterexample: a proof that proves nothing is noticed.

    python -m scripts.prove                  # all proofs, all lies
    python -m scripts.prove --only Vault     # the proofs whose contract has this in its name
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from scripts.bytecode import compiled
from scripts.lies import Lie, lies
from scripts.mutants import users

ROOT = Path(__file__).resolve().parent.parent
PROOFS = ROOT / "tests" / "proofs"
WORK = ROOT / "build" / "proofs"
# halmos and its solvers; forge, which it asks to compile the proofs
PATHS = (ROOT / ".venv-prove" / "bin", PROOFS / "node_modules" / ".bin")
VERDICTS = {0: "proved", 1: "refuted"}  # halmos' exit codes; any other proves nothing
COMPILER = Lock()  # Vyper's settings are global
Abi = list[dict[str, Any]]
Code = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """Proofs of one contract, or one proof about a lie."""

    contract: str
    function: str = "check_"
    lie: Lie | None = None

    @property
    def expected(self) -> str:
        return "refuted" if self.lie else "proved"

    def run(self) -> tuple[float, list[tuple[str, str]]]:
        """Seconds it took, the proofs and their verdicts."""
        began = time.monotonic()
        WORK.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{self.contract}-", dir=WORK))
        for path in self.sources():
            shutil.copy(path, folder)
        text = "".join(path.read_text() for path in folder.glob("*.sol"))
        with COMPILER:
            (folder / "Code.sol").write_text("\n".join(solidity(text, self.lie)) + "\n")
        found = list(verdicts(halmos(folder, self)))
        return time.monotonic() - began, found

    def sources(self) -> Iterator[Path]:
        """Its own file and what all share: Solidity takes long to compile what is not needed."""
        yield from (PROOFS / "foundry.toml", PROOFS / "solc.js", PROOFS / "Proof.sol")
        for path in PROOFS.glob("*.t.sol"):
            if f"contract {self.contract} " in path.read_text():
                yield path


def jobs(only: str) -> list[Job]:
    """Everything there is to show about the contracts whose name has `only` in it."""
    text = "".join(path.read_text() for path in sorted(PROOFS.glob("*.t.sol")))
    contracts = re.findall(r"^contract (\w+Proof) ", text, re.MULTILINE)
    truths = [Job(contract) for contract in contracts]
    planted = [Job(*_split(lie.proof), lie) for lie in lies()]
    return [job for job in (*truths, *planted) if only in job.contract]


def _split(proof: str) -> tuple[str, str]:
    contract, _, function = proof.partition(".")
    return contract, rf"{function}\("


def solidity(text: str, lie: Lie | None) -> Iterator[str]:
    """Creation code and ABI, as a Solidity interface, of each contract that a text names."""
    yield "// SPDX-License-Identifier: UNLICENSED\npragma solidity ^0.8.0;"
    touched = users(lie.mutant.name) if lie else []
    for path in sorted((ROOT / "contracts").glob("*.vy")):
        name = path.stem
        if not re.search(rf"\b(code|I|slot_){name}", text):
            continue
        code = _lying(name, lie) if lie and name in touched else _true(name)
        yield from interface(f"I{name}", code["abi"])
        yield from slots(name, code["layout"].get("storage_layout", {}))
        yield f"function code{name}() pure returns (bytes memory) {{"
        yield f'  return hex"{code["bytecode"].removeprefix("0x")}";\n}}'


@cache
def _true(name: str) -> Code:
    return compiled(name)


def _lying(name: str, lie: Lie) -> Code:
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, "contracts", f"{lie.mutant.name}.vy")
        file.parent.mkdir(parents=True)
        file.write_text(lie.mutant.source)
        return compiled(name, Path(scratch))


def slots(name: str, layout: dict[str, Any]) -> Iterator[str]:
    """Where a contract's own variables are stored, those of its modules aside."""
    for variable, place in layout.items():
        if "slot" in place:
            yield f"uint256 constant slot_{name}_{variable.lstrip('_')} = {place['slot']};"


def interface(name: str, abi: Abi) -> Iterator[str]:
    """An ABI as a Solidity interface: what halmos makes arbitrary calls from."""
    structs: dict[str, Abi] = {}
    signatures = [_signature(entry, structs) for entry in abi if entry["type"] == "function"]
    yield f"interface {name} {{"
    for struct, fields in structs.items():
        members = " ".join(f"{field['type']} {field['name']};" for field in fields)
        yield f"  struct {struct} {{ {members} }}"
    yield from signatures
    yield "}"


def _signature(entry: dict[str, Any], structs: dict[str, Abi]) -> str:
    arguments = ", ".join(_parameter(item, structs, "calldata") for item in entry["inputs"])
    results = ", ".join(_parameter(item, structs, "memory") for item in entry["outputs"])
    mutability = entry["stateMutability"].replace("nonpayable", "")
    returns = f" returns ({results})" if results else ""
    return f"  function {entry['name']}({arguments}) external {mutability}{returns};"


def _parameter(item: dict[str, Any], structs: dict[str, Abi], where: str) -> str:
    kind = str(item["type"])
    if kind.startswith("tuple"):
        struct = f"S_{item['name'] or 'result'}"
        structs[struct] = item["components"]
        return f"{struct}{kind.removeprefix('tuple')} {where}"
    return f"{kind} {where}" if kind.endswith("]") or kind in ("bytes", "string") else kind


def halmos(folder: Path, job: Job) -> dict[str, Any]:
    """Run a job in its folder; halmos' report."""
    report, log = folder / "report.json", folder / "halmos.log"
    command: list[str | Path] = [
        "halmos", "--root", folder, "--storage-layout", "generic", "--loop", "8", "--no-status",
        "--early-exit", "--match-contract", f"^{job.contract}$", "--match-test", f"^{job.function}",
        "--json-output", report,
    ]  # fmt: skip
    path = ":".join([*map(str, PATHS), os.environ["PATH"]])
    with log.open("w") as output:
        subprocess.run(
            command, cwd=folder, env=os.environ | {"PATH": path}, stdout=output, stderr=output,
            check=False,
        )  # fmt: skip
    if not report.exists():
        raise SystemExit(f"prove: halmos stopped; {log} says why")
    return dict(json.loads(report.read_text()))


def verdicts(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each proof of a report with its verdict. A loop that was cut short proves nothing."""
    for contract, results in report["test_results"].items():
        for result in results:
            verdict = VERDICTS.get(result["exitcode"], f"open ({result['exitcode']})")
            if verdict == "proved" and result["num_bounded_loops"]:
                verdict = "loop cut"
            name = result["name"].partition("(")[0]
            yield f"{contract.rpartition(':')[2]}.{name}", verdict


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--only", default="", help="a part of the name of a proof's contract")
    options.add_argument("--jobs", type=int, default=2, help="proofs at a time")
    chosen = options.parse_args()
    began = time.monotonic()
    shutil.rmtree(WORK, ignore_errors=True)
    todo = jobs(chosen.only)
    failed = 0 if todo else 1
    with ThreadPoolExecutor(chosen.jobs) as pool:
        for job, (seconds, found) in zip(todo, pool.map(Job.run, todo), strict=True):
            failed += not found
            for proof, verdict in found:
                failed += verdict != job.expected
                lie = f", if {job.lie.mutant.what}" if job.lie else ""
                print(f"{verdict:<10} {proof}{lie} ({seconds:.0f} s)", flush=True)
    print(f"{len(todo)} jobs, {failed} failed, {time.monotonic() - began:.0f} s")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
