"""A claim on its way to whoever will pay for it, in two stages.

Sealed, it is a commitment and nothing else: whoever saw the claim before the commitment is on chain
could commit to the same checkpoint first, in its own name, and take it. Opened, it holds all that
`reveal` needs; once the commit window is over that gives nothing away.
"""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any

from eth_utils import is_checksum_address

from compute import canonical
from compute.chain.claims import Claim, Domain, commitment

FORMAT = "decentralizedai/claim/1"
MAX_BYTES = 1 << 13
MAX_SIGNATURE_BYTES = 1 << 10  # an ERC-1271 wallet's may be long
MAX_NUMBER = 1 << 64
HEXADECIMAL = re.compile("(?:[0-9a-f]{2})*")


class InvalidHandover(ValueError):
    """The bytes are not a claim handed over; the message says why."""


@dataclass(frozen=True)
class Opened:
    """The arguments of `reveal`; `salt` is 32 bytes."""

    claim: Claim
    salt: bytes
    signature: bytes


@dataclass(frozen=True)
class Handover:
    """A claim for one block of one group. `opened` is None until the claim may be seen."""

    domain: Domain
    block_index: int
    commitment: bytes
    opened: Opened | None = None

    def encode(self) -> bytes:
        """Its one canonical JSON document; byte strings in hexadecimal."""
        return canonical.encode(
            {
                "format": FORMAT,
                "chain_id": self.domain.chain_id,
                "voting": self.domain.voting,
                "block_index": self.block_index,
                "commitment": self.commitment.hex(),
                "opened": None if self.opened is None else _encode(self.opened),
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> "Handover":
        """Parse and check a document of at most MAX_BYTES. Raises InvalidHandover.

        An opened claim is that of the commitment; whether its signature is good depends on the
        chain and is not checked here.
        """
        try:
            document = _members(
                canonical.decode(data, max_bytes=MAX_BYTES),
                {"format", "chain_id", "voting", "block_index", "commitment", "opened"},
            )
            if document["format"] != FORMAT:
                raise ValueError(f"its format is not {FORMAT}")
            sealed = cls(
                Domain(_number(document["chain_id"]), _address(document["voting"])),
                _number(document["block_index"]),
                _hexadecimal(document["commitment"], 32),
            )
            if document["opened"] is None:
                return sealed
            return sealed.open(_decode(document["opened"], sealed.block_index))
        except (ValueError, TypeError) as error:
            raise InvalidHandover(f"It is no claim to relay: {error}.") from None

    def open(self, opened: Opened) -> "Handover":
        """The same claim for all to see. Raises InvalidHandover if it is another."""
        if commitment(opened.claim.digest(self.domain), opened.salt) != self.commitment:
            raise InvalidHandover("the claim is not the one of the commitment")
        return Handover(self.domain, self.block_index, self.commitment, opened)


_CLAIM = [field.name for field in fields(Claim) if field.name != "block_index"]


def _encode(opened: Opened) -> dict[str, Any]:
    values = {**asdict(opened.claim), "salt": opened.salt, "signature": opened.signature}
    del values["block_index"]
    return {
        name: value.hex() if isinstance(value, bytes) else value for name, value in values.items()
    }


def _decode(document: Any, block_index: int) -> Opened:
    values = _members(document, {*_CLAIM, "salt", "signature"})
    parse: dict[str, Callable[[Any], Any]]
    parse = {"trainer": _address, "loss": _number, "baseline_loss": _number}
    terms = {name: parse.get(name, _hash)(values[name]) for name in _CLAIM}
    signature = _hexadecimal(values["signature"])
    return Opened(Claim(block_index=block_index, **terms), _hash(values["salt"]), signature)


def _members(document: Any, names: set[str]) -> dict[str, Any]:
    if not isinstance(document, dict) or set(document) != names:
        raise ValueError(f"it needs exactly the members {', '.join(sorted(names))}")
    return document


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value < MAX_NUMBER:
        raise ValueError("a number is no integer of 64 bits")
    return value


def _address(value: Any) -> str:
    if not isinstance(value, str) or not is_checksum_address(value):
        raise ValueError("an address is not in its checksummed form")
    return value


def _hash(value: Any) -> bytes:
    return _hexadecimal(value, 32)


def _hexadecimal(value: Any, length: int | None = None) -> bytes:
    if not isinstance(value, str) or not HEXADECIMAL.fullmatch(value):
        raise ValueError("a byte string is not in lower-case hexadecimal")
    data = bytes.fromhex(value)
    if len(data) > MAX_SIGNATURE_BYTES or (length is not None and len(data) != length):
        raise ValueError("a byte string has the wrong length")
    return data
