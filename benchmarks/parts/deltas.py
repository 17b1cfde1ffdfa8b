"""The training set on disk: what a delta costs, what many cost, how fast batches come back.

Each case runs in a process of its own, whose peak of resident memory is then its own too.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from compute.training_set import (
    DeltaRecord,
    Reader,
    Schema,
    TrainingSet,
    build_delta,
    materialise,
    next_tip,
)
from compute.training_set.replay import NO_TIP, NOBODY

PROPOSER = "0x" + "ab" * 20
SHAPE = (16, 16)  # of an example's uint8 picture
SET, DELTA = 1_000_000, 1_000  # examples
DELTAS, FEW, SMALL_DELTA = 1_000, 100, 100
BATCH, STEPS = 256, 2_000
GOAL_MS, GOAL_MB = 1000.0, 200.0


class Memory:
    """A store whose cost is the hash alone."""

    def __init__(self) -> None:
        self._blocks: dict[bytes, bytes] = {}

    def put(self, block: bytes) -> bytes:
        digest = hashlib.sha256(block).digest()
        self._blocks[digest] = block
        return digest

    def get(self, digest: bytes) -> bytes:
        block = self._blocks[digest]
        if hashlib.sha256(block).digest() != digest:
            raise SystemExit("damaged")
        return block

    def has(self, digest: bytes) -> bool:
        return digest in self._blocks


class Chain:
    """Deltas as the registry would tell them, after a genesis of so many examples."""

    def __init__(self, examples: int, genesis: bytes | None = None) -> None:
        """Given the hash of the genesis, it is taken as made before."""
        self.store = Memory()
        self.genesis = genesis or build_delta(
            None, add=columns(0, examples), parent_tip=NO_TIP, proposer=NOBODY, store=self.store
        )
        self.records: list[DeltaRecord] = []
        self._tip, self._count = self.genesis, examples

    def append(self, examples: int) -> None:
        add = columns(self._count, examples)
        parent = TrainingSet(Schema.of(add))
        delta = build_delta(
            parent, add=add, parent_tip=self._tip, proposer=PROPOSER, store=self.store
        )
        self.records.append(DeltaRecord(delta, self._tip, PROPOSER))
        self._tip, self._count = next_tip(self._tip, delta), self._count + examples


def columns(first: int, count: int) -> dict[str, np.ndarray]:
    """Distinct examples: random pictures that carry their number."""
    pictures = np.random.default_rng(first).integers(0, 256, (count, *SHAPE), dtype=np.uint8)
    pictures[:, 0, :8] = np.arange(first, first + count)[:, None].view(np.uint8)
    return {"image": pictures, "label": pictures[:, 0, 0] % 10}


def apply_one(folder: Path, examples: int) -> dict[str, float]:
    """Milliseconds to open a set of `examples` and bring it one delta further; MB that it took."""
    warm = Chain(1)
    warm.append(1)
    materialise(folder / "warm", warm.store, warm.genesis, warm.records)  # so that all is loaded
    chain = Chain(examples, (folder / "genesis").read_bytes())
    chain.append(DELTA)
    before = _peak_mb()
    start = time.perf_counter()
    sets = materialise(folder / "set", chain.store, chain.genesis, chain.records)
    seconds = time.perf_counter() - start
    if len(sets.version(-1)) != examples + DELTA:
        raise SystemExit("the delta was not applied")
    return {"ms": 1000 * seconds, "mb": max(_peak_mb() - before, 0.1)}


def prepare(folder: Path, examples: int) -> dict[str, float]:
    """The set that `apply_one` starts from."""
    chain = Chain(examples)
    materialise(folder / "set", chain.store, chain.genesis, [])
    (folder / "genesis").write_bytes(chain.genesis)
    return {}


def replay_many(folder: Path, _: int) -> dict[str, float]:
    """Milliseconds per delta of a replay of few deltas and of many, in turns."""
    chain = Chain(SMALL_DELTA)
    for _number in range(DELTAS):
        chain.append(SMALL_DELTA)
    seconds = {FEW: 0.0, DELTAS: 0.0}
    for turn, count in enumerate([FEW] * 5 + [DELTAS] + [FEW] * 5):
        start = time.perf_counter()
        materialise(folder / str(turn), chain.store, chain.genesis, chain.records[:count])
        seconds[count] += time.perf_counter() - start
    return {"few_ms": 100 * seconds[FEW] / FEW, "many_ms": 1000 * seconds[DELTAS] / DELTAS}


def feed(folder: Path, examples: int) -> dict[str, float]:
    """Examples per second of shuffled batches, and of the same gather by hand."""
    genesis = (folder / "genesis").read_bytes()
    current = materialise(folder / "set", Memory(), genesis, []).version(0)
    reader = Reader(current, batch_size=BATCH, seed=0, key=b"", workers=1)
    order = np.random.default_rng(0).permutation(examples)
    seconds = [0.0, 0.0]
    for step in range(STEPS):
        start = time.perf_counter()
        next(reader)
        middle = time.perf_counter()
        rows = np.sort(order[step * BATCH % (examples - BATCH) :][:BATCH])
        for array in current.columns.values():
            array[rows]
        seconds[0] += middle - start
        seconds[1] += time.perf_counter() - middle
    return {"ours": STEPS * BATCH / seconds[0], "by_hand": STEPS * BATCH / seconds[1]}


CASES = {case.__name__: case for case in (prepare, apply_one, replay_many, feed)}


def rows() -> list[tuple[str, str, float, float, float, str]]:
    """(case, metric, ours, baseline, ratio, unit) of each case; a larger ratio is better."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part, examples in (("small", DELTA), ("large", SET), ("feed", SET // 10)):
            (folder / part).mkdir()
            _run("prepare", folder / part, examples)
        small = _run("apply_one", folder / "small", DELTA)
        large = _run("apply_one", folder / "large", SET)
        replayed = _run("replay_many", folder, 0)
        fed = _run("feed", folder / "feed", SET // 10)
    onto = f"delta of {DELTA:,} onto {SET:,}"
    replay = f"replay of {DELTAS:,} deltas; of {FEW}"
    return [
        _less_is_better(f"{onto}; onto {DELTA:,}", "time", large["ms"], small["ms"], "ms"),
        _less_is_better(f"{onto}; the goal", "time", large["ms"], GOAL_MS, "ms"),
        _less_is_better(f"{onto}; the goal", "memory", large["mb"], GOAL_MB, "MB"),
        _less_is_better(replay, "time per delta", replayed["many_ms"], replayed["few_ms"], "ms"),
        (
            "shuffled batches; gathered by hand",
            "throughput",
            round(fed["ours"]),
            round(fed["by_hand"]),
            round(fed["ours"] / fed["by_hand"], 3),
            "examples/s",
        ),
    ]


def _less_is_better(
    case: str, metric: str, ours: float, baseline: float, unit: str
) -> tuple[str, str, float, float, float, str]:
    return case, metric, round(ours, 2), round(baseline, 2), round(baseline / ours, 3), unit


def _run(case: str, folder: Path, examples: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.parts.deltas", case, str(folder), str(examples)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def _peak_mb() -> float:
    """Of this program alone: getrusage would count what its parent held when it forked."""
    status = Path("/proc/self/status").read_text()
    (kilobytes,) = re.findall(r"VmHWM:\s*(\d+) kB", status)
    return int(kilobytes) / 1024


if __name__ == "__main__":
    _case, _folder, _examples = sys.argv[1:]
    print(json.dumps(CASES[_case](Path(_folder), int(_examples))))
