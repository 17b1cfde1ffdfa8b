"""A trainer's own state outlives the trainer."""

import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from compute.checkpoint.resume import Saved, Saves
from compute.storage import StorageError

# Saves steps 1, 2, 3, … until killed, printing each number once it was on disk.
ENDLESS_SAVER = """
import sys
import jax.numpy as jnp
from compute.checkpoint.resume import Saves
step, saves = int(sys.argv[2]), Saves(sys.argv[1])
while True:
    step += 1
    saves.save(step, {"w": jnp.full(300_000, step, jnp.float32)}, {"twice": 2 * step})
    saves.wait()
    print(step, flush=True)
"""


def state(width: int = 4):
    params = {"a/kernel": jnp.ones((width, 3)), "a/bias": jnp.arange(3.0)}
    optimizer = optax.inject_hyperparams(optax.adamw)(learning_rate=0.25)
    return {"params": params, "optimizer": optimizer.init(params), "seen": np.int32(5)}


def save(folder: Path, step: int, tree: Any, metadata: dict[str, Any]) -> None:
    with closing(Saves(folder)) as saves:
        saves.save(step, jax.tree.map(jnp.asarray, tree), metadata)


def restore(folder: Path, *, like: Any) -> Saved | None:
    with closing(Saves(folder)) as saves:
        return saves.restore(jax.tree.map(jnp.asarray, like))


def assert_same(one, other):
    assert jax.tree.structure(one) == jax.tree.structure(other)
    for left, right in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        assert np.asarray(left).dtype == np.asarray(right).dtype
        np.testing.assert_array_equal(left, right)


def damage(folder: Path, number: int, victim: str) -> None:
    """Flip one bit in the middle of the largest file of the save whose path contains `victim`."""
    files = [f for f in (folder / str(number)).rglob("*") if f.is_file() and victim in str(f)]
    file = max(files, key=lambda f: f.stat().st_size)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def test_what_was_saved_is_restored(tmp_path):
    save(tmp_path / "s", 17, state(), {"note": ["x", 1.5]})
    saved = restore(tmp_path / "s", like=state())
    assert (saved.step, saved.metadata) == (17, {"note": ["x", 1.5]})
    assert_same(saved.pytree, state())


def test_nothing_saved_is_none(tmp_path):
    assert restore(tmp_path / "never", like=state()) is None
    (tmp_path / "empty").mkdir()
    assert restore(tmp_path / "empty", like=state()) is None


def test_the_latest_save_wins_even_when_training_started_over(tmp_path):
    for step in (5, 6, 1):
        save(tmp_path, step, {"w": np.full(3, step, np.int32)}, {})
    assert restore(tmp_path, like={"w": np.zeros(3, np.int32)}).step == 1
    assert len([entry for entry in tmp_path.iterdir() if entry.name.isdigit()]) == 2


def test_the_state_of_another_model_is_not_restored(tmp_path, caplog):
    save(tmp_path, 1, state(4), {})
    assert restore(tmp_path, like=state(5)) is None
    assert restore(tmp_path, like={"params": state(4)["params"]}) is None
    assert "another model" in caplog.text
    assert restore(tmp_path, like=state(4)).step == 1


@pytest.mark.parametrize("victim", ["leaves", "about/metadata", "leaves/_METADATA"])
def test_a_damaged_newest_save_falls_back_to_the_one_before(tmp_path, victim, caplog):
    tree = {"w": np.random.default_rng(0).normal(size=5000).astype(np.float32)}
    save(tmp_path, 1, tree, {"n": 1})
    save(tmp_path, 2, tree, {"n": 2})
    damage(tmp_path, 2, victim)
    saved = restore(tmp_path, like=tree)
    assert saved.step in (1, 2)  # a flipped bit in a comment of Orbax's is no harm
    assert_same(saved.pytree, tree)
    assert saved.metadata == {"n": saved.step}
    if victim == "leaves":
        assert saved.step == 1
        assert "cannot be used" in caplog.text


def test_when_every_save_is_damaged_there_is_none(tmp_path):
    save(tmp_path, 1, state(), {})
    damage(tmp_path, 1, "leaves")
    assert restore(tmp_path, like=state()) is None


def test_a_full_disk_is_a_sentence_and_harms_nothing(tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small disk needs root")
    try:
        trees = [
            {"w": np.random.default_rng(n).normal(size=400_000).astype(np.float32)}
            for n in range(3)
        ]
        save(tmp_path / "s", 0, trees[0], {})
        save(tmp_path / "s", 1, trees[1], {})
        with pytest.raises(StorageError, match="The save before it is kept"):
            save(tmp_path / "s", 2, trees[2], {})
        saved = restore(tmp_path / "s", like=trees[0])
        assert saved.step == 1
        assert_same(saved.pytree, trees[1])
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_kill_9_leaves_the_last_acknowledged_save_or_a_later_one(tmp_path):
    last = 0
    for delay in (0.0, 0.015, 0.04):
        saver = subprocess.Popen(
            [sys.executable, "-c", ENDLESS_SAVER, tmp_path, str(last)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        acknowledged = [int(saver.stdout.readline()) for _ in range(3)]
        time.sleep(delay)
        saver.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in saver.stdout.read().split()]
        saver.wait()
        saved = restore(tmp_path, like={"w": np.zeros(300_000, np.float32)})
        assert saved.step in (acknowledged[-1], acknowledged[-1] + 1)
        assert saved.metadata == {"twice": 2 * saved.step}
        assert (saved.pytree["w"] == saved.step).all()
        last = saved.step
