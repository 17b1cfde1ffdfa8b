"""Values with a meaning: how people write them, how people read them, how programs do."""

import re
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from rich import filesize

from compute.units import NRN, nats

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_AMOUNT = re.compile(r"(\d{1,11})(?:\.(\d{1,18}))?")
_SPAN = re.compile(r"(?:\d{1,12}[smhd])+|\d{1,12}")


class Amount(int):
    """NRN or ETH in units of 1e-18."""

    def __str__(self) -> str:
        if 0 < abs(self) < NRN // 10_000:
            return f"{self / NRN:.2e}"
        text = f"{Decimal(int(self)) / NRN:,.4f}"
        return text.rstrip("0").rstrip(".")

    @classmethod
    def parse(cls, text: str) -> "Amount":
        """ "12.5" -> 12.5e18 units. Raises ValueError."""
        match = _AMOUNT.fullmatch(text.replace(",", "").replace("_", ""))
        if match is None:
            raise ValueError(f"'{text}' is not an amount. Write it like 12.5.")
        units = int(match[1]) * NRN + int((match[2] or "").ljust(18, "0"))
        if units == 0:
            raise ValueError("The amount must be above zero.")
        return cls(units)


class Loss(int):
    """Nats per example, unsigned Q32.32."""

    def __str__(self) -> str:
        return f"{nats(self):.6f}"


class Moment(int):
    """Chain time in unix seconds."""

    def __str__(self) -> str:
        try:
            return datetime.fromtimestamp(self, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        except (ValueError, OverflowError, OSError):
            return f"{int(self)} s"


class Span(int):
    """A length of time in seconds."""

    def __str__(self) -> str:
        parts = []
        rest = max(0, int(self))
        for letter, seconds in reversed(_UNITS.items()):
            count, rest = divmod(rest, seconds)
            if count:
                parts.append(f"{count}{letter}")
        return " ".join(parts[:2]) or "0s"

    @classmethod
    def parse(cls, text: str) -> "Span":
        """ "90m", "1h30m" or "5400" -> seconds. Raises ValueError."""
        if not _SPAN.fullmatch(text):
            raise ValueError(f"'{text}' is not a length of time. Write it like 90m, 4h or 7d.")
        if text.isdecimal():
            return cls(text)
        return cls(sum(int(n) * _UNITS[u] for n, u in re.findall(r"(\d+)([smhd])", text)))


class Size(int):
    """A number of bytes."""

    def __str__(self) -> str:
        return filesize.decimal(self)


class Digest(bytes):
    """A 32-byte hash."""

    def __str__(self) -> str:
        return f"{self.hex()[:12]}…"

    @classmethod
    def parse(cls, text: str) -> "Digest":
        """64 hexadecimal digits, or a CID of a raw sha2-256 block. Raises ValueError."""
        digits = text.removeprefix("0x")
        if re.fullmatch("[0-9a-fA-F]{64}", digits):
            return cls(bytes.fromhex(digits))
        if text.startswith("baf"):
            from compute.storage import parse_cid

            return cls(parse_cid(text))
        raise ValueError(f"'{text}' is not a hash: 64 hexadecimal digits, or a CID.")


def for_people(value: Any) -> str:
    """How a table shows a value."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return value.name.lower().replace("_", " ")
    return str(value)


def for_programs(value: Any) -> Any:
    """The JSON form: amounts as strings of units, hashes as 0x…, names of choices in lower case."""
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, Amount):
        return str(int(value))
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, dict):
        return {key: for_programs(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [for_programs(item) for item in value]
    return value
