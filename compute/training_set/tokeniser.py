"""Text as tokens: byte-pair ranks in tiktoken's format, content that a column's name fixes.

A column of tokens is called `tokens_` and the base32 of its tokeniser's digest. So the schema, all
ids and the model that reads the column fix the tokeniser, and a delta with another does not fit.
No version of a set depends on the tokeniser's bytes, though: who trains and judges sees integers.
They are for people, to make examples of text and text of examples.

Ranks and not SentencePiece: every text comes back to the byte, the file is lines of text that need
no parser in C++, and decoding is a look into a table.
"""

import base64
import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np

from compute import canonical
from compute.storage import MAX_BLOCK_BYTES, Store
from compute.storage.arrays import WrongLength, block_count, get_array, put_array
from compute.training_set.manifest import Malformed

FORMAT = "decentralizedai/tokeniser/1"
MAX_BYTES = 1 << 22
MAX_TOKEN_BYTES = 256

# where text is cut before pairs are merged: as for cl100k and Llama 3
PATTERN = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)

_COLUMN = re.compile(r"tokens_([a-z2-7]{51}[aq])")  # 256 bits, and 4 that are zero
_LINE = re.compile(rb"([A-Za-z0-9+/]{2,}={0,2}) (0|[1-9][0-9]{0,6})")
_CHARACTERS = 1 << 20  # encoded at once
_UNKNOWN = "\N{REPLACEMENT CHARACTER}".encode()
_BYTE = np.dtype(np.uint8)


class TokeniserError(Malformed):
    """The bytes are no tokeniser, or this machine cannot use it; the message says why."""


class Tokeniser:
    """A file of ranks: line i is the base64 of token i, a space, and i. A token has 1 to 256 bytes,
    no two are equal, every single byte is one, and the file has at most 4 MiB."""

    def __init__(self, ranks: bytes) -> None:
        """Raises TokeniserError if `ranks`, the bytes of the file, are not as they must be."""
        self._ranks = ranks
        self._tokens = _tokens(ranks)

    def __len__(self) -> int:
        """How many tokens there are."""
        return len(self._tokens)

    def put(self, store: Store) -> bytes:
        """Store the file and the manifest that names it; returns the digest of the manifest."""
        blocks = put_array(store, np.frombuffer(self._ranks, _BYTE))
        return store.put(_manifest(blocks, len(self._ranks)))

    @cached_property
    def column(self) -> str:
        """The name of the columns that hold these tokens."""
        starts = range(0, len(self._ranks), MAX_BLOCK_BYTES)
        blocks = [canonical.digest(self._ranks[at : at + MAX_BLOCK_BYTES]) for at in starts]
        digest = canonical.digest(_manifest(blocks, len(self._ranks)))
        return f"tokens_{base64.b32encode(digest).decode().lower().rstrip('=')}"

    def encode(self, text: str) -> np.ndarray:
        """The tokens of `text`, [n] of `dtype`. Raises TokeniserError."""
        parts = range(0, len(text), _CHARACTERS)
        found = [self._encoding.encode_to_numpy(text[at : at + _CHARACTERS]) for at in parts]
        return np.concatenate([np.empty(0, np.uint32), *found]).astype(self.dtype)

    def decode(self, tokens: Iterable[int]) -> bytes:
        """The bytes of `tokens`; U+FFFD stands for what is none."""
        known = range(len(self))
        return b"".join(self._tokens[t] if t in known else _UNKNOWN for t in tokens)

    @property
    def dtype(self) -> np.dtype:
        """Of a column of these tokens: uint8, uint16 or uint32."""
        return np.min_scalar_type(len(self) - 1)

    @cached_property
    def _encoding(self) -> Any:
        try:
            from tiktoken import Encoding
        except ImportError:
            raise TokeniserError(
                "Making tokens of text needs tiktoken: pip install '.[text]' in the clone"
            ) from None
        ranks = {token: rank for rank, token in enumerate(self._tokens)}
        return Encoding(self.column, pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={})


def named_by(columns: Iterable[str]) -> bytes | None:
    """The digest of the tokeniser that one of these column names fixes; None if none does."""
    for name in columns:
        found = _COLUMN.fullmatch(name)
        if found is not None:
            return base64.b32decode(f"{found[1].upper()}====")
    return None


def load(store: Store, columns: Iterable[str]) -> Tokeniser | None:
    """The tokeniser that one of these column names fixes; None if none does. Raises TokeniserError
    or BlockUnavailable."""
    digest = named_by(columns)
    if digest is None:
        return None
    blocks, size = _read(store, digest)
    try:
        return Tokeniser(get_array(store, blocks, _BYTE, (size,)).tobytes())
    except WrongLength as error:
        raise TokeniserError(f"{digest.hex()} is not a tokeniser: {error}") from None


def blocks_of(store: Store, digest: bytes) -> list[bytes]:
    """Digests of its blocks, the manifest last. Raises TokeniserError or BlockUnavailable."""
    return [*dict.fromkeys(_read(store, digest)[0]), digest]


def _manifest(blocks: list[bytes], size: int) -> bytes:
    names = [block.hex() for block in blocks]
    return canonical.encode({"blocks": names, "format": FORMAT, "size": size})


def _read(store: Store, digest: bytes) -> tuple[list[bytes], int]:
    """The blocks and the size that a manifest names."""
    data = store.get(digest)
    try:
        document = canonical.decode(data, max_bytes=1024)
        size, names = document["size"], document["blocks"]
        blocks = [bytes.fromhex(name) for name in names]
        if type(size) is not int or not 0 < size <= MAX_BYTES:
            raise ValueError(f"it has not 1 to {MAX_BYTES} bytes")
        if len(blocks) != block_count(size) or any(len(block) != 32 for block in blocks):
            raise ValueError("its blocks are not those of its size")
        if _manifest(blocks, size) != data:
            raise ValueError("its manifest is not as it must be")
    except (ValueError, KeyError, TypeError) as error:
        raise TokeniserError(f"{digest.hex()} is not a tokeniser: {error}") from None
    return blocks, size


def _tokens(ranks: bytes) -> list[bytes]:
    if len(ranks) > MAX_BYTES:
        raise TokeniserError(f"A tokeniser has at most {MAX_BYTES} bytes.")
    tokens = []
    for rank, line in enumerate(ranks.removesuffix(b"\n").split(b"\n")):
        found = _LINE.fullmatch(line)
        try:
            token = b"" if found is None else base64.b64decode(found[1], validate=True)
        except ValueError:
            token = b""
        if found is None or int(found[2]) != rank or not 0 < len(token) <= MAX_TOKEN_BYTES:
            raise TokeniserError(
                f"Line {rank + 1} of the tokeniser is not the base64 of 1 to {MAX_TOKEN_BYTES} "
                f"bytes, a space and {rank}: give a file of ranks as tiktoken reads them."
            )
        tokens.append(token)
    distinct = set(tokens)
    if len(distinct) < len(tokens):
        raise TokeniserError("The tokeniser has a token twice.")
    if not all(bytes([byte]) in distinct for byte in range(256)):
        raise TokeniserError("The tokeniser has no token for some byte, so not every text has one.")
    return tokens
