"""Break the contracts on purpose and see whether the tests notice: `python scripts/mutate.py`.

Every mutant is one change to one line: a comparison flipped, an assertion or a state write
dropped, a constant or a sign changed, `min` and `max` swapped. It is compiled in a scratch copy and
run against the state machines of its room and the attacks; a mutant that no test notices survives.
`--planted` runs bugs that this protocol had or nearly had, against the machines alone.

    python scripts/mutate.py --sample 60 --seed 1     # a random part of all mutants
    python scripts/mutate.py --file Coinbase          # all mutants of one contract
    python scripts/mutate.py --planted

The exit status is 1 if a planted bug survived or fewer than 95 % of the mutants died.
"""

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GOAL = 0.95
PATIENCE = 900  # seconds until a mutant that hangs counts as killed

# Which machines know the file's statements; the attacks run for every mutant.
MACHINES = {
    "StakeVault": "vault", "epoch_trace": "vault or trace",
    "DeltaRegistry": "deltas or protocol", "delta_words": "deltas or records", "versions": "deltas",
    "length_votes": "deltas", "Coinbase": "emission or protocol", "params": "emission or deltas",
    "Neuron": "protocol", "NeuronSale": "protocol", "GroupRegistry": "protocol",
}  # fmt: skip
OTHERS = "blocks or records"


# What a line may be changed into: pattern, replacement. Spaces keep types and shifts out.
CHANGES = [
    (r" >= ", " > "), (r" <= ", " < "), (r" < ", " <= "), (r" > ", " >= "),
    (r" == ", " != "), (r" != ", " == "), (r" and ", " or "), (r" or ", " and "),
    (r" \+ ", " - "), (r" - ", " + "), (r" // ", " * "), (r" \* ", " // "),
    (r" \+= ", " -= "), (r"\bmin\(", "max("), (r"\bmax\(", "min("),
    (r"\bTrue\b", "False"), (r"\bFalse\b", "True"),
    (r"(?<![\w.*\"])(\d[\d_]*)(?![\w\"\]])", None),  # a number: one more
    (r"^(\s+)assert [^(].*\"$", r"\1pass"),
    (r"^(\s+)self\.[\w.\[\]]+ [+-]?= .*[^(]$", r"\1pass"),
    (r"^(\s+)extcall .*\)$", r"\1pass"),
]  # fmt: skip

# Bugs found by running earlier versions, and by review: correct text, wrong text.
PLANTED = {
    "A21: a ballot is not bound to its candidate": (
        "== keccak256(abi_encode(winner, attestation))", "!= empty(bytes32)",
    ),
    "A22: the zero address may be a trainer": (
        'assert trainer != empty(address), "cv: zero trainer"', "pass",
    ),
    "settle order: a new round forgets the last one": (
        "    if round.settled == 0:\n        self._settle(round)\n", "",
    ),
    "delta credit: the epoch's seconds are never used up": (
        "params.EPOCH - credited)", "params.EPOCH)",
    ),
    "a tie goes to the later committer": (
        "standing.seq < round.seq", "standing.seq > round.seq",
    ),
    "stake counts at once": (
        "epoch: uint256 = self._epoch() + 1", "epoch: uint256 = self._epoch()",
    ),
    "tallies carry over to the next period": (
        "power if standing.index != clock.index else standing.votes + power",
        "standing.votes + power",
    ),
    "power in long periods is not sustained": (
        "if sustained and start_epoch != now_epoch:", "if False:",
    ),
    "the stake floor is missing": (
        "total = max(total, issued * params.STAKE_FLOOR_BPS // params.BPS)", "pass",
    ),
    "a bond is released twice": ("    claim.bonded = 0\n", "    pass\n"),
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One altered file; `what` describes the change."""

    name: str  # of the file below contracts/, without suffix
    what: str
    source: str


def mutants(name: str) -> Iterator[Mutant]:
    """Every single change of one file, code only."""
    path = ROOT / "contracts" / f"{name}.vy"
    lines = path.read_text().split("\n")
    for number in code_lines(lines):
        code = lines[number].partition("  #")[0]
        for pattern, replacement in CHANGES:
            for match in re.finditer(pattern, code):
                new = match.expand(replacement) if replacement else successor(match)
                changed = code[: match.start()] + new + code[match.end() :]
                source = "\n".join([*lines[:number], changed, *lines[number + 1 :]])
                what = f"{name}:{number + 1}: {code.strip()}  ->  {changed.strip()}"
                yield Mutant(name, what, source)


def code_lines(lines: list[str]) -> Iterator[int]:
    """Lines that say what happens: no comments, docstrings, imports, declarations, events."""
    in_text = in_log = False
    for number, line in enumerate(lines):
        bare = line.strip()
        if bare.startswith('"""'):
            in_text = not in_text if bare.count('"""') == 1 else in_text
            continue
        in_log = bare.startswith("log ") or (in_log and line.startswith("        "))
        declares = re.match(
            r"^\w+: public|^_\w+: HashMap|^(from|import|struct|@|def|exports|initializes)", line
        )
        # Vyper wants a value for a variable that the next line assigns: no test can tell which.
        declares = declares or re.match(r"^\s+\w+: \w+ = (0|empty\(\w+\))$", line)
        if bare and not in_text and not in_log and not bare.startswith("#") and not declares:
            yield number


def successor(match: re.Match[str]) -> str:
    return str(int(match.group(1).replace("_", "")) + 1)


def planted() -> Iterator[Mutant]:
    """The real bugs."""
    sources = {name: (ROOT / "contracts" / f"{name}.vy").read_text() for name in names()}
    for what, (right, wrong) in PLANTED.items():
        places = [name for name, source in sources.items() if right in source]
        if len(places) != 1:
            raise SystemExit(f"mutate: '{right}' is in {len(places)} contracts: update PLANTED.")
        yield Mutant(places[0], what, sources[places[0]].replace(right, wrong))


def names() -> list[str]:
    """All contracts and modules."""
    folder = ROOT / "contracts"
    return sorted(str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.vy"))


def verdict(suites: list[str], mutant: Mutant) -> str:
    """'killed', 'survived' or 'does not compile'."""
    with tempfile.TemporaryDirectory() as scratch:
        for folder in ("contracts", "interfaces"):
            shutil.copytree(ROOT / folder, Path(scratch) / folder)
        (Path(scratch) / "contracts" / f"{mutant.name}.vy").write_text(mutant.source)
        machines = MACHINES.get(Path(mutant.name).name, OTHERS)
        command = [
            "nice", sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:pytest-brownie",
            "-p", "no:cacheprovider", "--confcutdir", "tests/stateful", "--timeout", "0",
            "-k", f"test_a or {machines}", *suites,
        ]  # fmt: skip
        environment = os.environ | {"CONTRACTS_ROOT": scratch}
        try:
            result = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE
            )
        except subprocess.TimeoutExpired:
            return "killed"
    if result.returncode == 0:
        return "survived"
    return "does not compile" if "vyper.exceptions." in result.stdout + result.stderr else "killed"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--sample", type=int, help="run only so many mutants, chosen at random")
    options.add_argument("--seed", type=int, default=0, help="of the choice")
    options.add_argument("--file", help="mutate only this contract or module")
    options.add_argument("--planted", action="store_true", help="run the known bugs instead")
    options.add_argument("--jobs", type=int, default=2, help="mutants at a time")
    chosen = options.parse_args()

    if chosen.planted:
        todo = list(planted())
    else:
        files = [name for name in names() if chosen.file in (None, Path(name).name)]
        todo = [mutant for name in files for mutant in mutants(name)]
    suites = ["tests/stateful"] if chosen.planted else ["tests/attacks", "tests/stateful"]
    print(f"{len(todo)} mutants", flush=True)
    if chosen.sample:
        todo = random.Random(chosen.seed).sample(todo, min(chosen.sample, len(todo)))  # noqa: S311
    counts = {"killed": 0, "survived": 0, "does not compile": 0}
    with ThreadPoolExecutor(chosen.jobs) as pool:
        for mutant, result in zip(todo, pool.map(partial(verdict, suites), todo), strict=True):
            counts[result] += 1
            print(f"{result:<17} {mutant.what}", flush=True)
    print(", ".join(f"{count} {result}" for result, count in counts.items()))
    if chosen.planted:
        return int(counts["survived"] > 0)
    return int(counts["killed"] < GOAL * (counts["killed"] + counts["survived"]))


if __name__ == "__main__":
    sys.exit(main())
