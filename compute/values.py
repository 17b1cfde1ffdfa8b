"""Write and read values with a meaning, as people do."""

import re
from datetime import UTC, datetime
from decimal import Decimal

from rich import filesize

from compute.inert import inert, inert_name
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


def show_units(units: int, decimals: int) -> str:
    """Whole tokens of so many decimals, as people write them."""
    text = f"{Decimal(units).scaleb(-decimals):f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


class Name(str):
    """What a stranger says: inert where people read it, as it is for programs."""

    def __str__(self) -> str:
        said = super().__str__()
        return inert(said) if "\n" in said else inert_name(said, len(said))


class Loss(int):
    """Nats per example, unsigned Q32.32."""

    def __str__(self) -> str:
        value = nats(self)
        return f"{value:.6f}" if value >= 1e-6 or not value else f"{value:.1e}"


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
