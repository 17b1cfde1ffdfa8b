"""Parquet files and saved data sets: what fits becomes columns, what does not is named."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from compute.training_set.importers import UnreadableData, arrow, errors, read

# three rows, in two shards, written by `save_to_disk` of datasets 5.2
SAVED = Path(__file__).parent / "saved_dataset"


def table(folder: Path, **columns) -> Path:
    parquet.write_table(pa.table(columns), folder / "data.parquet", row_group_size=2)
    return folder / "data.parquet"


def test_parquet_keeps_integers_and_makes_lists_vectors(tmp_path):
    found = read(
        table(
            tmp_path,
            plain=pa.array([1, -2, 3], pa.int16()),
            yes=pa.array([True, False, True]),
            vector=pa.array([[1, 2], [3, 4], [5, 6]], pa.list_(pa.uint8())),
            large=pa.array([[1, 2], [3, 4], [5, 6]], pa.large_list(pa.uint32())),
            matrix=pa.array([[[1], [2]]] * 3, pa.list_(pa.list_(pa.int64(), 1), 2)),
            named=pa.array([7, 8, 7], pa.uint8()).dictionary_encode(),
        )
    )
    expected = {
        "plain": np.int16([1, -2, 3]),
        "yes": np.uint8([1, 0, 1]),
        "vector": np.uint8([[1, 2], [3, 4], [5, 6]]),
        "large": np.uint8([[1, 2], [3, 4], [5, 6]]),
        "matrix": np.uint8([[[1], [2]]] * 3),
        "named": np.uint8([7, 8, 7]),
    }
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values)


def test_real_numbers_need_a_power_of_two(tmp_path):
    path = table(tmp_path, x=pa.array([0.5, 1.25, 2.0]))
    with pytest.raises(UnreadableData, match="--scale x="):
        read(path)
    assert read(path, scale_log2={"x": 2})["x"].tolist() == [2, 5, 8]


@pytest.mark.parametrize(
    ("column", "match"),
    [
        (pa.array([1, None, 3]), "without a value"),
        (pa.array([[1, None], [2, 3], [4, 5]]), "without a value"),
        (pa.array([[1], [2, 3], [4]]), "different lengths"),
        (pa.array([[1, 2], [], [3]]), "different lengths"),
        (pa.array(["a", "b", "c"]), "holds string"),
        (pa.array([b"a", b"b", b"c"]), "holds binary"),
        (pa.array([{"bytes": b"?", "path": None}] * 3), "cannot be read"),
    ],
)
def test_what_is_no_column_of_numbers_is_refused_by_name(tmp_path, column, match):
    with pytest.raises(UnreadableData, match=f"x.*{match}"):
        read(table(tmp_path, y=pa.array([1, 2, 3]), x=column))


def test_lists_that_change_from_batch_to_batch_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(arrow, "_BATCH_ROWS", 2)
    with pytest.raises(UnreadableData, match=r"x is \[2\] in one row and \[1\] in another"):
        read(table(tmp_path, x=pa.array([[1, 2], [3, 4], [5]])))


def test_damaged_and_large_files_are_refused(tmp_path, monkeypatch):
    path = table(tmp_path, x=pa.array(range(1000)))
    monkeypatch.setattr(errors, "MAX_DELTA_BYTES", 2000)
    with pytest.raises(UnreadableData, match="more than 2000 bytes"):
        read(path)
    monkeypatch.undo()
    data = path.read_bytes()
    for damaged in (b"", data[:-9], data[:40] + data[-40:], b"PAR1" + bytes(50) + b"PAR1"):
        path.write_bytes(damaged)
        with pytest.raises(UnreadableData, match="cannot be read"):
            read(path)


def test_a_data_set_saved_to_disk():
    found = read(SAVED)
    assert found["image"].dtype == np.uint8
    assert found["image"].shape == (3, 4, 5)
    assert found["image"][:, 0, 0].tolist() == [5, 0, 3]
    assert found["label"].tolist() == [1, 0, 1]
    assert found["v"].tolist() == [[[n, n + 1, n + 2], [n + 3, n + 4, n + 5]] for n in (5, 0, 3)]
    assert found["l"].tolist() == [[1, 2, 5], [1, 2, 0], [1, 2, 3]]


@pytest.mark.parametrize(
    ("state", "match"),
    [
        ("{}", "does not list"),
        ("[" * 5000, "does not list"),
        ('{"_data_files":[]}', "does not list"),
        ('{"_data_files":[{"filename":7}]}', "outside"),
        ('{"_data_files":[{"filename":"../secret.arrow"}]}', "outside"),
        ('{"_data_files":[{"filename":"absent.arrow"}]}', "cannot be read"),
        ('{"_data_files":[{"filename":"state.json"}]}', "cannot be read"),
    ],
)
def test_a_saved_data_set_that_lies_is_refused(tmp_path, state, match):
    (tmp_path / "state.json").write_text(state)
    with pytest.raises(UnreadableData, match=match):
        read(tmp_path)


def test_one_split_is_read_at_a_time(tmp_path):
    (tmp_path / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "test"]}))
    shutil.copytree(SAVED, tmp_path / "train")
    with pytest.raises(UnreadableData, match=r"several splits.*train"):
        read(tmp_path)
    assert len(read(tmp_path / "train")["label"]) == 3
