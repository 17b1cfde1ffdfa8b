"""Names of blocks, as IPFS writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute.canonical import digest
from compute.storage import cid, parse_cid

# `printf hello | ipfs block put --cid-codec raw` prints the first; the second is the empty block
KNOWN = {
    b"hello": "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq",
    b"": "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
}


@pytest.mark.parametrize(("block", "name"), KNOWN.items())
def test_names_are_those_ipfs_gives(block, name):
    assert cid(digest(block)) == name
    assert parse_cid(name) == digest(block)


@given(st.binary(min_size=32, max_size=32))
def test_parse_is_the_inverse(value):
    assert parse_cid(cid(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "b",
        KNOWN[b""].upper(),
        KNOWN[b""] + "a",
        KNOWN[b""][:-1],
        KNOWN[b""][:-1] + "z",  # the same 32 bytes, other padding bits
        "z" + KNOWN[b""][1:],
        "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH",
        "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",  # dag-pb
        "ü" * 59,
    ],
)
def test_every_other_text_is_refused(text):
    with pytest.raises(ValueError, match="not the CIDv1"):
        parse_cid(text)


def test_a_digest_has_32_bytes():
    with pytest.raises(ValueError, match="32 bytes"):
        cid(b"short")
