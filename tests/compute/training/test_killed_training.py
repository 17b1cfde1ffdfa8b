"""kill -9 while training and saving: the run that goes on is, bit for bit, the one never killed."""

import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from compute.checkpoint.resume import Saves
from tests.compute.training.test_learner import learner, run, same, training_set

# Trains for ever, saving every 10 steps; prints the step of each save that is on disk.
TRAINER = """
import sys
from compute.checkpoint.resume import Saves
from tests.compute.training.test_learner import learner, run, training_set
subject, saves = learner(), Saves(sys.argv[1])
subject.restore(saves)
subject.study(training_set(), b"tip")
while True:
    run(subject, 10)
    saves.wait()
    print(subject.step - 10, flush=True)
    subject.save(saves, {})
"""


def test_a_killed_run_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    for delay in (0.0, 0.02):
        trainer = subprocess.Popen(
            [sys.executable, "-c", TRAINER, str(tmp_path / "saves")],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert trainer.stdout is not None
        on_disk = [int(trainer.stdout.readline()) for _ in range(3)]
        time.sleep(delay)
        trainer.send_signal(signal.SIGKILL)
        on_disk += [int(line) for line in trainer.stdout.read().split()]
        trainer.wait()
    survivor, whole = learner(), learner()
    with closing(Saves(tmp_path / "saves")) as saves:
        assert survivor.restore(saves) is not None
    assert 0 <= survivor.step - on_disk[-1] <= 20, "no more than the interval is lost"
    survivor.study(training_set(), b"tip")
    run(whole, survivor.step + 5)
    run(survivor, 5)
    assert same(survivor, whole)
