"""Limits on an account's spending, and the folder in which its processes agree on transactions."""

from dataclasses import dataclass, field
from pathlib import Path

from compute.home import data_folder
from compute.units import ETHER


@dataclass(frozen=True)
class Spending:
    """`max_fee`: wei of gas that one transaction may cost, replacements included.

    `accounts`: the folder that all processes of an account share, see `flights`.
    """

    max_fee: int = ETHER // 10
    accounts: Path = field(default_factory=lambda: data_folder() / "accounts")
