"""Text becomes windows of bytes, each byte beside the one that comes next."""

import numpy as np
import pytest

from compute.training_set import Schema
from compute.training_set.importers import UnreadableData, read


def test_windows_follow_one_another(tmp_path):
    path = tmp_path / "words.txt"
    path.write_bytes(b"abcdefghijk")
    found = read(path, window=4)
    assert [row.tobytes() for row in found["tokens"]] == [b"abcd", b"efgh"]
    assert [row.tobytes() for row in found["targets"]] == [b"bcde", b"fghi"]
    assert found["tokens"].dtype == np.uint8


def test_a_folder_is_its_files_in_order_and_no_window_twice(tmp_path):
    for name, text in {"b.txt": b"12345", "a.txt": b"wxyz!", "c.md": b"12345abcd5"}.items():
        (tmp_path / name).write_bytes(text)
    found = read(tmp_path, window=4)
    assert [row.tobytes() for row in found["tokens"]] == [b"wxyz", b"1234", b"5abc"]


def test_the_set_tells_window_and_type(tmp_path):
    path = tmp_path / "words.txt"
    path.write_bytes(b"abcdefghij")
    schema = Schema.of({n: np.zeros((0, 3), np.int32) for n in ("tokens", "targets")})
    found = read(path, schema=schema)
    assert found["tokens"].tolist() == [[97, 98, 99], [100, 101, 102], [103, 104, 105]]
    assert found["tokens"].dtype == np.int32
    with pytest.raises(UnreadableData, match="no column of tokens"):
        read(path, schema=Schema.of({"x": np.zeros(0, np.int32)}))


@pytest.mark.parametrize(("window", "match"), [(0, "at least one"), (99, "smaller window")])
def test_a_window_that_does_not_fit_is_refused(tmp_path, window, match):
    path = tmp_path / "words.txt"
    path.write_bytes(b"abc")
    with pytest.raises(UnreadableData, match=match):
        read(path, window=window)


def test_text_of_another_encoding_and_strangers_beside_text_are_refused(tmp_path):
    (tmp_path / "latin.txt").write_bytes("garçon".encode("latin1"))
    with pytest.raises(UnreadableData, match=r"not text in UTF-8: .*iconv"):
        read(tmp_path / "latin.txt")
    (tmp_path / "paper.pdf").write_bytes(b"%PDF")
    with pytest.raises(UnreadableData, match=r"paper\.pdf is no text"):
        read(tmp_path)
