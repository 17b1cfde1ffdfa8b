"""How far is the exact loss from float64?  Every family, trained for a moment on synthetic data.

Each model learns the answers of a teacher, the same architecture with other parameters; then the
mean loss of its exact, float32 and float64 evaluations are compared.  Prints the relative errors of
the first two against the third.  Takes about 8 s a family.

    python -m benchmarks.exact_accuracy [--only mlp gpt] [--steps N] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from compute.exact import evaluate
from tests.support.exact_families import FAMILIES, SMOOTHING, Family
from tests.support.exact_strangers import STRANGERS

EXAMPLES, STEPS, RATE = 256, 60, 0.01
GOAL = 2e-6


def drawn(like: Any, rng: np.random.Generator) -> Any:
    """EXAMPLES random examples shaped like those of a family's inputs."""

    def column(x: np.ndarray) -> np.ndarray:
        shape = (EXAMPLES, *x.shape[1:])
        if np.issubdtype(x.dtype, np.floating):
            return rng.standard_normal(shape).astype(x.dtype)
        return rng.integers(0, int(x.max()) + 1, shape).astype(x.dtype)

    return jax.tree.map(column, like)


def losses(z: jax.Array, targets: Any, loss: Any) -> jax.Array:
    """The mean loss as JAX and Optax compute it, in the precision of the outputs `z`."""
    if loss == "squared_error":
        return jnp.mean((z - targets) ** 2)
    if loss == "binary_cross_entropy":
        return jnp.mean(optax.sigmoid_binary_cross_entropy(z, targets))
    labels = jax.nn.one_hot(targets, z.shape[-1], dtype=z.dtype)
    if callable(loss):
        labels = optax.smooth_labels(labels, SMOOTHING)
    return jnp.mean(optax.softmax_cross_entropy(z, labels))


def taught(family: Family, rng: np.random.Generator) -> tuple[Any, np.ndarray]:
    """(inputs, what the teacher answers to them, a tenth of it by chance)."""
    inputs = drawn(family.inputs, rng)
    teacher = jax.tree.map(
        lambda x: np.asarray(x) * rng.normal(1, 0.7, np.shape(x)).astype(np.float32), family.params
    )
    z = np.asarray(jax.jit(family.logits)(teacher, inputs))
    if family.loss == "squared_error":
        return inputs, (z + 0.1 * rng.standard_normal(z.shape)).astype(np.float32)
    if family.loss == "binary_cross_entropy":
        answers, choices = (z > 0).astype(np.int32), 2
    else:
        answers, choices = z.argmax(-1).astype(np.int32), z.shape[-1]
    chance = rng.integers(0, choices, answers.shape)
    return inputs, np.where(rng.random(answers.shape) < 0.1, chance, answers).astype(np.int32)


def trained(family: Family, inputs: Any, targets: np.ndarray, steps: int) -> Any:
    """Parameters after `steps` of Adam on all examples."""
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(RATE))

    def cost(params: Any) -> jax.Array:
        return losses(family.logits(params, inputs), targets, family.loss)

    @jax.jit
    def run(params: Any) -> Any:
        def step(carry: Any, _: Any) -> Any:
            params, state = carry
            updates, state = optimizer.update(jax.grad(cost)(params), state, params)
            return (optax.apply_updates(params, updates), state), None

        return jax.lax.scan(step, (params, optimizer.init(params)), length=steps)[0][0]

    return jax.device_get(run(jax.tree.map(jnp.asarray, family.params)))


def float64(family: Family, params: Any, inputs: Any, targets: np.ndarray) -> float:
    """The reference."""

    def widen(x: Any) -> np.ndarray:
        x = np.asarray(x)
        return x.astype(np.float64) if x.dtype == np.float32 else x

    with jax.enable_x64(True):
        wide = jax.tree.map(widen, (params, inputs, targets))
        z = jax.jit(family.logits)(*wide[:2])
        assert z.dtype == jnp.float64  # noqa: S101 - else the model fixed its own precision
        return float(losses(z, wide[2], family.loss))


def measure(name: str, steps: int = STEPS) -> dict[str, Any]:
    """The row of one family; raises if its trained parameters have no loss."""
    family = (FAMILIES | STRANGERS)[name]()
    inputs, targets = taught(family, np.random.default_rng(0))
    params = family.params
    if name not in ("control_flow", "capsules"):  # a while loop has no gradient
        params = trained(family, inputs, targets, steps)
    batches = [(inputs, targets)]
    found = evaluate(family.logits, params, batches, loss=family.loss, total=EXAMPLES)
    if not found.valid:
        raise RuntimeError(f"{name}: {found.reason}")
    reference = float64(family, params, inputs, targets)
    plain = float(losses(jax.jit(family.logits)(params, inputs), targets, family.loss))
    ours, baseline = (abs(x - reference) / reference for x in (found.loss / 2**32, plain))
    ratio = ours / baseline if baseline else None
    return {
        "case": name, "metric": f"error of the mean loss, {reference:.3f} nats",
        "ours": ours, "baseline": baseline, "ratio": ratio, "unit": "relative to float64",
    }  # fmt: skip


def main() -> None:
    """Print the table; exit 1 if a family misses the goal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows = []
    for name in arguments.only or FAMILIES | STRANGERS:
        rows.append(row := measure(name, arguments.steps))
        print(
            f"{name:22s} exact {row['ours']:8.1e}   float32 {row['baseline']:8.1e}   "
            f"goal {GOAL:.0e} {'met' if row['ours'] <= GOAL else 'MISSED'}",
            flush=True,
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    sys.exit(any(row["ours"] > GOAL for row in rows))


if __name__ == "__main__":
    main()
