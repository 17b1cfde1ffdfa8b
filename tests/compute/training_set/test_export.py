"""A set written to a file is the set."""

import errno
import os

import numpy as np
import pytest

from compute.training_set import Column, Schema, TrainingSet
from compute.training_set.export import write_ids, write_npz
from compute.training_set.importers import read

SCHEMA = Schema((Column("x", "int16", (2, 3)), Column("y", "uint64", ())))


def test_what_is_written_is_read_again(tmp_path):
    count = 10_000  # more than one batch
    rows = np.arange(count)
    columns = {
        "x": (rows[:, None, None] + np.zeros((2, 3))).astype(np.int16),
        "y": rows.astype("u8"),
    }
    full = TrainingSet(SCHEMA).patched(columns, [])
    examples = full.patched(SCHEMA.empty(), full.ids[[0, 5000]])
    told = []
    write_npz(tmp_path / "data.npz", examples, lambda done, total: told.append((done, total)))
    for found in (read(tmp_path / "data.npz"), dict(np.load(tmp_path / "data.npz"))):
        for name in ("x", "y"):
            assert np.can_cast(found[name].dtype, columns[name].dtype)
            np.testing.assert_array_equal(found[name], examples.columns[name])
    assert told[-1] == (19_996, 19_996)
    assert [path.name for path in tmp_path.iterdir()] == ["data.npz"]
    write_ids(tmp_path / "ids.txt", examples)
    lines = (tmp_path / "ids.txt").read_text().split()
    assert lines == [row.tobytes().hex() for row in examples.ids]


def test_an_empty_set_is_written(tmp_path):
    write_npz(tmp_path / "data.npz", TrainingSet(SCHEMA))
    assert read(tmp_path / "data.npz")["x"].shape == (0, 2, 3)


def test_an_export_that_is_cut_off_leaves_the_file_before_it(tmp_path):
    def fill_the_disk(done, total):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    file = tmp_path / "data.npz"
    file.write_bytes(b"before")
    one = TrainingSet(SCHEMA).patched(
        {"x": np.ones((1, 2, 3), np.int16), "y": np.ones(1, np.uint64)}, []
    )
    with pytest.raises(OSError, match="No space left"):
        write_npz(file, one, fill_the_disk)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"before"]
