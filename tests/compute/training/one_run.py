"""One short run of training and evaluation, as a process of its own; prints what it found.

    python -m tests.compute.training.one_run MESH FOLDER [ADDRESS:PORT,COUNT,INDEX] [KILLED]

The number of devices comes from XLA_FLAGS. Process 0 is killed after step KILLED.
"""

import hashlib
import json
import os
import signal
import sys
from pathlib import Path

import jax
import numpy as np

from compute.checkpoint.resume import Saves
from compute.judging.evaluation import evaluate_checkpoint
from compute.models import InputColumn, ModelSpecification, Transformer
from compute.training.learner import Learner
from compute.training.processes import join
from compute.training.recipe import Recipe
from compute.training_set import Schema, TrainingSet

TOKENS, VOCAB, STEPS = 16, 32, 6
SPECIFICATION = ModelSpecification(
    Transformer(vocab=VOCAB, width=32, layers=2, heads=4, kv_heads=2, hidden=64),
    (InputColumn("tokens", "uint8", (TOKENS,), None),),
    "targets",
)


def text(count: int = 96) -> TrainingSet:
    """Windows of a sequence in which each token follows from the one before."""
    start = np.random.default_rng(1).integers(0, VOCAB, count)
    walk = (start[:, None] + 5 * np.arange(TOKENS + 1)) % VOCAB
    walk[:, 0] = np.arange(count) % VOCAB  # distinct
    columns = {"tokens": walk[:, :-1].astype(np.uint8), "targets": walk[:, 1:].astype(np.uint8)}
    columns["tokens"][:, 1] = np.arange(count) // VOCAB
    return TrainingSet(Schema.of(columns)).patched(columns, [])


def main(mesh: str, folder: Path, killed: int | None) -> None:
    """Train, save in the middle, go on from the save, and evaluate."""
    recipe = Recipe(seed=1, batch_size=32, accumulation=2, learning_rate=0.01, mesh=mesh)
    losses = []
    learner, data = None, text()
    for half in (STEPS // 2, STEPS):
        learner = Learner(SPECIFICATION, recipe, SPECIFICATION.initial_parameters())
        saves = Saves(folder)
        learner.restore(saves)
        learner.study(data, b"tip")
        while learner.step < half:
            losses.append(learner.run(steps=1, seconds=60, check=lambda: None).loss)
            if learner.step == killed and jax.process_index() == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        learner.save(saves, {})
        saves.close()
    assert learner is not None and learner.step == STEPS
    reached = b"".join(value.tobytes() for _, value in sorted(learner.parameters().items()))
    fixed = SPECIFICATION.initial_parameters()
    found = evaluate_checkpoint(SPECIFICATION, fixed, data)
    print(
        json.dumps(
            {
                "process": jax.process_index(),
                "devices": jax.device_count(),
                "losses": losses,
                "parameters": hashlib.sha256(reached).hexdigest(),
                "loss": found.loss,
                "root": found.top.hash.hex(),
            }
        )
    )


if __name__ == "__main__":
    if len(sys.argv) > 3:
        join(sys.argv[3])
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[4]) if len(sys.argv) > 4 else None)
