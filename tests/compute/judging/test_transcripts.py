"""An evaluation that is killed loses nothing it had found, and trusts nothing that is damaged."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from compute.judging import device, transcripts
from compute.judging.transcripts import Transcript, Transcripts

TOTAL = 2 * 1024 + 300
KEY = bytes(32), bytes(32), bytes(32), TOTAL
LOSSES = np.arange(TOTAL, dtype=np.int64) * 2**33 + 5

WORKER = """
import sys
from pathlib import Path
import numpy as np
from compute.models import MLP, InputColumn, ModelSpecification
from compute.judging import evaluation
from compute.judging.evaluation import evaluate_checkpoint
from compute.judging.transcripts import Transcripts
from compute.training_set import Schema, TrainingSet

model = ModelSpecification(MLP((), 2), (InputColumn("x", "uint8", (2,), -8),), "y")
x = np.stack(np.divmod(np.arange(5000), 256), 1).astype(np.uint8)
columns = {"x": x, "y": (x[:, 0] & 1).astype(np.uint8)}
data = TrainingSet(Schema.of(columns)).patched(columns, [])
evaluation.examples_at_once = lambda peak_bytes: 50

def progress(done):
    print(done, flush=True)

with Transcripts(Path(sys.argv[1])).open(model.hash, bytes(32), bytes(32), len(data)) as transcript:
    found = evaluate_checkpoint(model, model.initial_parameters(), data, progress, transcript)
print(found.top.hash.hex(), flush=True)
"""


def worker(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WORKER, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_kill_9_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    process = worker(tmp_path / "killed")
    assert process.stdout
    for line in process.stdout:
        if int(line) > 2000:
            process.send_signal(signal.SIGKILL)
            break
    process.wait()
    again = worker(tmp_path / "killed").communicate()[0].split()
    assert 2000 < int(again[0]) < 5000
    new = worker(tmp_path / "new").communicate()[0].split()
    assert (new[0], new[-1]) == ("0", again[-1])


def filled(folder: Path) -> Path:
    """The file of a transcript whose first and last shards are known."""
    with Transcripts(folder).open(*KEY) as transcript:
        for start, end in ((0, 700), (700, 1024), (2048, TOTAL)):
            transcript.add(start, LOSSES[start:end])
    (file,) = folder.glob("*.losses")
    return file


def known(folder: Path) -> list[int]:
    """How many examples of each shard are known, and right."""
    with Transcripts(folder).open(*KEY) as transcript:
        counts = [transcript.next(i) - transcript.span(i)[0] for i in range(transcript.shards)]
        for i, count in enumerate(counts):
            start = transcript.span(i)[0]
            assert (transcript.losses[start : start + count] == LOSSES[start:][:count]).all()
    return counts


def test_a_torn_record_is_dropped_and_written_anew(tmp_path: Path) -> None:
    file = filled(tmp_path)
    whole = file.read_bytes()
    for size in (len(whole) - 1, len(whole) - 31, len(whole) - 2000):
        file.write_bytes(whole[:size])
        assert known(tmp_path) == [1024, 0, 0]
        with Transcripts(tmp_path).open(*KEY) as transcript:
            transcript.add(2048, LOSSES[2048:])
        assert file.read_bytes() == whole


@pytest.mark.parametrize("at", [3, 11, 40])
def test_a_damaged_record_is_not_believed(tmp_path: Path, at: int) -> None:
    file = filled(tmp_path)
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)
    assert known(tmp_path) == [0, 0, 0]


def test_another_device_starts_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = filled(tmp_path)
    monkeypatch.setattr(device, "fingerprint", lambda: "another")
    assert known(tmp_path) == [0, 0, 0]
    (other,) = set(tmp_path.glob("*.losses")) - {file}
    other.write_bytes(file.read_bytes())  # nor can the file of one be passed off as another's
    assert known(tmp_path) == [0, 0, 0]


def test_a_second_process_keeps_its_own(tmp_path: Path) -> None:
    file = filled(tmp_path)
    before = file.read_bytes()
    with Transcripts(tmp_path).open(*KEY), Transcripts(tmp_path).open(*KEY) as second:
        assert second.done == 0
        second.add(0, LOSSES[:10])
    assert file.read_bytes() == before


def test_only_the_last_ones_are_kept(tmp_path: Path) -> None:
    for i in range(transcripts.KEPT + 3):
        with Transcripts(tmp_path).open(bytes([i] * 32), *KEY[1:]) as transcript:
            transcript.add(0, LOSSES[:10])
    assert len(list(tmp_path.glob("*.losses"))) == transcripts.KEPT
    with Transcripts(tmp_path).open(bytes([i] * 32), *KEY[1:]) as transcript:
        assert transcript.done == 10


def test_losses_come_in_order_within_a_shard() -> None:
    transcript = Transcript(TOTAL)
    for start, count in ((5, 1), (0, 1025), (2048, 301), (4096, 1)):
        with pytest.raises(ValueError, match="shard"):
            transcript.add(start, LOSSES[:count])
