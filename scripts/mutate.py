"""Break the contracts on purpose and see whether the tests notice: `python -m scripts.mutate`.

Each mutant (`scripts/mutants.py`) is compiled and run against `tests/contracts`, in a child forked
from a process that has collected those tests; the tests that killed its neighbours come first. Who
survives them meets the attacks and the state machines; a mutant that no test notices survives.
Bytecode that stays the same is an equivalent mutant. Lost time and lost connections, which a busy
machine causes, are no verdict: who met them is judged anew by the next run.

    python -m scripts.mutate                          # all mutants, in random order
    python -m scripts.mutate --sample 60 --seed 1     # a random part of them
    python -m scripts.mutate --file Coinbase pace     # those of some contracts and modules
    python -m scripts.mutate --planted                # known bugs, against the machines alone

Every verdict is added at once to `reports/mutants.jsonl`; another run judges only what is new,
survived or got no verdict. The exit status is 1 if a known bug survived or fewer than 95 % of the
mutants died.
"""

import argparse
import gc
import json
import os
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from scripts.mutants import STEP, Mutant, mutants, names, planted, users

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "reports" / "mutants.jsonl"
GOAL = 0.95
PATIENCE = 900  # seconds until a mutant is given up without a verdict
NO_VERDICT = ("out of time", "unknown")
Record = dict[str, Any]

# The machines, which tests of them know the file's statements, and who else asks a survivor.
STATEFUL = ["tests/stateful/test_modules.py", "tests/stateful/test_machines.py"]
ATTACKS = "tests/attacks"
MACHINES = {
    "StakeVault": "vault or deltas", "epoch_trace": "vault or trace",
    "DeltaRegistry": "deltas or protocol", "delta_words": "deltas or records", "versions": "deltas",
    "length_votes": "deltas", "Coinbase": "emission or protocol", "params": "emission or deltas",
    "Neuron": "protocol", "NeuronSale": "protocol", "GroupRegistry": "protocol",
    "Sponsorship": "sponsors", "sponsorship_words": "sponsors or records",
    "checkpoint_words": "blocks or records",
}  # fmt: skip
OTHERS = "blocks"

# Files without unit tests of their own on Anvil, and what tests them.
DISPUTES = ["tests/stateful/test_disputes.py", "tests/stateful/test_malformed_moves.py"]
DISPUTE_MACHINE = "tests/stateful/test_dispute_machine.py"
DISPUTED = re.compile(r"Referee|Steps(Judge|Sources)|_modules/(chess_clock|dispute_trees)")


@dataclass
class Child:
    """A process that judges one mutant with the unit tests."""

    mutant: Mutant
    began: float
    answer: int  # file descriptor of the pipe it writes its record to


class Units:
    """Runs collected tests once per mutant, as a plugin of one pytest session."""

    def __init__(self, todo: list[Mutant], jobs: int, port: int) -> None:
        self.todo, self.jobs, self.port = todo, jobs, port
        self.kills: list[tuple[Mutant, str]] = []  # and the test that killed
        self.survivors: list[Mutant] = []
        self.failure: BaseException | None = None  # in a child: of its last failed test

    def pytest_configure(self) -> None:
        from brownie._config import CONFIG

        CONFIG.networks["development"]["cmd_settings"]["port"] = self.port

    def pytest_exception_interact(self, call: pytest.CallInfo[Any]) -> None:
        if call.excinfo:
            self.failure = call.excinfo.value

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of one run of all tests: one run for every mutant, until the first failure."""
        import brownie

        brownie.network.disconnect()  # a connection cannot be shared; each child makes its own
        for container in brownie.project.get_loaded_projects()[0]:
            creation_code(container._name)
        gc.collect()
        gc.freeze()  # children share it
        running: dict[int, Child] = {}
        todo = list(enumerate(self.todo))[::-1]
        try:
            while todo or running:
                while todo and len(running) < self.jobs:
                    number, mutant = todo.pop()
                    port = self.port + 1 + number % 64
                    pid, child = self._fork(session, mutant, port)
                    running[pid] = child
                self._reap(running)
        finally:
            for pid in running:
                _kill(pid)
        return True

    def _fork(self, session: pytest.Session, mutant: Mutant, port: int) -> tuple[int, Child]:
        answer, say = os.pipe()
        pid = os.fork()
        if pid:
            os.close(say)
            return pid, Child(mutant, time.monotonic(), answer)
        os.setsid()  # with its Anvil, so that both can be ended
        quiet = os.open(os.devnull, os.O_WRONLY)
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        session.config.pluginmanager.unregister(reporter)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        verdict = {"verdict": "unknown"}
        with suppress(BaseException):
            verdict = self._judge(session, mutant, port)
        os.write(say, json.dumps(verdict).encode())
        os._exit(0)

    def _judge(self, session: pytest.Session, mutant: Mutant, port: int) -> Record:
        import brownie
        from brownie._config import CONFIG

        [project] = brownie.project.get_loaded_projects()
        codes = altered(mutant)
        if isinstance(codes, str):
            return {"verdict": codes}
        for name, code in codes.items():
            container = project[name]
            container.bytecode = container._build["bytecode"] = code.removeprefix("0x")
        CONFIG.networks["development"]["cmd_settings"]["port"] = port
        brownie.network.connect("development")
        nearest = self._nearest(mutant)
        items = sorted(
            session.items,
            key=lambda item: (
                nearest.get(item.nodeid, 10_000),
                not any(f"/{contract}/" in item.nodeid for contract in codes),
            ),
        )
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if isinstance(self.failure, OSError):  # of the connection to Anvil
                return {"verdict": "unknown"}
            if session.testsfailed:
                return {"verdict": "killed", "by": item.nodeid}
        return {"verdict": "survived"}

    def _nearest(self, mutant: Mutant) -> dict[str, int]:
        """Tests that killed mutants of the same file -> how many lines away."""
        nearest: dict[str, int] = {}
        for other, test in self.kills:
            if other.name == mutant.name:
                distance = abs(other.line - mutant.line)
                nearest[test] = min(distance, nearest.get(test, distance))
        return nearest

    def _reap(self, running: dict[int, Child]) -> None:
        """Wait for the next answer, or for who has run out of time."""
        pipes = {child.answer: pid for pid, child in running.items()}
        ready, _, _ = select.select(list(pipes), [], [], 5)
        late = [p for p, c in running.items() if time.monotonic() - c.began > PATIENCE]
        for pid in {pipes[answer] for answer in ready} | set(late):
            child = running.pop(pid)
            said = os.read(child.answer, 65_536) if child.answer in ready else b""
            os.close(child.answer)
            _kill(pid)
            record = json.loads(said) if said else {"verdict": NO_VERDICT[pid not in late]}
            if record["verdict"] == "killed":
                self.kills.append((child.mutant, record["by"]))
            if record["verdict"] == "survived":
                self.survivors.append(child.mutant)
            note(child.mutant, record | {"seconds": round(time.monotonic() - child.began, 1)})


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def altered(mutant: Mutant) -> dict[str, str] | str:
    """Creation codes of the contracts that a mutant is part of, or the verdict without a test."""
    from vyper.exceptions import VyperException

    try:
        codes = {name: creation_code(name, mutant) for name in users(mutant.name)}
    except VyperException:
        return "does not compile"
    if all(code == creation_code(name) for name, code in codes.items()):
        return "equivalent"
    return codes


def creation_code(name: str, mutant: Mutant | None = None) -> str:
    """Creation code of a contract, with one file replaced by the mutant's."""
    if mutant is None:
        return _creation_code(name, None)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, "contracts", f"{mutant.name}.vy")
        file.parent.mkdir(parents=True)
        file.write_text(mutant.source)
        return _creation_code(name, scratch)


@cache
def _creation_code(name: str, first: str | None) -> str:
    import snekmate.utils
    import yaml
    from vyper.compiler import compile_from_file_input
    from vyper.compiler.input_bundle import FilesystemInputBundle
    from vyper.compiler.settings import Settings

    library = Path(next(iter(snekmate.utils.__path__))).parents[1]
    folders = [library, ROOT, *([Path(first)] if first else [])]  # the last is asked first
    bundle = FilesystemInputBundle(folders)
    options = yaml.safe_load((ROOT / "brownie-config.yaml").read_text())
    return compile_from_file_input(
        bundle.load_file(Path("contracts", f"{name}.vy")),
        input_bundle=bundle,
        settings=Settings(evm_version=options["compiler"]["evm_version"]),
        output_formats=["bytecode"],
        no_bytecode_metadata=True,  # it would tell any two sources apart
    )["bytecode"]


def machines(mutant: Mutant, *more: str) -> Record:
    """The verdict of the state machines, and of all tests of more folders."""
    if DISPUTED.match(mutant.name):
        return suite([DISPUTE_MACHINE, *DISPUTES, *more], mutant)
    chosen = MACHINES.get(Path(mutant.name).name, OTHERS)
    folders = [f" or {Path(folder).name}" for folder in more]
    return suite([*STATEFUL, *more, "-k", chosen + "".join(folders)], mutant)


def direct(mutant: Mutant, tests: list[str]) -> Record:
    """The verdict of tests that run the sources they find."""
    codes = altered(mutant)
    return {"verdict": codes} if isinstance(codes, str) else suite(tests, mutant)


def suite(arguments: list[str], mutant: Mutant) -> Record:
    """The verdict of tests that compile the sources in CONTRACTS_ROOT."""
    scratch = ROOT / "build" / "mutant"  # always there: what is the same is compiled once
    shutil.rmtree(scratch, ignore_errors=True)
    for folder in ("contracts", "interfaces"):
        shutil.copytree(ROOT / folder, scratch / folder)
    (scratch / "contracts" / f"{mutant.name}.vy").write_text(mutant.source)
    command = [
        sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:pytest-brownie",
        "-p", "no:cacheprovider", "--confcutdir", "tests/stateful", "--timeout", "0",
        *arguments,
    ]  # fmt: skip
    environment = os.environ | {"CONTRACTS_ROOT": str(scratch)}
    try:
        result = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        return {"verdict": "out of time"}
    if result.returncode == 0:
        return {"verdict": "survived"}
    failed = [line.split()[1] for line in result.stdout.split("\n") if line.startswith("FAILED ")]
    return {"verdict": "killed", "by": failed[0]} if failed else {"verdict": "unknown"}


def note(mutant: Mutant, record: Record) -> None:
    """Tell a verdict and keep it."""
    print(f"{record['verdict']:<17} {mutant.what}", flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a") as results:
        results.write(json.dumps({"key": mutant.key, "what": mutant.what} | record) + "\n")


def known() -> dict[str, Record]:
    """Key of a mutant -> its last verdict."""
    if not RESULTS.exists():
        return {}
    return {record["key"]: record for record in map(json.loads, RESULTS.read_text().splitlines())}


def judge(todo: list[Mutant], jobs: int, port: int) -> None:
    """Note a verdict for every mutant."""
    verdicts = known()
    open_ = ("survived", *NO_VERDICT)
    new = [m for m in todo if m.key not in verdicts or verdicts[m.key]["verdict"] in open_]
    print(f"{len(todo)} mutants, {len(new)} to judge", flush=True)
    if not new:
        return
    for pattern, tests in ((DISPUTED, DISPUTES), (STEP, ["tests/steps"])):
        for mutant in [m for m in new if pattern.match(m.name)]:
            note(mutant, direct(mutant, tests))
        new = [m for m in new if not pattern.match(m.name)]
    if not new:
        return
    units = Units(new, jobs, port)
    sys.argv = ["brownie", "test"]  # Brownie's plugin reads them
    arguments = ["-q", "-p", "no:timeout", "-p", "no:cacheprovider", "tests/contracts"]
    if pytest.main(arguments, [units]):
        raise SystemExit("mutate: stopped; the next run goes on")
    for mutant in units.survivors:
        note(mutant, machines(mutant, ATTACKS))


def judge_planted(files: list[str]) -> list[Record]:
    """The machines' verdicts on the known bugs; a kill holds while the file is the same."""
    verdicts = known()
    bugs = [bug for bug in planted() if bug.name in files]
    for bug in bugs:
        key = f"planted {bug.key}"
        if verdicts.get(key, {}).get("verdict") != "killed":
            verdicts[key] = machines(bug)
            note(replace(bug, what=f"planted: {bug.what}"), verdicts[key] | {"key": key})
    return [verdicts[f"planted {bug.key}"] for bug in bugs]


def table(todo: list[Mutant]) -> Counter[str]:
    """Print the verdicts by file; their sums."""
    verdicts = known()
    columns = ("killed", "survived", "equivalent", "does not compile", *NO_VERDICT)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for mutant in todo:
        if mutant.key in verdicts:
            counts[mutant.name][verdicts[mutant.key]["verdict"]] += 1
    total: Counter[str] = sum(counts.values(), Counter())
    print("| file | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for name, row in [*counts.items(), ("**all**", total)]:
        print(f"| {name} | " + " | ".join(str(row[column]) for column in columns) + " |")
    return total


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--sample", type=int, help="run only so many mutants, chosen at random")
    options.add_argument("--seed", type=int, default=0, help="of the order")
    options.add_argument("--file", nargs="+", help="only of these contracts or modules")
    options.add_argument("--planted", action="store_true", help="run the known bugs instead")
    options.add_argument("--jobs", type=int, default=2, help="mutants at a time")
    options.add_argument("--port", type=int, default=18_300, help="first of 65 ports for Anvil")
    chosen = options.parse_args()
    os.chdir(ROOT)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    files = [name for name in names() if not chosen.file or Path(name).name in chosen.file]
    if chosen.planted:
        return int(any(record["verdict"] != "killed" for record in judge_planted(files)))
    todo = [mutant for name in files for mutant in mutants(name)]
    random.Random(chosen.seed).shuffle(todo)  # noqa: S311  # so that any beginning is a sample
    todo = todo[: chosen.sample]
    judge(todo, chosen.jobs, chosen.port)
    counts = table(todo)
    return int(counts["killed"] < GOAL * (counts["killed"] + counts["survived"]))


if __name__ == "__main__":
    sys.exit(main())
