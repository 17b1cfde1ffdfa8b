"""Headers: what a contract may have to open stands before the document, in words of 32 bytes.

    header  word 1 || … || word n || sha256(document), one block; its sha256 is the name on chain
    document  the next block, usually canonical JSON

So a contract opens a root with 32 (n + 1) bytes of calldata, however long the document is.
"""

from dataclasses import dataclass

from compute.canonical import digest as sha256
from compute.storage.store import Store

WORD = 32


class MalformedHeader(ValueError):
    """The block is not a header of this many words."""


@dataclass(frozen=True)
class Headed:
    """A document and the words before it."""

    words: tuple[bytes, ...]
    document: bytes

    @property
    def header(self) -> bytes:
        """The bytes of the header."""
        return b"".join((*self.words, sha256(self.document)))

    @property
    def digest(self) -> bytes:
        """The name of the whole on chain."""
        return sha256(self.header)


def put_headed(store: Store, headed: Headed) -> bytes:
    """Store the document, then its header; returns the digest of the header."""
    store.put(headed.document)
    return store.put(headed.header)


def read_header(block: bytes, count: int) -> tuple[tuple[bytes, ...], bytes]:
    """The `count` words in a header, and the digest of the document. Raises MalformedHeader."""
    if len(block) != WORD * (count + 1):
        raise MalformedHeader(f"a header of {WORD * (count + 1)} bytes has {len(block)}")
    words = [block[start : start + WORD] for start in range(0, len(block), WORD)]
    return tuple(words[:-1]), words[-1]


def get_headed(store: Store, digest: bytes, count: int) -> Headed:
    """The document named `digest` and its `count` words. Raises MalformedHeader, and what
    `store.get` raises."""
    words, document = read_header(store.get(digest), count)
    return Headed(words, store.get(document))


def header_blocks(store: Store, digest: bytes, count: int) -> list[bytes]:
    """The digests of the document and of the header, the header last. Raises as `get_headed`."""
    return [read_header(store.get(digest), count)[1], digest]
