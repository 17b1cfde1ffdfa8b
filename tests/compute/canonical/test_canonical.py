"""One value, one byte string; everything else is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute.canonical import MAX_DEPTH, CanonicalError, decode, digest, encode

TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 255), 1 << 255) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def test_vectors():
    """docs/formats.md shows these bytes."""
    assert encode({"b": [1, True, None], "a": "é"}) == b'{"a":"\\u00e9","b":[1,true,null]}'
    assert encode({"b": 1, "aa": 2, "a": 3, "Z": 4}) == b'{"Z":4,"a":3,"aa":2,"b":1}'
    assert encode('"\\\n\x01 ~\x7fé😀') == rb'"\"\\\n\u0001 ~\u007f\u00e9\ud83d\ude00"'
    assert digest(b"").hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(VALUES)
def test_decode_is_the_inverse_of_encode(value):
    data = encode(value)
    assert decode(data) == value
    assert data.isascii()
    assert b" " not in data.replace(b"\\ ", b"") or " " in json.dumps(value, ensure_ascii=False)


@given(st.dictionaries(TEXT, st.integers(0, 9), max_size=6), st.randoms())
def test_the_order_in_which_a_dictionary_was_filled_does_not_show(value, random):
    items = list(value.items())
    random.shuffle(items)
    assert encode(dict(items)) == encode(value)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":2}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b"[NaN]",
        b"[-Infinity]",
        b"[-0]",
        b"[01]",
        b'["\\u0041"]',
        b'["\\u00E9"]',
        '["é"]'.encode(),
        b'["\\ud800"]',
        b"[1]\n",
        b"",
        b"[",
        b"\xff",
        b"[" * 100_000,
        b"9" * 5000,
        str(1 << 256).encode(),
    ],
    ids=lambda data: f"{data[:9]!r}-{len(data)}",
)
def test_bytes_with_another_form_are_refused(data):
    with pytest.raises(CanonicalError):
        decode(data)


@pytest.mark.parametrize(
    "value", [1.0, (1,), {1: 2}, b"x", {"a": {1}}, 1 << 256, -(1 << 256), "\ud800", {"\ud800": 1}]
)
def test_values_without_a_canonical_form_are_refused(value):
    with pytest.raises(CanonicalError):
        encode(value)


def test_the_length_is_checked_before_parsing():
    assert decode(b"[1]", max_bytes=3) == [1]
    with pytest.raises(CanonicalError, match="3 bytes, the limit is 2"):
        decode(b"[1]", max_bytes=2)


def test_nesting_is_bounded():
    deepest: list = []
    for _ in range(MAX_DEPTH - 1):
        deepest = [deepest]
    assert decode(encode(deepest)) == deepest
    with pytest.raises(CanonicalError, match="nests deeper"):
        encode([deepest])
    with pytest.raises(CanonicalError, match="nests deeper"):
        decode(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))


@given(st.binary(max_size=60))
def test_no_bytes_do_anything_but_decode_or_be_refused(data):
    try:
        value = decode(data)
    except CanonicalError:
        return
    assert encode(value) == data
