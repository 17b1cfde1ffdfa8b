"""Break the contracts on purpose and see whether the tests notice: `python -m scripts.mutate`.

Each mutant (`scripts/mutants.py`) is compiled and meets the tests of its file, `tests/contracts` or
those of disputes or steps (`scripts/judges.py`). Who survives `tests/contracts` meets the attacks
and the state machines; a mutant that no test notices survives. Bytecode that stays the same is an
equivalent mutant. Lost time and lost connections, which a busy machine causes, are no verdict: who
met them is judged anew by the next run.

    python -m scripts.mutate                          # all mutants, in random order
    python -m scripts.mutate --sample 60 --seed 1     # a random part of them
    python -m scripts.mutate --file Coinbase pace     # those of some contracts and modules
    python -m scripts.mutate --planted                # known bugs, against the machines alone

Every verdict is added at once to `reports/mutants.jsonl`; another run judges only what is new,
survived or got no verdict. The exit status is 1 if a known bug survived or fewer than 95 % of the
mutants died.
"""

import argparse
import json
import os
import random
import re
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.judges import NO_VERDICT, Codes, InProcess, Kill, OnAnvil, Record, Sources
from scripts.mutants import STEP, Mutant, mutants, names, planted

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "reports" / "mutants.jsonl"
GOAL = 0.95

# The machines, and which tests of them know the file's statements.
STATEFUL = "tests/stateful/test_machines.py"
MACHINES = {
    "StakeVault": "vault or deltas", "epoch_trace": "vault",
    "DeltaRegistry": "deltas or protocol", "delta_words": "deltas", "versions": "deltas",
    "length_votes": "deltas", "Coinbase": "emission or protocol", "params": "emission or deltas",
    "Neuron": "protocol", "NeuronSale": "protocol", "GroupRegistry": "protocol",
    "Sponsorship": "sponsors", "sponsorship_words": "sponsors",
    "checkpoint_words": "blocks",
}  # fmt: skip
OTHERS = "blocks"

# Files without unit tests of their own on Anvil, and what tests them.
DISPUTED = re.compile(r"Referee|Steps(Judge|Sources)|_modules/(chess_clock|dispute_trees)")
DISPUTES = tuple(
    f"tests/stateful/test_{name}.py"
    for name in (
        "told", "malformed_moves", "disputes", "strange_sums", "griefing",
        "dispute_machine", "planted_lies",
    )
)  # fmt: skip

# Modules and contracts that tests compile by themselves, and what tells these tests.
MODULE_TESTS = tuple(
    f"tests/stateful/test_{name}.py" for name in ("modules", "dispute_modules", "sources")
)
MODULES = {
    "_modules/chess_clock": "dispute_modules", "_modules/dispute_trees": "dispute_modules",
    "_modules/delta_words": "[delta_words-", "_modules/checkpoint_words": "[checkpoint_words-",
    "_modules/epoch_trace": "_a_trace_", "StepsSources": "test_sources",
}  # fmt: skip


class Modules(Sources):
    """The tests of a module by itself."""

    def chosen(self, items: list[pytest.Item], mutant: Mutant, codes: Codes) -> list[pytest.Item]:
        return [item for item in items if MODULES[mutant.name] in item.nodeid]


class Machines(InProcess):
    """The state machines that know a file's statements, and the attacks where they are asked."""

    def chosen(self, items: list[pytest.Item], mutant: Mutant, codes: Codes) -> list[pytest.Item]:
        words = MACHINES.get(Path(mutant.name).name, OTHERS).split(" or ")
        return [
            item
            for item in items
            if "/attacks/" in item.nodeid or any(word in item.name for word in words)
        ]


def note(mutant: Mutant, record: Record) -> None:
    """Tell a verdict and keep it."""
    print(f"{record['verdict']:<17} {mutant.what}", flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    entry = {"key": mutant.key, "name": mutant.name, "line": mutant.line, "what": mutant.what}
    with RESULTS.open("a") as results:
        results.write(json.dumps(entry | record) + "\n")


def known() -> dict[str, Record]:
    """Key of a mutant -> its last verdict."""
    if not RESULTS.exists():
        return {}
    return {record["key"]: record for record in map(json.loads, RESULTS.read_text().splitlines())}


def undecided(todo: Sequence[Mutant]) -> list[Mutant]:
    """Those without a verdict that holds."""
    verdicts, open_ = known(), ("survived", *NO_VERDICT)
    return [m for m in todo if m.key not in verdicts or verdicts[m.key]["verdict"] in open_]


def kills() -> list[Kill]:
    """What has killed so far, and where."""
    return [
        Kill(record["name"], record["line"], record["by"])
        for record in known().values()
        if "by" in record
    ]


def judge(todo: list[Mutant], jobs: int, port: int) -> None:
    """Note a verdict for every mutant."""
    new = undecided(todo)
    print(f"{len(todo)} mutants, {len(new)} to judge", flush=True)
    modules = [m for m in new if m.name in MODULES]
    Modules(modules, jobs, note, kills()).run(*MODULE_TESTS)
    new = undecided(todo)
    disputed = [m for m in new if DISPUTED.match(m.name)]
    steps = [m for m in new if m not in disputed and STEP.match(m.name)]
    others = [m for m in new if m not in disputed and m not in steps]
    InProcess(disputed, jobs, note, kills()).run(*DISPUTES)
    InProcess(steps, jobs, note, kills()).run("tests/steps")
    OnAnvil(others, jobs, note, kills(), port=port).run("tests/contracts")
    Machines(undecided(others), jobs, note, kills()).run(STATEFUL, "tests/attacks")


def judge_planted(files: list[str], jobs: int) -> list[Record]:
    """The machines' verdicts on the known bugs; a kill holds while the file is the same."""
    bugs = [replace(bug, what=f"planted: {bug.what}") for bug in planted() if bug.name in files]
    new = undecided(bugs)
    disputed = [bug for bug in new if DISPUTED.match(bug.name)]
    InProcess(disputed, jobs, note).run("tests/stateful/test_dispute_machine.py", *DISPUTES)
    Machines([bug for bug in new if bug not in disputed], jobs, note).run(STATEFUL)
    return [known()[bug.key] for bug in bugs]


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
        return int(
            any(record["verdict"] != "killed" for record in judge_planted(files, chosen.jobs))
        )
    todo = [mutant for name in files for mutant in mutants(name)]
    random.Random(chosen.seed).shuffle(todo)  # noqa: S311  # so that any beginning is a sample
    todo = todo[: chosen.sample]
    judge(todo, chosen.jobs, chosen.port)
    counts = table(todo)
    return int(counts["killed"] < GOAL * (counts["killed"] + counts["survived"]))


if __name__ == "__main__":
    sys.exit(main())
