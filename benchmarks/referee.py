"""What a dispute costs off chain: the trace of one example beside one plain evaluation of it.

Times are those of a second run, after everything is compiled; `first_s` has the compilation too.
`held_mb` is the most that words alive together take, `tree_mb` the tree of the largest row, which
is made once that row is disputed; they follow from the rows alone.  A case of more than `most`
words is not made: its time is its leaves times the time a leaf of the largest case made of its
architecture, and `measured` is false.

With --games also what it costs on chain: lies in several rows are played to the end in the
in-process EVM (parts/games.py), each transaction with cold storage and before refunds. The games of
a case that is not made are computed from the dearest moves that were measured. --dear plays the
dearest games of each case alone, and measures no times.

    python -m benchmarks.referee [--games | --dear] [--json FILE] [--only mlp gpt] [--most WORDS]
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from benchmarks.parts import games
from compute.exact.evaluation import Evaluator
from compute.models import ModelSpecification
from compute.models.columns import InputColumn
from compute.models.sizes import SIZES
from compute.program.form import WIDE
from compute.trace import words
from compute.trace.arrays import Arrays
from compute.trace.rows import Rows
from compute.trace.run import Example, trace
from tests.attacks.scene import Scene

Row = dict[str, Any]
# (architecture, size, shape of the input, classes)
CASES = (
    ("mlp", "small", (784,), 10),
    ("resnet", "tiny", (16, 16, 3), 10),
    ("resnet", "small", (32, 32, 3), 10),
    ("vit", "tiny", (16, 16, 3), 10),
    ("vit", "small", (64, 64, 3), 100),
    ("gpt", "tiny", (64,), 256),
    ("gpt", "mini", (256,), 256),
    ("gpt", "124m", (64,), 50_257),
    ("gpt", "124m", (1024,), 50_257),
)
MOST = 60_000_000  # words of a trace that is made here
# examples of the set in which a game is about one
COUNTS = {"mlp": 60_000, "resnet": 50_000, "vit": 10_000, "gpt": 10_000}
COMPUTED = 1 << 20  # and where its games are computed


def specification(
    model: str, size: str, shape: tuple[int, ...], classes: int
) -> ModelSpecification:
    tokens = model == "gpt"
    column = InputColumn("x", "uint16" if tokens else "uint8", shape, None if tokens else -8)
    return ModelSpecification(SIZES[model][size](classes), (column,), "y")


def example(spec: ModelSpecification) -> Example:
    column, rng = spec.columns[0], np.random.default_rng(0)
    x = rng.integers(0, 200, column.shape).astype(column.dtype)
    return Example(spec.initial_parameters(), {"x": x, "y": rng.integers(0, 9, spec.target_shape)})


def held_bytes(rows: Rows) -> int:
    """The peak of words that are still to be read."""
    last = {need: n for n, row in enumerate(rows.rows) for need in row.needs}
    size = [row.elements * (8 if row.dtype == WIDE else 4) for row in rows.rows]
    alive = peak = 0
    for number, row in enumerate(rows.rows):
        alive += size[number]
        peak = max(peak, alive)
        gone = {n for n in {number, *row.needs} if last.get(n, number) == number}
        alive -= sum(size[n] for n in gone)
    return peak


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    begun = time.perf_counter()
    found = run()
    return found, time.perf_counter() - begun


def plain(spec: ModelSpecification, given: Example) -> Callable[[], Any]:
    """One evaluation of the example; what depends on the parameters alone is done before."""
    evaluator = Evaluator(spec.program, given.parameters, loss=spec.loss)
    x, y = given.columns["x"][None], spec.targets(given.columns["y"][None])
    return lambda: next(evaluator.losses([({"x": x}, y)]))


def case(
    spec: ModelSpecification, name: str, most: int, scene: Scene | None, dear: bool = False
) -> Row:
    rows, seconds = timed(lambda: spec.rows)
    if rows is None:
        raise SystemExit(f"{name} is not refereed: {spec.not_refereed}")
    count = sum(row.elements for row in rows.rows)
    leaves = sum(row.leaves for row in rows.rows)
    row: Row = {"case": name, "rows": len(rows.rows), "words": count, "leaves": leaves}
    row |= {"unroll_s": seconds, "root_s": timed(lambda: rows.root)[1]}
    largest = max(row.leaves for row in rows.rows)
    row |= {"held_mb": held_bytes(rows) / 2**20, "tree_mb": 2 * 32 * largest / 2**20}
    row["measured"] = count <= most
    if not row["measured"]:
        return row
    given = example(spec)
    if not dear:
        row |= measured(spec, rows, given)
    if scene:
        believed = games.belief(rows, given, COUNTS[name.split()[0]])
        lies = games.dear(rows) if dear else games.chosen(rows)
        played = [games.play(scene, believed, number) for number in lies]
        row["chain"] = games.summary(played)
    return row


def measured(spec: ModelSpecification, rows: Rows, given: Example) -> Row:
    machine = Arrays()
    evaluate = plain(spec, given)
    evaluate()
    (loss,), plain_s = timed(evaluate)
    _, first_s = timed(lambda: trace(rows, machine, given))
    found, trace_s = timed(lambda: trace(rows, machine, given))
    if found.loss != loss:
        raise SystemExit(f"the trace ends in {found.loss}, the evaluation in {loss}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    return {"plain_s": plain_s, "first_s": first_s, "trace_s": trace_s, "process_mb": peak}


def extrapolate(rows: list[Row]) -> None:
    """Times of what was not made, from the largest of its architecture that was."""
    for row in rows:
        same = [r for r in rows if r["measured"] and r["case"].split()[0] == row["case"].split()[0]]
        if not row["measured"] and any("trace_s" in r for r in same):
            largest = max(same, key=lambda r: int(r["words"]))
            row["trace_s"] = largest["trace_s"] / largest["leaves"] * row["leaves"]


def compute_games(cases: list[Row], specs: list[ModelSpecification]) -> None:
    """Of what was not made, from the dearest moves of all that was."""
    played = [row["chain"]["dearest"] for row in cases if "chain" in row]
    cost = games.dearest(list(moves.items()) for moves in played)
    for row, spec in zip(cases, specs, strict=True):
        if not row["measured"] and spec.rows:
            row["computed"] = games.computed(spec.rows, COMPUTED, cost)


def told(row: Row) -> str:
    """What its games cost."""
    if "computed" in row:
        found = row["computed"]
        length, gas = str(found["transactions"]), f"{found['gas'] / 1e6:.2f} M"
        return f"    computed: {length} transactions, {gas} gas, {found['idle_hours']:.0f} h idle"
    found = row["chain"]
    length = " to ".join(map(str, found["transactions"]))
    gas = " to ".join(f"{g / 1e6:.2f}" for g in found["gas"])
    moves = ", ".join(f"{name} {g:,}" for name, g in found["dearest"].items())
    return f"    {length} transactions, {gas} M gas, {found['idle_hours']:.0f} h idle; {moves}"


def line(row: Row) -> str:
    seconds = {key: row[key] for key in ("plain_s", "trace_s", "first_s") if key in row}
    said = ", ".join(f"{key[:-2]} {value:.2f} s" for key, value in seconds.items())
    mark = "" if row["measured"] else " (not made here: extrapolated)"
    size = f"{row['words']:13,} words {row['leaves']:11,} leaves"
    memory = f"{row['held_mb']:8.1f} + {row['tree_mb']:.1f} MB"
    return f"{row['case']:20} {row['rows']:5} rows {size} {memory}, {said}{mark}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--games", action="store_true", help="play games as well")
    parser.add_argument("--dear", action="store_true", help="play the dearest games, no times")
    parser.add_argument("--json", type=Path, help="write the rows there")
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--most", type=int, default=MOST, help="words of a trace to make")
    arguments = parser.parse_args()
    device = jax.devices()[0]
    print(f"device: {device.platform} {device.device_kind}; words a leaf: {words.NARROW}")
    scene = Scene() if arguments.games or arguments.dear else None
    if scene:
        scene.world.referee  # noqa: B018  it is deployed when it is asked for
    rows, specs = [], []
    for model, size, shape, classes in CASES:
        if not arguments.only or model in arguments.only:
            name = f"{model} {size} {'x'.join(map(str, shape))}"
            specs.append(specification(model, size, shape, classes))
            rows.append(case(specs[-1], name, arguments.most, scene, arguments.dear))
            if rows[-1]["measured"]:
                print(line(rows[-1]), flush=True)
    extrapolate(rows)
    if scene:
        compute_games(rows, specs)
    for row in rows:
        if not row["measured"]:
            print(line(row))
        if scene:
            print(told(row))
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
