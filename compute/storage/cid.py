"""CIDv1 of a raw block: the name IPFS gives to a sha256."""

import base64
import binascii

# version 1, codec raw (0x55), multihash sha2-256 (0x12) of 32 bytes (0x20)
PREFIX = bytes([0x01, 0x55, 0x12, 0x20])


def cid(digest: bytes) -> str:
    """The CIDv1 (raw, sha2-256, base32) of a 32-byte digest: `bafkrei…`, 59 characters."""
    if len(digest) != 32:
        raise ValueError(f"a digest has 32 bytes, not {len(digest)}")
    return "b" + base64.b32encode(PREFIX + digest).decode("ascii").lower().rstrip("=")


def parse_cid(text: str) -> bytes:
    """The 32-byte digest named by a CID that `cid` could have written, or ValueError."""
    try:
        raw = base64.b32decode(text[1:59].upper() + "=" * 6)
    except (binascii.Error, ValueError):
        raw = b""
    if raw[:4] != PREFIX or cid(raw[4:]) != text:
        raise ValueError(f"{text[:80]!r} is not the CIDv1 of a raw sha2-256 block (bafkrei…)")
    return raw[4:]
