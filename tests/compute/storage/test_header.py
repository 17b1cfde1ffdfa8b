"""Headers: a few words that a contract can open, then a document of any length."""

import hashlib

import pytest

from compute.storage import FolderStore
from compute.storage.header import Headed, MalformedHeader, get_headed, header_blocks, put_headed


@pytest.fixture
def store(tmp_path) -> FolderStore:
    return FolderStore(tmp_path)


def test_a_header_is_its_words_and_the_documents_digest(store):
    headed = Headed((b"a" * 32, b"b" * 32), b"document")
    digest = put_headed(store, headed)
    header = b"a" * 32 + b"b" * 32 + hashlib.sha256(b"document").digest()
    assert store.get(digest) == header
    assert digest == headed.digest == hashlib.sha256(header).digest()
    assert get_headed(store, digest, 2) == headed
    assert header_blocks(store, digest, 2) == [header[64:], digest]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_another_number_of_words_is_malformed(store, count):
    digest = put_headed(store, Headed((bytes(32),) * 2, b""))
    with pytest.raises(MalformedHeader, match=f"{32 * (count + 1)} bytes has 96"):
        get_headed(store, digest, count)
