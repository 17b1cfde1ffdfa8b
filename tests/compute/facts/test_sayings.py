"""What the store tells of a model before anybody opens it."""

from pathlib import Path

import pytest

from compute.facts.sayings import refereed
from compute.storage import FolderStore
from compute.storage.header import Headed, put_headed


@pytest.mark.parametrize("word, found", [(b"\1" * 32, True), (bytes(32), False)])
def test_a_header_without_rows_is_not_refereed(tmp_path: Path, word: bytes, found: bool) -> None:
    store = FolderStore(tmp_path)
    assert refereed(store, put_headed(store, Headed((word,), b"{}"))) is found


def test_nothing_is_said_of_what_is_not_there_or_no_header(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    assert refereed(None, b"\1" * 32) is refereed(store, b"\1" * 32) is None
    assert refereed(store, store.put(b"short")) is refereed(store, store.put(bytes(999))) is None
