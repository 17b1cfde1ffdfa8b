"""Canonical JSON and SHA-256: one value, one byte string, one name.

Everything the chain knows by a hash is first a document encoded here: keys sorted by code point,
no whitespace, ASCII only, and no number but integers, because floats print differently.
"""

import hashlib
import json
import re
from typing import Any

MAX_DEPTH = 16
MAX_INTEGER = 1 << 256

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)  # possessive: linear on any input
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_encoder = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=True, check_circular=False
)


class CanonicalError(ValueError):
    """The value, or the bytes, have no canonical form."""


def encode(obj: Any) -> bytes:
    """The one canonical encoding of `obj`, made of str, int, bool, None, list and dict.

    Raises CanonicalError for any other type (floats, tuples and NumPy scalars among them), for
    integers of 2**256 and beyond, lone surrogates, and nesting deeper than MAX_DEPTH.
    """
    _check(obj, MAX_DEPTH)
    return _encoder.encode(obj).encode("ascii")


def decode(data: bytes, *, max_bytes: int = 1 << 20) -> Any:
    """The value whose canonical encoding is exactly `data`.

    Raises CanonicalError when `data` is longer than `max_bytes`, is not JSON, or would not encode
    back to the same bytes (duplicate or unsorted keys, spaces, floats, escapes, leading zeros).
    """
    if len(data) > max_bytes:
        raise CanonicalError(f"the document has {len(data)} bytes, the limit is {max_bytes}")
    check_nesting(data)
    try:
        obj = json.loads(data.decode("ascii"))
    except ValueError as error:
        raise CanonicalError(f"the document is not canonical JSON: {error}") from None
    if encode(obj) != data:
        raise CanonicalError("the document is JSON, but not in its canonical form")
    return obj


def digest(data: bytes) -> bytes:
    """SHA-256 of `data`: 32 bytes, the name of a block and of everything published."""
    return hashlib.sha256(data).digest()


def check_nesting(data: bytes) -> None:
    """Refuse JSON nested deeper than MAX_DEPTH, before parsing it. Raises CanonicalError.

    json.loads recurses in C, and where a library raised the recursion limit (Vyper does) a
    megabyte of "[" ends the process.
    """
    depth = 0
    for bracket in _STRING.sub(b"", data).translate(None, _NO_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            raise CanonicalError(f"the document nests deeper than {MAX_DEPTH} levels")


def _check(obj: Any, depth: int) -> None:
    kind = type(obj)
    if kind is str:
        if not obj.isascii() and any("\ud800" <= c <= "\udfff" for c in obj):
            raise CanonicalError(f"{obj!r} holds a lone surrogate")
    elif kind is int:
        if not -MAX_INTEGER < obj < MAX_INTEGER:
            raise CanonicalError("an integer has more than 256 bits")
    elif kind is list or kind is dict:
        if depth == 0:
            raise CanonicalError(f"the document nests deeper than {MAX_DEPTH} levels")
        if kind is dict:
            for key in obj:
                if type(key) is not str:
                    raise CanonicalError(f"the key {key!r} is not a string")
                _check(key, 0)
            obj = obj.values()
        for item in obj:
            _check(item, depth - 1)
    elif kind is not bool and obj is not None:
        raise CanonicalError(f"{kind.__name__} has no canonical form")
