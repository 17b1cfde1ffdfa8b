"""What training costs beside a loop written by hand, and what it does besides stepping.

The hand-written loop is the shortest one that trains the same Flax network on the same batches with
the same optimizer: one jitted, donated step, batches gathered in the loop; once more with the
derivative form of the program, which trains what has no network here. All take turns, a few steps
each; figures are medians over the turns. On a GPU the model is the 124 M one in bfloat16, and its
MFU is told too.

    python -m benchmarks.trainer [--turns 15] [--json FILE] [--only mlp lm]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from compute.checkpoint.resume import Saves
from compute.models import MLP, InputColumn, ModelSpecification
from compute.models.sizes import SIZES
from compute.training.flops import peak_flops
from compute.training.learner import Learner
from compute.training.recipe import Recipe
from compute.training_set import Schema, TrainingSet
from compute.training_set.reader import Reader

SAVE_EVERY = 60.0  # seconds, the default of `nrn train`
SAVES, SAVE_TURN = 5, 3.0  # how many are measured, and seconds of steps for each
COMPILED = "/jax/core/compile/backend_compile_duration"


@dataclass(frozen=True)
class Case:
    """A model, data for it, and how many steps make a turn."""

    specification: ModelSpecification
    recipe: Recipe
    data: TrainingSet
    steps: int


def mlp() -> Case:
    """784-512-512-10 on random pictures: a step of a few milliseconds."""
    column = InputColumn("image", "uint8", (784,), -8)
    specification = ModelSpecification(MLP((512, 512), 10), (column,), "label")
    data = random_set({"image": (4096, 784)}, {"label": 10})
    return Case(specification, Recipe(batch_size=256), data, 20)


def lm() -> Case:
    """A byte-level decoder, windows of 128."""
    return text("mini", 256, 128, Recipe(batch_size=8), 3)


def gpt() -> Case:
    """The 124 M decoder on one accelerator."""
    return text("124m", 50_304, 1024, Recipe(batch_size=32, precision="bfloat16"), 5)


def text(size: str, vocab: int, tokens: int, recipe: Recipe, steps: int) -> Case:
    """A decoder on random tokens."""
    network, dtype = SIZES["gpt"][size](vocab), "uint8" if vocab <= 256 else "uint16"
    column = InputColumn("tokens", dtype, (tokens,), None)
    specification = ModelSpecification(network, (column,), "targets")
    shape: dict[str, tuple[int, ...]] = {"tokens": (2048, tokens), "targets": (2048, tokens)}
    data = random_set(shape, {"tokens": vocab, "targets": vocab}, dtype)
    return Case(specification, recipe, data, steps)


def random_set(
    shapes: dict[str, tuple[int, ...]], ends: dict[str, int], dtype: str = "uint8"
) -> TrainingSet:
    """Integers below `ends` (256 by default); columns without a shape have one value an example."""
    draw = np.random.default_rng(0).integers
    count = next(iter(shapes.values()))[0]
    columns = {
        name: draw(0, ends.get(name, 256), shapes.get(name, (count,))).astype(dtype)
        for name in {**shapes, **ends}
    }
    return TrainingSet(Schema.of(columns)).patched(columns, [])


def by_hand(case: Case, native: bool = True) -> Callable[[int], None]:
    """The shortest loop that does the same: `steps` more of it at each call.  The model is the
    architecture's own Flax network, or the derivative form of its program."""
    specification, recipe, columns = case.specification, case.recipe, case.data.columns
    optimizer = optax.chain(
        optax.clip_by_global_norm(recipe.clip_norm),
        optax.adamw(recipe.learning_rate, weight_decay=0),
    )

    def loss(params: Any, batch: Any) -> Any:
        return specification.losses(
            params,
            batch,
            batch[specification.target],
            compute_dtype=recipe.precision,
            native=native,
        ).mean()

    @jax.jit
    def start(params: Any) -> Any:
        return params, optimizer.init(params)

    def step(state: Any, batch: Any) -> Any:
        params, inner = state
        value, gradient = jax.value_and_grad(loss)(params, batch)
        updates, inner = optimizer.update(gradient, inner, params)
        return (optax.apply_updates(params, updates), inner), value

    step = jax.jit(step, donate_argnums=0)
    state = start(specification.initial_parameters())

    def batches() -> Iterator[dict[str, np.ndarray]]:
        generator = np.random.default_rng(0)
        while True:
            order = generator.permutation(len(case.data))
            for first in range(0, len(order) - recipe.batch_size + 1, recipe.batch_size):
                rows = order[first : first + recipe.batch_size]
                yield {name: column[rows] for name, column in columns.items()}

    source = batches()

    def run(steps: int) -> None:
        nonlocal state
        for _ in range(steps):
            state, value = step(state, next(source))
        jax.block_until_ready((state, value))

    return run


def on_device(case: Case, learner: Learner) -> Callable[[int], None]:
    """Our compiled step alone, on one batch that lies on the device already."""
    program = learner.program
    batch = learner.on_devices(next(reader(case)))
    state = program.initial(learner.state["parameters"])
    scale = jnp.float32(1)

    def run(steps: int) -> None:
        nonlocal state
        for _ in range(steps):
            state, found = program.advance(state, batch, scale)
        jax.block_until_ready((state, found))

    return run


def reader(case: Case) -> Reader:
    return Reader(case.data, batch_size=case.recipe.batch_size, seed=0, key=b"")


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def measure(name: str, case: Case, turns: int) -> list[dict[str, Any]]:
    """The rows of one case."""
    learner = Learner(case.specification, case.recipe, case.specification.initial_parameters())
    learner.study(case.data, b"tip")
    compilations: list[str] = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, duration_secs, **more: compilations.append(event)
    )

    def ours(steps: int) -> None:
        learner.run(steps=steps, seconds=1e9, check=lambda: None)

    ours(1)
    programs = learner.program.compilations
    hand, derivative, device = by_hand(case), by_hand(case, native=False), on_device(case, learner)
    batches, folder = reader(case), tempfile.TemporaryDirectory()
    saves = Saves(folder.name)

    def saving(steps: int) -> None:
        learner.save(saves, {})
        ours(steps)

    for work in (ours, hand, derivative, device, saving):
        work(2)
    saves.wait()
    compilations.clear()
    times: dict[str, list[float]] = {
        key: [] for key in ("ours", "hand", "derivative", "device", "save", "read")
    }
    for _ in range(turns):
        times["ours"].append(seconds(lambda: ours(case.steps)))
        times["hand"].append(seconds(lambda: hand(case.steps)))
        times["derivative"].append(seconds(lambda: derivative(case.steps)))
        times["device"].append(seconds(lambda: device(case.steps)))
        times["read"].append(seconds(lambda: [next(batches) for _ in range(case.steps)]))
    # turns so long that the save is on disk before they end: all it costs falls into them
    steps = max(case.steps, round(SAVE_TURN * case.steps / statistics.median(times["ours"])))
    for _ in range(SAVES):
        plain = seconds(lambda: ours(steps))
        times["save"].append(seconds(lambda: saving(steps)) - plain)
        saves.wait()
    recompiled = compilations.count(COMPILED)
    saves.close()
    folder.cleanup()
    median = {key: 1e3 * statistics.median(values) / case.steps for key, values in times.items()}
    ratios = [a / b for a, b in zip(times["ours"], times["hand"], strict=True)]
    forms = [a / b for a, b in zip(times["derivative"], times["hand"], strict=True)]
    busy = [a / b for a, b in zip(times["device"], times["ours"], strict=True)]
    save = max(statistics.median(times["save"]), 0.0)

    def row(metric: str, mine: float, baseline: float, ratio: float, unit: str) -> dict[str, Any]:
        return {
            "case": name, "metric": metric, "ours": mine, "baseline": baseline,
            "ratio": ratio, "unit": unit,
        }  # fmt: skip

    rows = [
        row("step / by hand", median["ours"], median["hand"], statistics.median(ratios), "ms"),
        row(
            "derivative form / native",
            median["derivative"],
            median["hand"],
            statistics.median(forms),
            "ms",
        ),
        row("device busy", median["device"], median["ours"], statistics.median(busy), "ms"),
        row(
            "reading / step", median["read"], median["ours"], median["read"] / median["ours"], "ms"
        ),
        row("save / minute", save, SAVE_EVERY, save / SAVE_EVERY, "s"),
        row("compilations", programs + recompiled, 1, programs + recompiled, "programs"),
    ]
    rate = 1e3 / median["ours"]
    if (mfu := learner.utilisation(rate)) is not None:
        peak = (peak_flops(jax.devices()[0]) or 0) / 1e12
        rows.append(row("MFU", mfu * peak, peak, mfu, "TFLOP/s"))
    per_second = rate * learner.predictions_per_step()
    rows.append(row(f"{learner.predicts} / s", per_second, per_second, 1.0, "1/s"))
    return rows


# a step of the MLP takes three milliseconds, in which what is done beside it is felt
MOST = {"mlp": 1.05, "lm": 1.02, "gpt 124M": 1.02}
GOALS: dict[str, Callable[[float], bool]] = {
    "device busy": lambda ratio: ratio >= 0.98,
    "reading / step": lambda ratio: ratio < 1,
    "save / minute": lambda ratio: ratio <= 0.01,
    "compilations": lambda ratio: ratio == 1,
    "MFU": lambda ratio: ratio >= 0.5,
}


def main() -> None:
    """Print the table, and write it as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", nargs="+", default=[])
    arguments = parser.parse_args()
    device = jax.devices()[0]
    cases = {"gpt 124M": gpt} if device.platform == "gpu" else {"mlp": mlp, "lm": lm}
    print(f"device: {device.platform} {device.device_kind}; jax {jax.__version__}; turns about")
    rows = []
    for name, case in cases.items():
        if arguments.only and name not in arguments.only:
            continue
        for row in measure(name, case(), arguments.turns):
            rows.append(row)
            goal = GOALS.get(row["metric"])
            if row["metric"] in ("step / by hand", "derivative form / native"):
                goal = MOST[name].__ge__
            verdict = (
                "" if goal is None else "  goal met" if goal(row["ratio"]) else "  goal missed"
            )
            print(
                f"{name:9s} {row['metric']:24s} {row['ours']:10.4g} {row['baseline']:10.4g} "
                f"{row['unit']:9s} {row['ratio']:7.4f}{verdict}",
                flush=True,
            )
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
